/* rf_mlperf.c: see rf_mlperf.h. */
#include "rf_mlperf.h"

static void put_text(const rf_mlperf *state, const char *text) {
    size_t count = 0;
    while (text[count] != '\0') {
        count++;
    }
    if (count > 0) {
        state->port->put(state->port->context, text, count);
    }
}

static void put_line(const rf_mlperf *state, const char *text) {
    put_text(state, text);
    put_text(state, "\r\n");
}

static void put_unsigned(const rf_mlperf *state, uint64_t value) {
    char digits[21];
    size_t at = sizeof digits - 1;
    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + (int)(value % 10u));
        value /= 10u;
    } while (value > 0);
    put_text(state, digits + at);
}

static void put_hex_byte(const rf_mlperf *state, uint8_t byte) {
    static const char digits[] = "0123456789abcdef";
    char pair[3];
    pair[0] = digits[byte >> 4];
    pair[1] = digits[byte & 15];
    pair[2] = '\0';
    put_text(state, pair);
}

/* prefix, number, suffix, end of line */
static void put_counted(const rf_mlperf *state, const char *prefix, uint64_t value, const char *suffix) {
    put_text(state, prefix);
    put_unsigned(state, value);
    put_line(state, suffix);
}

/* Three decimals, as the reference firmware prints; values of ten million and more with an exponent. */
static void put_real(const rf_mlperf *state, float real) {
    double value = (double)real;
    uint32_t exponent = 0;
    uint32_t thousandths;
    char decimals[5];
    if (real != real) {
        put_text(state, "nan");
        return;
    }
    if (value < 0) {
        put_text(state, "-");
        value = -value;
    }
    if (value > 3.5e38) {
        put_text(state, "inf");
        return;
    }
    if (value >= 4e6) {
        while (value >= 10) {
            value /= 10;
            exponent++;
        }
    }
    /* value < 4e6 here, so its thousandths fit 32 bits */
    thousandths = (uint32_t)(value * 1000 + 0.5);
    put_unsigned(state, thousandths / 1000u);
    decimals[0] = '.';
    decimals[1] = (char)('0' + (int)(thousandths / 100u % 10u));
    decimals[2] = (char)('0' + (int)(thousandths / 10u % 10u));
    decimals[3] = (char)('0' + (int)(thousandths % 10u));
    decimals[4] = '\0';
    put_text(state, decimals);
    if (exponent > 0) {
        put_text(state, "e+");
        put_unsigned(state, exponent);
    }
}

/* The next word of the command from *at on, ended in place by a zero; NULL when there is none. */
static char *next_word(char **at) {
    char *start = *at;
    char *end;
    while (*start == ' ') {
        start++;
    }
    if (*start == '\0') {
        *at = start;
        return NULL;
    }
    end = start;
    while (*end != '\0' && *end != ' ') {
        end++;
    }
    *at = *end == '\0' ? end : end + 1;
    *end = '\0';
    return start;
}

