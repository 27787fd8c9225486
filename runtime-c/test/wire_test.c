/* rf_wire against the vectors that src/base/wire.test.ts reads too, and against random bytes. argv[1]: this folder. */
#include "check.h"
#include "rf_wire.h"

#include <string.h>

static char text[64 * 1024];

typedef struct {
    uint8_t bytes[8192];
    uint32_t count;
} buffer;

static void collect(void *context, const uint8_t *bytes, uint32_t count)
{
    buffer *to = context;
    CHECK(to->count + count <= sizeof to->bytes);
    memcpy(to->bytes + to->count, bytes, count);
    to->count += count;
}

/* The hexadecimal value of the next "key": "..." after *at, which moves behind it; 0 when there is none before `end`. */
static int next_hex(const char **at, const char *end, const char *key, buffer *value)
{
    const char *found = strstr(*at, key);
    if (!found || found >= end)
        return 0;
    found = strchr(found + strlen(key), '"') + 1;
    value->count = 0;
    for (; *found != '"'; found += 2) {
        unsigned byte;
        CHECK(sscanf(found, "%2x", &byte) == 1 && value->count < sizeof value->bytes);
        value->bytes[value->count++] = (uint8_t)byte;
    }
    *at = found;
    return 1;
}

static int32_t push_all(rf_wire_decoder *decoder, const uint8_t *bytes, uint32_t count)
{
    int32_t last = RF_WIRE_MORE;
    for (uint32_t i = 0; i < count; i++) {
        const int32_t result = rf_wire_push(decoder, bytes[i]);
        if (result != RF_WIRE_MORE)
            last = result;
    }
    return last;
}

static void test_vectors(const char *folder)
{
    char path[512];
    snprintf(path, sizeof path, "%s/wire-vectors.json", folder);
    FILE *file = fopen(path, "rb");
    CHECK(file);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    CHECK(feof(file) && fclose(file) == 0);
    const char *good = strstr(text, "\"good\""), *bad = strstr(text, "\"bad\""), *end = text + strlen(text);
    CHECK(good && bad);
    static buffer first, second, sent;
    static uint8_t message[RF_WIRE_MESSAGE_BYTES];
    rf_wire_decoder decoder;
    int seen = 0;

    for (const char *at = text; next_hex(&at, good, "\"bytes\":", &first) && next_hex(&at, good, "\"crc\":", &second);) {
        const uint32_t crc = rf_wire_crc32(0, first.bytes, first.count);
        for (int i = 0; i < 4; i++)
            CHECK(second.bytes[i] == (uint8_t)(crc >> (24 - 8 * i)));
        seen++;
    }
    CHECK(seen == 3);
    for (const char *at = good; next_hex(&at, bad, "\"message\":", &first) && next_hex(&at, bad, "\"frame\":", &second);) {
        memcpy(message, first.bytes, first.count);
        sent.count = 0;
        rf_wire_send(message, first.count, collect, &sent);
        CHECK(sent.count == second.count && memcmp(sent.bytes, second.bytes, sent.count) == 0);
        rf_wire_decoder_init(&decoder, message, sizeof message);
        CHECK(push_all(&decoder, second.bytes, second.count) == (int32_t)first.count);
        CHECK(memcmp(message, first.bytes, first.count) == 0);
        seen++;
    }
    CHECK(seen >= 13);
    for (const char *at = bad; next_hex(&at, end, "\"frame\":", &second);) {
        rf_wire_decoder_init(&decoder, message, sizeof message);
        CHECK(push_all(&decoder, second.bytes, second.count) == RF_WIRE_CORRUPT);
        seen++;
    }
    CHECK(seen >= 18);
}

/* Any message comes back; with one byte changed it never does; the decoder keeps inside its buffer (the sanitizers watch). */
static void test_random(void)
{
    static buffer sent;
    uint8_t copy[RF_WIRE_MESSAGE_BYTES];
    uint32_t state = 1;
    for (int round = 0; round < 20000; round++) {
        uint8_t *message = malloc(RF_WIRE_MESSAGE_BYTES);
        CHECK(message);
        const uint32_t longest = RF_WIRE_MESSAGE_BYTES - RF_WIRE_CRC_BYTES - RF_WIRE_HEADER_BYTES;
        const uint32_t length = RF_WIRE_HEADER_BYTES + random_next(&state) % (round % 4 ? 40 : longest + 1);
        const uint32_t zeros = random_next(&state) % 4;
        for (uint32_t i = 0; i < length; i++)
            copy[i] = random_next(&state) % 4 < zeros ? 0 : (uint8_t)random_next(&state);
        memcpy(message, copy, length);
        sent.count = 0;
        rf_wire_send(message, length, collect, &sent);
        for (uint32_t i = 1; i + 1 < sent.count; i++)
            CHECK(sent.bytes[i] != 0);
        rf_wire_decoder decoder;
        rf_wire_decoder_init(&decoder, message, RF_WIRE_MESSAGE_BYTES);
        CHECK(push_all(&decoder, sent.bytes, sent.count) == (int32_t)length && memcmp(message, copy, length) == 0);
        const uint32_t at = 1 + random_next(&state) % (sent.count - 2);
        sent.bytes[at] ^= (uint8_t)(1 + random_next(&state) % 255);
        const int32_t result = push_all(&decoder, sent.bytes, sent.count);
        CHECK(result == RF_WIRE_CORRUPT || result == RF_WIRE_MORE);
        free(message);
    }
    uint8_t *message = malloc(16);
    CHECK(message);
    rf_wire_decoder decoder;
    rf_wire_decoder_init(&decoder, message, 16);
    for (int i = 0; i < 2000000; i++) {
        const int32_t result = rf_wire_push(&decoder, (uint8_t)(random_next(&state) >> 8));
        CHECK(result <= 16 - RF_WIRE_CRC_BYTES);
    }
    free(message);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    test_vectors(argv[1]);
    test_random();
    return 0;
}
