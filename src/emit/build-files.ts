/** Makefile and CMakeLists.txt of a project: they build a static library with any C99 compiler, without Node. */

export function makefile(net: string, sources: readonly string[]): string {
  return `# Builds lib${net}.a. Cross compile with: make CC=arm-none-eabi-gcc AR=arm-none-eabi-ar CFLAGS="-O2 -mcpu=cortex-m4 -mthumb"
CC ?= cc
AR ?= ar
CFLAGS ?= -O2
override CFLAGS += -std=c99 -Wall -Wextra -Wpedantic -Werror -ffunction-sections -fdata-sections

SOURCES = ${sources.join(' \\\n          ')}
OBJECTS = $(SOURCES:.c=.o)

lib${net}.a: $(OBJECTS)
\t$(AR) rcs $@ $(OBJECTS)

clean:
\trm -f lib${net}.a $(OBJECTS)

.PHONY: clean
`;
}

export function cmakeLists(net: string, sources: readonly string[]): string {
  return `cmake_minimum_required(VERSION 3.13)
project(${net} C)

add_library(${net} STATIC
    ${sources.join('\n    ')})
target_include_directories(${net} PUBLIC \${CMAKE_CURRENT_SOURCE_DIR})
set_target_properties(${net} PROPERTIES C_STANDARD 99 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF)
target_compile_options(${net} PRIVATE -Wall -Wextra -Wpedantic -Werror -ffunction-sections -fdata-sections)
`;
}
