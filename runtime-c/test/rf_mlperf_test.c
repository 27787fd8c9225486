/*
 * Tests of rf_mlperf.c on the host. Without arguments: fixed checks and a million random bytes. With `serve`: a device on
 * stdin and stdout, whose network adds its input bytes up, for the host client's tests. With `serve-energy`: the same in
 * energy mode.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../rf_mlperf.h"

#define INPUT_BYTES 100

typedef struct {
    char out[1 << 16];
    size_t length;
    uint64_t now_us;
    unsigned pulses;
    unsigned inferences;
    uint32_t sum;
    int serve;
    float extra[8];
    uint32_t extra_count;
} device;

static void put(void *context, const char *bytes, size_t count) {
    device *d = context;
    if (d->serve) {
        fwrite(bytes, 1, count, stdout);
        return;
    }
    if (d->length + count >= sizeof d->out) {
        d->length = 0;
    }
    memcpy(d->out + d->length, bytes, count);
    d->length += count;
    d->out[d->length] = '\0';
}

static uint64_t now_us(void *context) {
    return ((device *)context)->now_us;
}

static void pulse(void *context) {
    ((device *)context)->pulses++;
}

static int load_input(void *context, const uint8_t *bytes, size_t count) {
    device *d = context;
    size_t i;
    if (count != INPUT_BYTES) {
        return 1;
    }
    d->sum = 0;
    for (i = 0; i < count; i++) {
        d->sum += bytes[i];
    }
    return 0;
}

static int infer(void *context) {
    device *d = context;
    d->inferences++;
    d->now_us += 1500;
    return 0;
}

static int result(void *context, uint32_t index, float *value) {
    device *d = context;
    if (index == 0) {
        *value = (float)d->sum;
        return 1;
    }
    if (index > d->extra_count) {
        return 0;
    }
    *value = d->extra[index - 1];
    return 1;
}

static void feed(rf_mlperf *state, const char *text) {
    ((device *)state->port->context)->length = 0;
    ((device *)state->port->context)->out[0] = '\0';
    for (; *text != '\0'; text++) {
        rf_mlperf_feed(state, (uint8_t)*text);
    }
}

static int failures = 0;

static void expect(rf_mlperf *state, const char *command, const char *answer) {
    device *d = state->port->context;
    feed(state, command);
    if (strcmp(d->out, answer) != 0) {
        failures++;
        fprintf(stderr, "command: %s\nexpected: %s\ngot: %s\n", command, answer, d->out);
    }
}

static void load_all(rf_mlperf *state) {
    int i;
    feed(state, "db load 100%");
    for (i = 0; i < 10; i++) {
        feed(state, "db 000102030405060708FF%");
    }
}

static void check_errors(rf_mlperf *state) {
    expect(state, "%", "e-[Unknown command: ]\r\nm-ready\r\n");
    expect(state, "   %", "e-[Unknown command: ]\r\nm-ready\r\n");
    expect(state, "nam%", "e-[Unknown command: nam]\r\nm-ready\r\n");
    expect(state, "db%", "e-[Command 'db' requires a subcommand]\r\nm-ready\r\n");
    expect(state, "db load%", "e-[Command 'db load' requires the # of bytes]\r\nm-ready\r\n");
    expect(state, "db load 0%", "e-[Command 'db load' must be >0 bytes]\r\nm-ready\r\n");
    expect(state, "db load 12x%", "e-[Command 'db load' must be >0 bytes]\r\nm-ready\r\n");
    expect(state, "db load 101%", "e-[Input of 101 bytes exceeds 100]\r\nm-ready\r\n");
    expect(state, "db load 99999999999999999999%", "e-[Command 'db load' must be >0 bytes]\r\nm-ready\r\n");
    expect(state, "db 00%", "e-[No load in progress]\r\nm-ready\r\n");
    expect(state, "infer 0%", "e-[Inference iterations must be >0]\r\nm-ready\r\n");
    expect(state, "infer -3%", "e-[Inference iterations must be >0]\r\nm-ready\r\n");
    expect(state, "infer 1 x%", "e-[Inference warmup must be >=0]\r\nm-ready\r\n");
    expect(state, "infer 1 0%", "e-[Input of 0 bytes does not fit the network]\r\nm-ready\r\n");
    expect(state,
           "db 00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000%",
           "e-[Command too long]\r\nm-ready\r\n");
    expect(state, "name%", "m-name-dut-[reflow]\r\nm-ready\r\n");
}

static void check_load(rf_mlperf *state) {
    expect(state, "db load 4%", "m-[Expecting 4 bytes]\r\nm-ready\r\n");
    expect(state, "db 0a0%", "e-[Insufficent number of hex digits]\r\nm-ready\r\n");
    expect(state, "db 0aZZ%", "e-[Invalid hex digit]\r\nm-ready\r\n");
    expect(state, "db 0aFF%", "m-ready\r\n");
    expect(state, "db 01020304%", "m-load-done\r\nm-ready\r\n");
    expect(state, "db print%", "m-buffer-0a-ff-01-02\r\nm-ready\r\n");
    expect(state, "db 05%", "e-[No load in progress]\r\nm-ready\r\n");
}

static void check_infer(rf_mlperf *state, device *d) {
    load_all(state);
    d->now_us = 7;
    expect(state, " infer  2\r\n 3 %",
           "m-warmup-start-3\r\nm-warmup-done\r\nm-infer-start-2\r\nm-lap-us-4507\r\nm-lap-us-7507\r\n"
           "m-infer-done\r\nm-results-[2910.000]\r\nm-ready\r\n");
    d->now_us = UINT64_MAX;
    expect(state, "timestamp%", "m-lap-us-18446744073709551615\r\nm-ready\r\n");
    d->extra[0] = -0.0014f;
    d->extra[1] = 0.9996f;
    d->extra[2] = 3.4e38f;
    d->extra[3] = 3999999.75f;
    d->extra[4] = 1e6f / 0.0f;
    d->extra[5] = -1.0f / 3.0f;
    d->extra_count = 6;
    expect(state, "results%", "m-results-[2910.000,-0.001,1.000,3.400e+38,3999999.750,inf,-0.333]\r\nm-ready\r\n");
    d->extra_count = 0;
}

static void check_energy(rf_mlperf_port port, device *d) {
    uint8_t input[INPUT_BYTES];
    rf_mlperf state;
    port.pulse = pulse;
    d->pulses = 0;
    rf_mlperf_start(&state, &port, input, sizeof input);
    load_all(&state);
    expect(&state, "infer 1 0%",
           "m-warmup-start-0\r\nm-warmup-done\r\nm-infer-start-1\r\nm-infer-done\r\nm-results-[2910.000]\r\nm-ready\r\n");
    if (d->pulses != 3) {
        failures++;
        fprintf(stderr, "%u pulses, 3 expected\n", d->pulses);
    }
}

/* Garbage, with words of the protocol strewn in; sanitizers watch, and afterwards the device must still answer. */
static void fuzz(rf_mlperf *state, unsigned seed) {
    static const char *const words[] = {"db ", "load ", "infer 2 1", "%", "db load 100%", "print%", "results%", "99 "};
    unsigned i;
    srand(seed);
    for (i = 0; i < 1000000u; i++) {
        if (rand() % 8 == 0) {
            const char *word = words[(unsigned)rand() % (sizeof words / sizeof words[0])];
            for (; *word != '\0'; word++) {
                rf_mlperf_feed(state, (uint8_t)*word);
            }
        } else {
            rf_mlperf_feed(state, (uint8_t)rand());
        }
    }
    feed(state, "%");
    expect(state, "name%", "m-name-dut-[reflow]\r\nm-ready\r\n");
}

