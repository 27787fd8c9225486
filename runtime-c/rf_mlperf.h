/*
 * rf_mlperf.h: the device side of MLPerf Tiny's serial protocol, so that MLCommons' runner can drive a firmware.
 *
 * A command processor over bytes: no hardware, no allocation, no globals, no library but <stdint.h> and <stddef.h>. The
 * firmware gives it a table of callbacks, calls rf_mlperf_start once and rf_mlperf_feed for every received byte, from its
 * main loop (a command runs inside rf_mlperf_feed, `infer` for many seconds: never from an interrupt).
 *
 * Commands end in '%', words are split by blanks, at most 80 characters: name, profile, help, timestamp, db load N,
 * db HEX, db print, infer [N [W]], results. Every answer ends in m-ready; errors are e-[...]. CR and LF are ignored.
 * Protocol: mlcommons/tiny, benchmark/api/internally_implemented.cpp. Unlike that code this one never writes outside its
 * buffers, whatever it is sent.
 */
#ifndef RF_MLPERF_H
#define RF_MLPERF_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RF_MLPERF_COMMAND_CHARS 80

typedef struct {
    void *context;       /* first argument of every callback */
    const char *vendor;  /* printed by `name` */
    const char *model;   /* kws01, vww01, ic01, ad01 or the network's name */
    /* Sends bytes to the host; returns when it has taken them. */
    void (*put)(void *context, const char *bytes, size_t count);
    /* Free-running time, microseconds, at least 1 kHz. */
    uint64_t (*now_us)(void *context);
    /*
     * Energy mode: pulls the marker pin low for at least one microsecond and lets it go. NULL in performance mode, where
     * time stamps are printed instead.
     */
    void (*pulse)(void *context);
    /* Takes `count` loaded bytes as the network's input; zero when it fits, anything else when it is refused. */
    int (*load_input)(void *context, const uint8_t *bytes, size_t count);
    /* One inference of the input; zero when it worked. */
    int (*infer)(void *context);
    /* Output value number `index` as a real number in *value; zero when there is no such value. */
    int (*result)(void *context, uint32_t index, float *value);
} rf_mlperf_port;

typedef struct {
    const rf_mlperf_port *port;
    uint8_t *input; /* the caller's buffer for `db` */
    size_t capacity;
    size_t expected; /* of `db load N` */
    size_t filled;
    size_t length;   /* of the command so far */
    uint8_t too_long;
    char command[RF_MLPERF_COMMAND_CHARS + 1];
} rf_mlperf;

/*
 * Prepares the state and prints what a device says at start-up (in energy mode the first pulse is part of it).
 * `input` holds one input tensor, `capacity` its bytes.
 */
void rf_mlperf_start(rf_mlperf *state, const rf_mlperf_port *port, uint8_t *input, size_t capacity);

/* Takes one received byte; runs the command when it is the '%' that ends it. */
void rf_mlperf_feed(rf_mlperf *state, uint8_t byte);

#ifdef __cplusplus
}
#endif
#endif
