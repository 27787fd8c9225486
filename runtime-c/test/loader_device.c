/*
 * A virtual board in its resident loader, as a process: its line is standard input and output, its flash a file that outlives it.
 *
 *   loader_device FILE BASE BYTES WORD ECC SECTOR CUT APPLICATION
 *
 * After CUT words or erases the supply fails (negative: never) and the process ends. With APPLICATION 1 an application runs first,
 * until it is asked to leave. The file holds four counters (reprogrammed words, erases, starts, boots), the flash's bytes and
 * what is known of each word.
 */
#define _POSIX_C_SOURCE 200809L
#include "rf_loader.h"
#include "rf_serve.h"

#include "virtual_flash.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { REPROGRAMS, ERASES, STARTS, BOOTS, COUNTERS };

static jmp_buf power_cut, fault, left;

static void write_line(void *context, const uint8_t *bytes, uint32_t count)
{
    static uint8_t held[2 * RF_WIRE_MESSAGE_BYTES];
    static uint32_t length;
    (void)context;
    for (uint32_t i = 0; i < count; i++) {
        held[length++] = bytes[i];
        if (length < sizeof held && (bytes[i] != 0 || length == 1))
            continue;
        for (uint32_t sent = 0; sent < length;) {
            const ssize_t n = write(STDOUT_FILENO, held + sent, length - sent);
            if (n <= 0)
                _exit(1);
            sent += (uint32_t)n;
        }
        length = 0;
    }
}

static int read_line(void *context)
{
    static uint8_t buffer[4096];
    static ssize_t count, next;
    (void)context;
    if (next == count) {
        next = 0;
        count = read(STDIN_FILENO, buffer, sizeof buffer);
        if (count <= 0)
            _exit(0);
    }
    return buffer[next++];
}

static uint64_t no_counter(void *context)
{
    (void)context;
    return 0;
}

static void leave(void)
{
    longjmp(left, 1);
}

static void serve_application(void)
{
    static const rf_port port = {NULL, read_line, write_line, no_counter, 1, RF_COUNTER_WALL, 1, 1, 0, NULL, 0, "virtual"};
    static rf_server server;
    rf_server_init(&server, &port, NULL, 0, NULL, 0);
    server.leave = leave;
    if (setjmp(left) == 0)
        rf_serve(&server);
}

int main(int argc, char **argv)
{
    static virtual_flash memory;
    static rf_loader_flash flash;
    static rf_loader_run runs[1];
    static rf_loader loader;
    if (argc != 9)
        return 2;
    const uint32_t base = (uint32_t)strtoul(argv[2], NULL, 0), bytes = (uint32_t)strtoul(argv[3], NULL, 0);
    const uint32_t word = (uint32_t)strtoul(argv[4], NULL, 0), sector = (uint32_t)strtoul(argv[6], NULL, 0);
    const size_t size = COUNTERS * 4 + bytes + bytes / word;
    const int file = open(argv[1], O_RDWR);
    uint32_t *counters = file < 0 ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (counters == MAP_FAILED)
        return 2;
    uint8_t *content = (uint8_t *)(counters + COUNTERS);
    memory = (virtual_flash){
        base, bytes, word, atoi(argv[5]), content, content + bytes, counters + REPROGRAMS, counters + ERASES,
        atoi(argv[7]), &power_cut, &fault,
    };
    runs[0] = (rf_loader_run){(uint16_t)(bytes / sector), sector};
    flash = (rf_loader_flash){&memory, base, bytes, word, runs, 1, virtual_erase, virtual_program, virtual_read};
    if (setjmp(power_cut) != 0)
        _exit(9);
    if (atoi(argv[8]))
        serve_application();
    const int faulted = setjmp(fault) != 0; /* as a fault handler does: start anew, and stay */
    for (;;) {
        counters[BOOTS]++;
        rf_loader_init(&loader, &flash, write_line, NULL, "virtual");
        loader.suspect = faulted;
        while (!loader.start)
            rf_loader_push(&loader, (uint8_t)read_line(NULL));
        counters[STARTS]++;
    }
}
