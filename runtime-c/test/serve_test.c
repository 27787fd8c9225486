/* rf_serve over a line in memory, with a network of two operators: every request, every refusal, random bytes. */
#include "check.h"
#include "rf_serve.h"

#include <string.h>

/* ---- a network: y[i] = 2 * x[i] in place, then z[i] = y[i] + y[i + 1] above it; it counts its runs ---- */

enum { N = 3000, ARENA = 2 * 3008 };

static int invocations;
static rf_status init_result;

static rf_status net_init(uint8_t *arena, size_t bytes)
{
    (void)arena;
    return bytes < ARENA ? RF_ERR_ARENA_SMALL : init_result;
}

static rf_status net_invoke(uint8_t *arena, const rf_hooks *hooks)
{
    int8_t *x = (int8_t *)arena, *z = (int8_t *)arena + 3008;
    invocations++;
    if (hooks && hooks->begin)
        hooks->begin(hooks->context, 0);
    for (int i = 0; i < N; i++)
        x[i] = (int8_t)(x[i] * 2);
    if (hooks && hooks->end)
        hooks->end(hooks->context, 0);
    if (hooks && hooks->wrote)
        hooks->wrote(hooks->context, 1, 0, N, x);
    if (hooks && hooks->begin)
        hooks->begin(hooks->context, 1);
    for (int i = 0; i + 1 < N; i++)
        z[i] = (int8_t)(x[i] + x[i + 1]);
    if (hooks && hooks->end)
        hooks->end(hooks->context, 1);
    if (hooks && hooks->wrote)
        hooks->wrote(hooks->context, 2, 0, N - 1, z);
    return RF_OK;
}

static const rf_op ops[] = {{4, "double"}, {9, "sum"}};
static const rf_tensor tensors[] = {
    {"x", 0, RF_INT8, 2, {1, N}, 0.5f, -3, 0, N},
    {"y", 1, RF_INT8, 2, {1, N}, 1.0f, 0, 0, N},
    {"z", 7, RF_INT8, 1, {N - 1}, 2.0f, 5, 3008, N - 1},
};
static const int32_t inputs[] = {0}, outputs[] = {2};
static const rf_network net = {"net", ARENA, {1, 2, 3, 4, 5, 6, 7, 8}, {9}, 2, ops, 3, tensors, 1, inputs, 1, outputs,
                               0, NULL, NULL, net_init, net_invoke, NULL};
static const rf_network huge = {"huge", 1u << 20, {0}, {0}, 2, ops, 3, tensors, 1, inputs, 1, outputs,
                                0, NULL, NULL, net_init, net_invoke, NULL};

/* ---- a network whose input lies in the arena and whose output in the second of two other memories ---- */

static RF_ALIGNED(16) uint8_t fast[32], far[64];
static const rf_memory memories[] = {{"fast", fast, sizeof fast}, {"far", far, sizeof far}};
static const rf_tensor spread_tensors[] = {
    {"a", 0, RF_INT8, 1, {8}, 1.0f, 0, 16, 8},
    {"b", 1, RF_INT8, 1, {8}, 1.0f, 0, 40, 8},
};
static const uint8_t spread_memory[] = {0, 2};
static const int32_t spread_outputs[] = {1};

static rf_status spread_init(uint8_t *arena, size_t bytes)
{
    (void)arena;
    return bytes < 24 ? RF_ERR_ARENA_SMALL : RF_OK;
}

static rf_status spread_invoke(uint8_t *arena, const rf_hooks *hooks)
{
    (void)hooks;
    for (int i = 0; i < 8; i++)
        far[40 + i] = (uint8_t)(arena[16 + i] + 1);
    fast[3] = 1;
    return RF_OK;
}

static const rf_network spread = {"spread", 24, {0}, {0}, 1, ops, 2, spread_tensors, 1, inputs, 1, spread_outputs,
                                  2, memories, spread_memory, spread_init, spread_invoke, NULL};
static const rf_network *const networks[] = {&net, &huge, &spread};

/* ---- the line ---- */

enum { MAX_ANSWERS = 64 };

typedef struct {
    uint8_t bytes[RF_WIRE_MESSAGE_BYTES];
    uint32_t length;
} message;

static message received[MAX_ANSWERS];
static uint32_t received_count;
static rf_wire_decoder host;
static uint8_t host_buffer[RF_WIRE_MESSAGE_BYTES];
static uint64_t now;

