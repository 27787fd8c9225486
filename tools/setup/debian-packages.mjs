/**
 * The Debian packages that reflow calls, and how to see fast that they are there: by their files, so that a compiler
 * installed in another way counts too.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { onPath } from './step.mjs';

const program = (name, file = name) => ({ name, present: () => onPath(file) !== null });
const file = (name, ...paths) => ({ name, present: () => paths.some(existsSync) });

/** Cross compilers installed elsewhere bring their C library along, so only Debian's own needs the library package. */
const library = (name, compiler, path) => ({
  name,
  present: () => existsSync(path) || ![null, `/usr/bin/${compiler}`].includes(onPath(compiler)),
});

/** Debian keeps the server out of the path, in a folder per version. */
const server = (name, folder, program) => ({
  name,
  present: () =>
    onPath(program) !== null ||
    (existsSync(folder) &&
      readdirSync(folder).some((version) => existsSync(join(folder, version, 'bin', program)))),
});

const demo = [
  program('gcc'),
  file('libc6-dev', '/usr/include/stdio.h', '/usr/local/include/stdio.h'),
  program('make'),
  program('gcc-arm-none-eabi', 'arm-none-eabi-gcc'),
  library('libnewlib-arm-none-eabi', 'arm-none-eabi-gcc', '/usr/lib/arm-none-eabi/newlib/nano.specs'),
  program('qemu-system-arm'),
];

const test = [
  ...demo,
  program('cmake'),
  program('g++'),
  program('gcc-aarch64-linux-gnu', 'aarch64-linux-gnu-gcc'),
  library('libc6-dev-arm64-cross', 'aarch64-linux-gnu-gcc', '/usr/aarch64-linux-gnu/include/stdio.h'),
  program('qemu-user', 'qemu-aarch64'),
  program('stm32flash'),
  program('socat'),
  program('udev', 'udevadm'),
  server('postgresql', '/usr/lib/postgresql', 'initdb'),
  program('chromium'),
];

/** Packages that `demo` or `test` needs, each with its name and a check. */
export function debianPackages(profile) {
  return profile === 'demo' ? demo : test;
}