static int same(const char *a, const char *b) {
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

/* Decimal digits only, up to 999999999; zero and *ok = 0 for anything else. */
static uint32_t parse_count(const char *text, int *ok) {
    uint32_t value = 0;
    size_t digits = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (++digits > 9) {
            break;
        }
        value = value * 10u + (uint32_t)(*text - '0');
    }
    *ok = digits > 0 && digits <= 9 && *text == '\0';
    return *ok ? value : 0;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

static void put_timestamp(const rf_mlperf *state) {
    if (state->port->pulse != NULL) {
        state->port->pulse(state->port->context);
    } else {
        put_counted(state, "m-lap-us-", state->port->now_us(state->port->context), "");
    }
}

static void put_results(const rf_mlperf *state) {
    uint32_t index;
    float value;
    put_text(state, "m-results-[");
    for (index = 0; state->port->result(state->port->context, index, &value) != 0; index++) {
        if (index > 0) {
            put_text(state, ",");
        }
        put_real(state, value);
    }
    put_line(state, "]");
}

static void run_load(rf_mlperf *state, char *rest) {
    const char *word = next_word(&rest);
    int ok;
    uint32_t count;
    if (word == NULL) {
        put_line(state, "e-[Command 'db load' requires the # of bytes]");
        return;
    }
    count = parse_count(word, &ok);
    if (!ok || count == 0) {
        put_line(state, "e-[Command 'db load' must be >0 bytes]");
    } else if (count > state->capacity) {
        put_text(state, "e-[Input of ");
        put_unsigned(state, count);
        put_counted(state, " bytes exceeds ", state->capacity, "]");
    } else {
        state->expected = count;
        state->filled = 0;
        put_counted(state, "m-[Expecting ", count, " bytes]");
    }
}

static void run_print(const rf_mlperf *state) {
    size_t i;
    for (i = 0; i < state->filled; i++) {
        if (i % 8 == 0) {
            put_text(state, "m-buffer-");
        }
        put_hex_byte(state, state->input[i]);
        put_text(state, i % 8 == 7 || i + 1 == state->filled ? "\r\n" : "-");
    }
}

/* All digits are checked before the first byte is stored: a damaged command changes nothing. */
static void run_hex(rf_mlperf *state, const char *hex) {
    size_t digits;
    size_t i;
    if (state->filled >= state->expected) {
        put_line(state, "e-[No load in progress]");
        return;
    }
    for (digits = 0; hex[digits] != '\0'; digits++) {
        if (hex_digit(hex[digits]) < 0) {
            put_line(state, "e-[Invalid hex digit]");
            return;
        }
    }
    if (digits % 2 != 0) {
        put_line(state, "e-[Insufficent number of hex digits]");
        return;
    }
    for (i = 0; i < digits && state->filled < state->expected; i += 2) {
        state->input[state->filled++] = (uint8_t)(hex_digit(hex[i]) * 16 + hex_digit(hex[i + 1]));
    }
    if (state->filled == state->expected) {
        put_line(state, "m-load-done");
    }
}

static void run_db(rf_mlperf *state, char *rest) {
    const char *word = next_word(&rest);
    if (word == NULL) {
        put_line(state, "e-[Command 'db' requires a subcommand]");
    } else if (same(word, "load")) {
        run_load(state, rest);
    } else if (same(word, "print")) {
        run_print(state);
    } else {
        run_hex(state, word);
    }
}

static int run_loop(const rf_mlperf *state, uint32_t count) {
    for (; count > 0; count--) {
        if (state->port->infer(state->port->context) != 0) {
            put_line(state, "e-[Inference failed]");
            return 1;
        }
    }
    return 0;
}

static void run_infer(const rf_mlperf *state, char *rest) {
    const char *n_word = next_word(&rest);
    const char *w_word = next_word(&rest);
    int ok = 1;
    uint32_t n = n_word == NULL ? 1 : parse_count(n_word, &ok);
    uint32_t w;
    if (!ok || n == 0) {
        put_line(state, "e-[Inference iterations must be >0]");
        return;
    }
    w = w_word == NULL ? 10 : parse_count(w_word, &ok);
    if (!ok) {
        put_line(state, "e-[Inference warmup must be >=0]");
        return;
    }
    if (state->port->load_input(state->port->context, state->input, state->filled) != 0) {
        put_counted(state, "e-[Input of ", state->filled, " bytes does not fit the network]");
        return;
    }
    put_counted(state, "m-warmup-start-", w, "");
    if (run_loop(state, w) != 0) {
        return;
    }
    put_line(state, "m-warmup-done");
    put_counted(state, "m-infer-start-", n, "");
    put_timestamp(state);
    if (run_loop(state, n) != 0) {
        return;
    }
    put_timestamp(state);
    put_line(state, "m-infer-done");
    put_results(state);
}

static void run_help(const rf_mlperf *state) {
    put_line(state, "name | profile | help | timestamp | results");
    put_line(state, "db load N | db HEX | db print");
    put_line(state, "infer [N=1 [W=10]]");
}

static void run_command(rf_mlperf *state) {
    char *rest = state->command;
    const char *word = next_word(&rest);
    if (word == NULL) {
        put_line(state, "e-[Unknown command: ]");
    } else if (same(word, "name")) {
        put_text(state, "m-name-dut-[");
        put_text(state, state->port->vendor);
        put_line(state, "]");
    } else if (same(word, "profile")) {
        put_line(state, "m-profile-[ULPMark for tinyML Firmware V0.0.1]");
        put_text(state, "m-model-[");
        put_text(state, state->port->model);
        put_line(state, "]");
    } else if (same(word, "help")) {
        run_help(state);
    } else if (same(word, "timestamp")) {
        put_timestamp(state);
    } else if (same(word, "db")) {
        run_db(state, rest);
    } else if (same(word, "infer")) {
        run_infer(state, rest);
    } else if (same(word, "results")) {
        put_results(state);
    } else {
        put_text(state, "e-[Unknown command: ");
        put_text(state, word);
        put_line(state, "]");
    }
}

void rf_mlperf_start(rf_mlperf *state, const rf_mlperf_port *port, uint8_t *input, size_t capacity) {
    state->port = port;
    state->input = input;
    state->capacity = capacity;
    state->expected = 0;
    state->filled = 0;
    state->length = 0;
    state->too_long = 0;
    put_line(state, port->pulse != NULL ? "m-timestamp-mode-energy" : "m-timestamp-mode-performance");
    put_timestamp(state);
    put_line(state, "m-init-done");
    put_line(state, "m-ready");
}

void rf_mlperf_feed(rf_mlperf *state, uint8_t byte) {
    if (byte == '\r' || byte == '\n') {
        return;
    }
    if (byte != '%') {
        if (state->length < RF_MLPERF_COMMAND_CHARS) {
            /* Bytes that are no printable text become '?': they must not end the string nor upset the host. */
            state->command[state->length++] = byte >= 32 && byte < 127 ? (char)byte : '?';
        } else {
            state->too_long = 1;
        }
        return;
    }
    state->command[state->length] = '\0';
    if (state->too_long) {
        put_line(state, "e-[Command too long]");
    } else {
        run_command(state);
    }
    state->length = 0;
    state->too_long = 0;
    put_line(state, "m-ready");
}