static void to_host(void *context, const uint8_t *bytes, uint32_t count)
{
    (void)context;
    for (uint32_t i = 0; i < count; i++) {
        const int32_t length = rf_wire_push(&host, bytes[i]);
        CHECK(length >= 0); /* the server never sends a damaged frame */
        if (length == 0)
            continue;
        message *m = &received[received_count++ % MAX_ANSWERS];
        memcpy(m->bytes, host_buffer, (size_t)length);
        m->length = (uint32_t)length;
    }
}

static uint64_t count_up(void *context)
{
    (void)context;
    return now += 10; /* so every measured span is 10 + what counting costs = 10 */
}

static const rf_port port = {
    NULL, NULL, to_host, count_up, UINT32_MAX, RF_COUNTER_INSTRUCTIONS, 128, 5, 0, NULL, 0, "test",
};
static rf_server server;
static RF_ALIGNED(RF_ARENA_ALIGNMENT) uint8_t arena[ARENA];
static uint16_t sequence;

static void start(void)
{
    rf_wire_decoder_init(&host, host_buffer, sizeof host_buffer);
    rf_server_init(&server, &port, networks, 3, arena, sizeof arena);
    received_count = 0;
    init_result = RF_OK;
}

static void to_server(void *context, const uint8_t *bytes, uint32_t count)
{
    (void)context;
    for (uint32_t i = 0; i < count; i++)
        rf_server_push(&server, bytes[i]);
}

static void send(uint8_t type, uint16_t seq, const void *body, uint32_t count)
{
    uint8_t m[RF_WIRE_MESSAGE_BYTES + 64] = {RF_WIRE_VERSION, type, (uint8_t)seq, (uint8_t)(seq >> 8)};
    if (count > 0)
        memcpy(m + RF_WIRE_HEADER_BYTES, body, count);
    rf_wire_send(m, RF_WIRE_HEADER_BYTES + count, to_server, NULL);
}

/* The one answer to a request, its type checked; body bytes follow the header. */
static const message *ask(uint8_t type, const void *body, uint32_t count, uint8_t expected)
{
    received_count = 0;
    send(type, ++sequence, body, count);
    CHECK(received_count > 0);
    const message *m = &received[(received_count - 1) % MAX_ANSWERS];
    CHECK(m->bytes[0] == RF_WIRE_VERSION && m->bytes[1] == expected);
    CHECK(m->bytes[2] == (uint8_t)sequence && m->bytes[3] == (uint8_t)(sequence >> 8));
    return m;
}

static void refused(uint8_t type, const void *body, uint32_t count, rf_serve_error error)
{
    const message *m = ask(type, body, count, RF_ERROR);
    CHECK(received_count == 1 && m->length == 10 && m->bytes[4] == error && m->bytes[5] == type);
}

static uint64_t number(const message *m, uint32_t at, uint32_t bytes)
{
    uint64_t value = 0;
    CHECK(RF_WIRE_HEADER_BYTES + at + bytes <= m->length);
    for (uint32_t i = 0; i < bytes; i++)
        value |= (uint64_t)m->bytes[RF_WIRE_HEADER_BYTES + at + i] << (8 * i);
    return value;
}

static void load_ramp(void)
{
    uint8_t body[8 + 1000];
    for (uint32_t offset = 0; offset < N; offset += 1000) {
        memset(body, 0, 8);
        body[4] = (uint8_t)offset;
        body[5] = (uint8_t)(offset >> 8);
        for (uint32_t i = 0; i < 1000; i++)
            body[8 + i] = (uint8_t)((offset + i) % 50);
        ask(RF_LOAD, body, sizeof body, RF_LOAD | RF_ANSWER);
    }
}

