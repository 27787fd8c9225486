/*
 * A process of a POSIX system: the line is standard input and output. The counter is the wall clock or, when the
 * environment names a file in RF_COUNTER_FILE, the count of executed instructions that an emulator keeps in it (see
 * ../qemu/insn_count.c).
 */
#define _POSIX_C_SOURCE 200809L
#include "../port.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static int read_byte(void *context)
{
    static uint8_t buffer[4096];
    static ssize_t count, next;
    (void)context;
    if (next == count) {
        next = 0;
        do
            count = read(STDIN_FILENO, buffer, sizeof buffer);
        while (count < 0 && errno == EINTR);
        if (count <= 0) {
            count = 0;
            return -1;
        }
    }
    return buffer[next++];
}

/* One frame is many small pieces; they leave together when its last delimiter is there. */
/* What is sent at once: a frame, or a line of text. */
static int is_end(uint8_t byte, size_t held)
{
#if defined(RF_MLPERF_MODEL)
    (void)held;
    return byte == '\n';
#else
    return byte == 0 && held > 1;
#endif
}

static void write_bytes(void *context, const uint8_t *bytes, uint32_t count)
{
    static uint8_t buffer[2 * RF_WIRE_MESSAGE_BYTES];
    static size_t held;
    (void)context;
    for (uint32_t i = 0; i < count; i++) {
        buffer[held++] = bytes[i];
        if (held < sizeof buffer && !is_end(bytes[i], held))
            continue;
        for (size_t sent = 0; sent < held;) {
            const ssize_t n = write(STDOUT_FILENO, buffer + sent, held - sent);
            if (n > 0)
                sent += (size_t)n;
            else if (n < 0 && errno != EINTR)
                _exit(1); /* nobody listens any more */
        }
        held = 0;
    }
}

static uint64_t wall_ns(void *context)
{
    struct timespec now;
    (void)context;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t emulated(void *context)
{
    return *(const volatile uint64_t *)context;
}

static void *map_counter(const char *path)
{
    const int file = open(path, O_RDONLY);
    void *at = file < 0 ? MAP_FAILED : mmap(NULL, sizeof(uint64_t), PROT_READ, MAP_SHARED, file, 0);
    if (at == MAP_FAILED)
        _exit(2);
    close(file);
    return at;
}

const rf_port *port_open(void)
{
    static rf_port port = {
        NULL, read_byte, write_bytes, wall_ns, UINT64_MAX, RF_COUNTER_KIND, RF_COUNTER_TICKS, RF_COUNTER_UNITS, 0,
        NULL, RF_STACK_BYTES, RF_BOARD,
    };
    const char *counter = getenv("RF_COUNTER_FILE");
    if (RF_COUNTER_KIND != RF_COUNTER_WALL && !counter)
        _exit(2); /* never a wall clock under another name */
    if (counter) {
        port.context = map_counter(counter);
        port.counter = emulated;
    }
    /* Linux grows the main stack on demand, so what lies below may be painted. */
    port.stack_low = (uint8_t *)((uintptr_t)&counter - RF_STACK_BYTES);
    return &port;
}