static int serve(rf_mlperf_port port, device *d, int energy) {
    static uint8_t input[INPUT_BYTES];
    rf_mlperf state;
    int c;
    d->serve = 1;
    if (energy) {
        port.pulse = pulse;
    }
    rf_mlperf_start(&state, &port, input, sizeof input);
    fflush(stdout);
    while ((c = getchar()) != EOF) {
        rf_mlperf_feed(&state, (uint8_t)c);
        if (c == '%') {
            fflush(stdout);
        }
    }
    return 0;
}

int main(int argc, char **argv) {
    static device d;
    /* Exactly as long as the protocol needs, on the heap: a write behind it is seen by the sanitizer. */
    uint8_t *input = malloc(INPUT_BYTES);
    rf_mlperf_port port = {&d, "reflow", "test01", put, now_us, NULL, load_input, infer, result};
    rf_mlperf state;
    if (input == NULL) {
        return 2;
    }
    if (argc > 1 && strncmp(argv[1], "serve", 5) == 0) {
        free(input);
        return serve(port, &d, strcmp(argv[1], "serve-energy") == 0);
    }
    rf_mlperf_start(&state, &port, input, INPUT_BYTES);
    if (strcmp(d.out, "m-timestamp-mode-performance\r\nm-lap-us-0\r\nm-init-done\r\nm-ready\r\n") != 0) {
        failures++;
        fprintf(stderr, "start-up: %s\n", d.out);
    }
    check_errors(&state);
    check_load(&state);
    check_infer(&state, &d);
    check_energy(port, &d);
    fuzz(&state, 1);
    fuzz(&state, 2);
    free(input);
    printf("rf_mlperf: %d failures\n", failures);
    return failures == 0 ? 0 : 1;
}