static void test_descriptions(void)
{
    start();
    const message *m = ask(RF_IDENTIFY, NULL, 0, RF_IDENTIFY | RF_ANSWER);
    CHECK(number(m, 0, 2) == RF_WIRE_DATA_BYTES && number(m, 2, 1) == RF_COUNTER_INSTRUCTIONS && number(m, 3, 1) == 3);
    CHECK(number(m, 4, 4) == 128 && number(m, 8, 4) == 5 && number(m, 16, 4) == ARENA && number(m, 20, 4) == 0);
    CHECK(number(m, 24, 1) == 4 && memcmp(m->bytes + 29, "test", 4) == 0 && m->length == 33);
    m = ask(RF_DESCRIBE, "\0", 1, RF_DESCRIBE | RF_ANSWER);
    CHECK(number(m, 0, 4) == ARENA && number(m, 4, 1) == 1 && number(m, 12, 1) == 9 && number(m, 20, 4) == 2);
    m = ask(RF_TENSOR, "\0\2\0\0\0\0", 6, RF_TENSOR | RF_ANSWER);
    CHECK(number(m, 0, 4) == 2 && number(m, 4, 4) == 7 && number(m, 8, 1) == RF_INT8 && number(m, 9, 1) == 1);
    CHECK(number(m, 10, 4) == N - 1 && number(m, 14, 4) == 0x40000000u && number(m, 18, 4) == 5);
    m = ask(RF_OPERATORS, "\0\1\0\0\0", 5, RF_OPERATORS | RF_ANSWER);
    CHECK(number(m, 0, 4) == 9 && number(m, 4, 1) == 3 && m->length == 4 + 8);
    refused(RF_DESCRIBE, "\3", 1, RF_E_NETWORK);
    refused(RF_TENSOR, "\0\0\3\0\0\0", 6, RF_E_TENSOR);
    refused(RF_TENSOR, "\0\3\0\0\0\0", 6, RF_E_TENSOR);
    refused(RF_OPERATORS, "\0\2\0\0\0", 5, RF_E_TENSOR);
    refused(RF_DESCRIBE, NULL, 0, RF_E_LENGTH);
    refused(0, NULL, 0, RF_E_REQUEST);
    refused(99, NULL, 0, RF_E_REQUEST);
}

static void test_run(void)
{
    start();
    refused(RF_RUN, "\0\1\0\0\0", 5, RF_E_NOT_OPEN);
    refused(RF_LOAD, "\0\0\0\0\0\0\0\0", 8, RF_E_NOT_OPEN);
    refused(RF_OPEN, "\1", 1, RF_E_ARENA);
    init_result = RF_ERR_ARGUMENT;
    refused(RF_OPEN, "\0", 1, RF_E_FAILED);
    init_result = RF_OK;
    ask(RF_OPEN, "\0", 1, RF_OPEN | RF_ANSWER);
    load_ramp();
    refused(RF_LOAD, "\1\0\0\0\0\0\0\0", 8, RF_E_TENSOR);
    refused(RF_LOAD, "\0\0\0\0\xb8\x0b\0\0x", 9, RF_E_RANGE);
    refused(RF_LOAD, "\0\0\0\0\xff\xff\xff\xffx", 9, RF_E_RANGE);
    refused(RF_RUN, "\0\0\0\0\0", 5, RF_E_RANGE);
    refused(RF_RUN, "\4\1\0\0\0", 5, RF_E_RANGE);
    invocations = 0;
    const message *m = ask(RF_RUN, "\0\1\0\0\0", 5, RF_RUN | RF_ANSWER);
    CHECK(invocations == 1 && number(m, 0, 8) == 0 && number(m, 16, 4) == 0);
    /* z ends one byte below 3008 + 3000; the arena beyond was never touched. */
    CHECK(number(m, 12, 4) == 3008 + N - 1);
    m = ask(RF_READ, "\0\0\0\0\x02\0\0\0\x03\0", 10, RF_READ | RF_ANSWER);
    CHECK(m->length == 7 && number(m, 0, 1) == 10 && number(m, 1, 1) == 14 && number(m, 2, 1) == 18);
    refused(RF_READ, "\0\0\0\0\xb6\x0b\0\0\x02\0", 10, RF_E_RANGE);
}

static void test_events(void)
{
    start();
    ask(RF_OPEN, "\0", 1, RF_OPEN | RF_ANSWER);
    load_ramp();
    const message *m = ask(RF_RUN, "\1\2\0\0\0", 5, RF_RUN | RF_ANSWER);
    CHECK(received_count == 2 && number(m, 16, 4) == 1);
    m = &received[0];
    CHECK(m->bytes[1] == RF_COUNTED && m->length == 4 + 4 + 4 * 12);
    CHECK(number(m, 0, 4) == 0 && number(m, 4, 4) == 0 && number(m, 16, 4) == 1 && number(m, 8, 8) == 0);
    load_ramp();
    m = ask(RF_RUN, "\2\1\0\0\0", 5, RF_RUN | RF_ANSWER);
    CHECK(received_count == 7 && number(m, 16, 4) == 6);
    m = &received[1];
    CHECK(m->bytes[1] == RF_WROTE && number(m, 0, 4) == 1 && number(m, 4, 4) == 1 && number(m, 8, 4) == 1024);
    CHECK(number(m, 12, 1) == 2 * (1024 % 50) && m->length == 4 + 12 + 1024);
    CHECK(received[5].length == 4 + 12 + N - 1 - 2048);
}

/* A request that comes again is answered again, not done again, even when a damaged copy came between. */
static void test_once(void)
{
    start();
    ask(RF_OPEN, "\0", 1, RF_OPEN | RF_ANSWER);
    invocations = 0;
    ask(RF_RUN, "\0\1\0\0\0", 5, RF_RUN | RF_ANSWER);
    const message first = received[0];
    to_server(NULL, (const uint8_t *)"\0\5garbage\0", 10);
    CHECK(received[1].bytes[1] == RF_ERROR && received[1].bytes[4] == RF_E_CORRUPT && received[1].bytes[2] == 0);
    send(RF_RUN, sequence, "\0\1\0\0\0", 5);
    CHECK(invocations == 1 && received_count == 3 && received[2].length == first.length);
    CHECK(memcmp(received[2].bytes, first.bytes, first.length) == 0);
    ask(RF_RUN, "\0\1\0\0\0", 5, RF_RUN | RF_ANSWER);
    CHECK(invocations == 2);
}

static void test_random(void)
{
    uint32_t state = 99;
    start();
    for (int round = 0; round < 60000; round++) {
        uint8_t body[RF_WIRE_MESSAGE_BYTES];
        const uint32_t length = random_next(&state) % (round % 8 ? 16 : 1040);
        for (uint32_t i = 0; i < length; i++)
            body[i] = random_next(&state) % 3 ? 0 : (uint8_t)random_next(&state);
        if (random_next(&state) % 4 == 0) {
            to_server(NULL, body, length); /* noise */
        } else {
            /* A good frame around anything; at most a few runs, or the test takes for ever. */
            const uint8_t type = (uint8_t)(random_next(&state) % 10);
            if (type == RF_RUN && length >= 5)
                memset(body + 2, 0, 3);
            send(type, (uint16_t)round, body, length);
        }
    }
    to_server(NULL, (const uint8_t *)"\0", 1);
    ask(RF_IDENTIFY, NULL, 0, RF_IDENTIFY | RF_ANSWER);
}

static void test_memories(void)
{
    start();
    refused(RF_MEMORIES, "\0", 1, RF_E_NOT_OPEN);
    ask(RF_OPEN, "\2", 1, RF_OPEN | RF_ANSWER);
    ask(RF_LOAD, "\0\0\0\0\0\0\0\0\1\2\3\4\5\6\7\10", 16, RF_LOAD | RF_ANSWER);
    CHECK(memcmp(arena + 16, "\1\2\3\4\5\6\7\10", 8) == 0);
    ask(RF_RUN, "\0\1\0\0\0", 5, RF_RUN | RF_ANSWER);
    const message *m = ask(RF_READ, "\0\0\0\0\0\0\0\0\10\0", 10, RF_READ | RF_ANSWER);
    CHECK(memcmp(m->bytes + 4, "\2\3\4\5\6\7\10\11", 8) == 0);
    m = ask(RF_MEMORIES, "\0", 1, RF_MEMORIES | RF_ANSWER);
    CHECK(number(m, 0, 4) == 32 && number(m, 4, 4) == 4 && memcmp(m->bytes + 12, "\4fast", 5) == 0);
    CHECK(number(m, 13, 4) == 64 && number(m, 17, 4) == 48 && memcmp(m->bytes + 25, "\3far", 4) == 0);
    m = ask(RF_MEMORIES, "\1", 1, RF_MEMORIES | RF_ANSWER);
    CHECK(number(m, 0, 4) == 64 && memcmp(m->bytes + 12, "\3far", 4) == 0);
    refused(RF_MEMORIES, "\2", 1, RF_E_TENSOR);
    ask(RF_OPEN, "\0", 1, RF_OPEN | RF_ANSWER);
    refused(RF_MEMORIES, "\0", 1, RF_E_TENSOR);
}

static void test_version(void)
{
    start();
    uint8_t m[16] = {RF_WIRE_VERSION + 1, RF_IDENTIFY, 0, 0};
    rf_wire_send(m, RF_WIRE_HEADER_BYTES, to_server, NULL);
    CHECK(received_count == 1 && received[0].bytes[1] == RF_ERROR && received[0].bytes[4] == RF_E_VERSION);
    CHECK(number(&received[0], 2, 4) == RF_WIRE_VERSION);
}

int main(void)
{
    test_descriptions();
    test_run();
    test_events();
    test_once();
    test_random();
    test_memories();
    test_version();
    return 0;
}
