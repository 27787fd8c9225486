/*
 * Serves networks to a host; the protocol is in rf_serve.h. Over 400 lines because every request shares one state, and a
 * firmware that adds one file gets all of it.
 */
#include "rf_serve.h"

#include <stdbool.h>
#include <string.h>

#if defined(__GNUC__)
#define NOINLINE __attribute__((noinline))
#else
#define NOINLINE
#endif

#define MAX_NAME_BYTES 200
#define COUNT_ENTRY_BYTES 12

/* ---- building and reading messages ---- */

static uint32_t room(const rf_server *s)
{
    return RF_WIRE_MESSAGE_BYTES - RF_WIRE_CRC_BYTES - s->length;
}

static void put_bytes(rf_server *s, const void *bytes, uint32_t count)
{
    if (count > room(s))
        count = room(s); /* cannot happen: every answer fits; kept so that a mistake shortens a message, no more */
    memcpy(s->answer + s->length, bytes, count);
    s->length += count;
}

static void put(rf_server *s, uint64_t value, uint32_t bytes)
{
    uint8_t little[8];
    for (uint32_t i = 0; i < bytes; i++)
        little[i] = (uint8_t)(value >> (8 * i));
    put_bytes(s, little, bytes);
}

static uint32_t string_bytes(const char *text)
{
    size_t bytes = strlen(text);
    return bytes > MAX_NAME_BYTES ? MAX_NAME_BYTES : (uint32_t)bytes;
}

static void put_string(rf_server *s, const char *text)
{
    const uint32_t bytes = string_bytes(text);
    put(s, bytes, 1);
    put_bytes(s, text, bytes);
}

static void start(rf_server *s, uint8_t type, uint16_t sequence)
{
    s->length = 0;
    put(s, RF_WIRE_VERSION, 1);
    put(s, type, 1);
    put(s, sequence, 2);
}

static void finish(rf_server *s)
{
    s->answer_length = s->length;
    rf_wire_send(s->answer, s->length, s->port->write, s->port->context);
}

/* Always a whole answer of its own: whatever was put into the message before is dropped. */
static void fail(rf_server *s, uint8_t request, rf_serve_error error, int32_t detail)
{
    start(s, RF_ERROR, s->sequence);
    put(s, error, 1);
    put(s, request, 1);
    put(s, (uint32_t)detail, 4);
    finish(s);
}

static uint32_t get(const uint8_t *bytes, uint32_t count)
{
    uint32_t value = 0;
    for (uint32_t i = 0; i < count; i++)
        value |= (uint32_t)bytes[i] << (8 * i);
    return value;
}

/* ---- marks in memory ---- */

#define STACK_PATTERN 0xc5u
/* What lies below a local variable of paint_stack: its own registers and, on x86-64, the red zone of 128 bytes. */
#if defined(__x86_64__)
#define STACK_MARGIN (128u + 64u)
#else
#define STACK_MARGIN 64u
#endif

/*
 * Paints the free stack and returns where it begins, which is where the frames of what the caller calls next begin too;
 * 0 when it is not measured.
 */
static NOINLINE uintptr_t paint_stack(const rf_server *s)
{
    volatile uint8_t *low = s->port->stack_low;
    const volatile uint8_t here = 0;
    if (!low)
        return 0;
    while ((uintptr_t)low + STACK_MARGIN < (uintptr_t)&here)
        *low++ = STACK_PATTERN;
    return (uintptr_t)&here;
}

/* Bytes below `top` that were written since paint_stack; at least the margin, which cannot be painted. */
static uint32_t stack_used(const rf_server *s, uintptr_t top)
{
    const volatile uint8_t *low = s->port->stack_low;
    if (!low)
        return 0;
    while ((uintptr_t)low + STACK_MARGIN < top && *low == STACK_PATTERN)
        low++;
    return (uint32_t)(top - (uintptr_t)low);
}

/* Differs from byte to byte, so that no run of equal values that a network leaves looks untouched for long. */
static uint8_t arena_pattern(uint32_t at)
{
    return (uint8_t)((at * 0x9du) ^ (at >> 8) ^ 0x5au);
}

static void paint(uint8_t *memory, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++)
        memory[i] = arena_pattern(i);
}

static uint32_t high_water(const uint8_t *memory, uint32_t bytes)
{
    while (bytes > 0 && memory[bytes - 1] == arena_pattern(bytes - 1))
        bytes--;
    return bytes;
}

/* ---- what a run reports ---- */

static void send_event(rf_server *s)
{
    rf_wire_send(s->answer, s->length, s->port->write, s->port->context);
    s->events++;
    s->length = 0;
}

static void start_event(rf_server *s, uint8_t type)
{
    start(s, type, s->sequence);
    put(s, s->events, 4);
}

static void flush_counts(rf_server *s)
{
    if (s->length > 0)
        send_event(s);
}

static uint64_t elapsed(const rf_server *s, uint64_t from, uint64_t to)
{
    const uint64_t ticks = (to - from) & s->port->counter_mask;
    return ticks > s->overhead ? ticks - s->overhead : 0;
}

static void on_begin(void *context, int32_t op)
{
    rf_server *s = context;
    (void)op;
    s->begun = s->port->counter(s->port->context);
}

static void on_end(void *context, int32_t op)
{
    rf_server *s = context;
    const uint64_t now = s->port->counter(s->port->context);
    s->ticks = elapsed(s, s->begun, now);
    if (s->length > 0 && room(s) < COUNT_ENTRY_BYTES)
        flush_counts(s);
    if (s->length == 0)
        start_event(s, RF_COUNTED);
    put(s, (uint32_t)op, 4);
    put(s, s->ticks, 8);
}

static void on_wrote(void *context, int32_t tensor, uint32_t first, uint32_t bytes, const void *data)
{
    rf_server *s = context;
    flush_counts(s);
    for (uint32_t done = 0; done < bytes;) {
        uint32_t count = bytes - done;
        if (count > RF_WIRE_DATA_BYTES)
            count = RF_WIRE_DATA_BYTES;
        start_event(s, RF_WROTE);
        put(s, (uint32_t)tensor, 4);
        put(s, first + done, 4);
        put_bytes(s, (const uint8_t *)data + done, count);
        send_event(s);
        done += count;
    }
}

/* As the generated code calls its hooks, around nothing. */
static NOINLINE void probe(const rf_hooks *hooks)
{
    if (hooks && hooks->begin)
        hooks->begin(hooks->context, 0);
    if (hooks && hooks->end)
        hooks->end(hooks->context, 0);
}

/* Ticks that counting itself costs: the least of a few tries, since a wall clock jitters. */
static uint64_t measure_overhead(rf_server *s, const rf_hooks *hooks)
{
    uint64_t least = UINT64_MAX;
    s->overhead = 0;
    for (int i = 0; i < 8; i++) {
        s->length = 0;
        if (hooks) {
            probe(hooks);
        } else {
            const uint64_t from = s->port->counter(s->port->context);
            s->ticks = elapsed(s, from, s->port->counter(s->port->context));
        }
        if (s->ticks < least)
            least = s->ticks;
    }
    s->length = 0;
    return least;
}

/* ---- requests ---- */

typedef struct {
    const uint8_t *at;
    uint32_t bytes;
    uint8_t type;
} body;

static const rf_network *network_of(rf_server *s, const body *b)
{
    if (b->at[0] < s->network_count)
        return s->networks[b->at[0]];
    fail(s, b->type, RF_E_NETWORK, b->at[0]);
    return NULL;
}

static void identify(rf_server *s, const body *b)
{
    (void)b;
    const rf_port *port = s->port;
    put(s, RF_WIRE_DATA_BYTES, 2);
    put(s, port->counter_kind, 1);
    put(s, s->network_count, 1);
    put(s, port->counter_ticks, 4);
    put(s, port->counter_units, 4);
    put(s, port->clock_hz, 4);
    put(s, s->arena_bytes, 4);
    put(s, port->stack_low ? port->stack_bytes : 0, 4);
    put_string(s, port->board);
    finish(s);
}

static void describe(rf_server *s, const body *b)
{
    const rf_network *net = network_of(s, b);
    if (!net)
        return;
    put(s, net->arena_bytes, 4);
    put_bytes(s, net->model_hash, sizeof net->model_hash);
    put_bytes(s, net->plan_hash, sizeof net->plan_hash);
    put(s, (uint32_t)net->op_count, 4);
    put(s, (uint32_t)net->tensor_count, 4);
    put(s, (uint32_t)net->input_count, 4);
    put(s, (uint32_t)net->output_count, 4);
    put_string(s, net->name);
    finish(s);
}

/* Position in net->tensors of the k-th of a list, or -1. */
static int32_t position_of(const rf_network *net, uint32_t list, uint32_t k)
{
    if (list == RF_LIST_ALL && k < (uint32_t)net->tensor_count)
        return (int32_t)k;
    if (list == RF_LIST_INPUTS && k < (uint32_t)net->input_count)
        return net->inputs[k];
    if (list == RF_LIST_OUTPUTS && k < (uint32_t)net->output_count)
        return net->outputs[k];
    return -1;
}

static void describe_tensor(rf_server *s, const body *b)
{
    const rf_network *net = network_of(s, b);
    if (!net)
        return;
    const int32_t position = position_of(net, b->at[1], get(b->at + 2, 4));
    if (position < 0) {
        fail(s, b->type, RF_E_TENSOR, (int32_t)get(b->at + 2, 4));
        return;
    }
    const rf_tensor *tensor = &net->tensors[position];
    uint32_t scale;
    memcpy(&scale, &tensor->scale, sizeof scale);
    put(s, (uint32_t)position, 4);
    put(s, (uint32_t)tensor->index, 4);
    put(s, tensor->dtype, 1);
    put(s, (uint32_t)tensor->rank, 1);
    for (int32_t i = 0; i < tensor->rank && i < RF_MAX_RANK; i++)
        put(s, (uint32_t)tensor->shape[i], 4);
    put(s, scale, 4);
    put(s, (uint32_t)tensor->zero_point, 4);
    put(s, tensor->bytes, 4);
    put_string(s, tensor->name);
    finish(s);
}

static void list_operators(rf_server *s, const body *b)
{
    const rf_network *net = network_of(s, b);
    if (!net)
        return;
    const uint32_t first = get(b->at + 1, 4);
    if (first >= (uint32_t)net->op_count) {
        fail(s, b->type, RF_E_TENSOR, (int32_t)first);
        return;
    }
    for (uint32_t i = first; i < (uint32_t)net->op_count; i++) {
        if (room(s) < 5 + string_bytes(net->ops[i].kind))
            break;
        put(s, (uint32_t)net->ops[i].index, 4);
        put_string(s, net->ops[i].kind);
    }
    finish(s);
}

static void open_network(rf_server *s, const body *b)
{
    const rf_network *net = network_of(s, b);
    if (!net)
        return;
    s->open = NULL;
    if (net->arena_bytes > s->arena_bytes || (net->stream && !s->source)) {
        fail(s, b->type, RF_E_ARENA, (int32_t)net->arena_bytes);
        return;
    }
    paint(s->arena, s->arena_bytes);
    for (int32_t i = 0; i < net->memory_count; i++)
        paint(net->memories[i].base, net->memories[i].bytes);
    const rf_status status = net->init(s->arena, s->arena_bytes);
    if (status != RF_OK) {
        fail(s, b->type, RF_E_FAILED, status);
        return;
    }
    s->open = net;
    finish(s);
}

static bool is_streamed(const rf_network *net, uint32_t input)
{
    return net->stream && (uint32_t)net->stream->input == input;
}

/* Bytes of the k-th input or output from `offset`, or NULL after an error answer. */
static uint8_t *bytes_of(rf_server *s, const body *b, rf_tensor_list list, uint32_t count)
{
    if (!s->open) {
        fail(s, b->type, RF_E_NOT_OPEN, 0);
        return NULL;
    }
    const uint32_t k = get(b->at, 4), offset = get(b->at + 4, 4);
    const int32_t position = position_of(s->open, list, k);
    if (position < 0) {
        fail(s, b->type, RF_E_TENSOR, (int32_t)k);
        return NULL;
    }
    const rf_tensor *tensor = &s->open->tensors[position];
    if (count > RF_WIRE_DATA_BYTES || offset > tensor->bytes || count > tensor->bytes - offset) {
        fail(s, b->type, RF_E_RANGE, (int32_t)tensor->bytes);
        return NULL;
    }
    if (list == RF_LIST_INPUTS && is_streamed(s->open, k))
        return s->source + offset;
    return rf_tensor_at(s->open, position, s->arena) + offset;
}

static void load(rf_server *s, const body *b)
{
    uint8_t *to = bytes_of(s, b, RF_LIST_INPUTS, b->bytes - 8);
    if (!to)
        return;
    memcpy(to, b->at + 8, b->bytes - 8);
    finish(s);
}

static void read_output(rf_server *s, const body *b)
{
    const uint32_t count = get(b->at + 8, 2);
    const uint8_t *from = bytes_of(s, b, RF_LIST_OUTPUTS, count);
    if (!from)
        return;
    put_bytes(s, from, count);
    finish(s);
}

/* One inference of a network whose input arrives row by row, from the server's source. */
static rf_status feed(rf_server *s, const rf_stream *stream, const rf_hooks *hooks)
{
    rf_status status = RF_MORE;
    stream->begin(s->arena);
    for (int32_t y = 0; y < stream->rows && status == RF_MORE; y++) {
        memcpy(stream->next_row(s->arena), s->source + (uint32_t)y * stream->row_bytes, stream->row_bytes);
        status = stream->advance(s->arena, hooks);
    }
    return status;
}

static NOINLINE rf_status invoke_timed(rf_server *s, const rf_hooks *hooks, uint64_t *ticks)
{
    const uint64_t from = s->port->counter(s->port->context);
    const rf_status status = s->open->stream ? feed(s, s->open->stream, hooks) : s->open->invoke(s->arena, hooks);
    const uint64_t to = s->port->counter(s->port->context);
    *ticks += elapsed(s, from, to);
    return status;
}

static void run(rf_server *s, const body *b)
{
    const uint32_t times = get(b->at + 1, 4);
    const uint8_t flags = b->at[0];
    if (!s->open) {
        fail(s, b->type, RF_E_NOT_OPEN, 0);
        return;
    }
    if (times == 0 || (flags & ~(RF_RUN_COUNT | RF_RUN_DUMP)) != 0) {
        fail(s, b->type, RF_E_RANGE, (int32_t)times);
        return;
    }
    rf_hooks hooks = {s, NULL, NULL, NULL};
    if (flags & RF_RUN_COUNT) {
        hooks.begin = on_begin;
        hooks.end = on_end;
    }
    if (flags & RF_RUN_DUMP)
        hooks.wrote = on_wrote;
    const rf_hooks *used = flags ? &hooks : NULL;
    s->events = 0;
    s->overhead = measure_overhead(s, flags & RF_RUN_COUNT ? used : NULL);
    const uintptr_t top = paint_stack(s);
    uint64_t ticks = 0;
    for (uint32_t i = 0; i < times; i++) {
        const rf_status status = invoke_timed(s, used, &ticks);
        if (status != RF_OK) {
            fail(s, b->type, RF_E_FAILED, status);
            return;
        }
    }
    const uint32_t stack = stack_used(s, top);
    flush_counts(s);
    start(s, RF_RUN | RF_ANSWER, s->sequence);
    put(s, ticks, 8);
    put(s, stack, 4);
    put(s, high_water(s->arena, s->arena_bytes), 4);
    put(s, s->events, 4);
    finish(s);
}

static void list_memories(rf_server *s, const body *b)
{
    const rf_network *net = s->open;
    const int32_t first = (int32_t)b->at[0];
    if (!net) {
        fail(s, b->type, RF_E_NOT_OPEN, 0);
        return;
    }
    if (first >= net->memory_count) {
        fail(s, b->type, RF_E_TENSOR, first);
        return;
    }
    for (int32_t i = first; i < net->memory_count; i++) {
        const rf_memory *memory = &net->memories[i];
        if (room(s) < 9 + string_bytes(memory->name))
            break;
        put(s, memory->bytes, 4);
        put(s, high_water(memory->base, memory->bytes), 4);
        put_string(s, memory->name);
    }
    finish(s);
}

static void leave(rf_server *s, const body *b)
{
    if (!s->leave) {
        fail(s, b->type, RF_E_REQUEST, 0);
        return;
    }
    finish(s);
    s->leave();
}

typedef struct {
    void (*handle)(rf_server *server, const body *b);
    uint16_t least, most; /* bytes of body */
} request_rule;

static const request_rule rules[] = {
    [RF_IDENTIFY] = {identify, 0, 0},
    [RF_DESCRIBE] = {describe, 1, 1},
    [RF_TENSOR] = {describe_tensor, 6, 6},
    [RF_OPERATORS] = {list_operators, 5, 5},
    [RF_OPEN] = {open_network, 1, 1},
    [RF_LOAD] = {load, 8, 8 + RF_WIRE_DATA_BYTES},
    [RF_RUN] = {run, 5, 5},
    [RF_READ] = {read_output, 10, 10},
    [RF_LEAVE] = {leave, 0, 0},
    [RF_MEMORIES] = {list_memories, 1, 1},
};

static void answer(rf_server *s, uint32_t length)
{
    const uint8_t version = s->request[0];
    const body b = {s->request + RF_WIRE_HEADER_BYTES, length - RF_WIRE_HEADER_BYTES, s->request[1]};
    const uint32_t crc = get(s->request + length, RF_WIRE_CRC_BYTES);
    s->sequence = (uint16_t)get(s->request + 2, 2);
    if (s->answer_length > 0 && crc == s->last_crc) {
        rf_wire_send(s->answer, s->answer_length, s->port->write, s->port->context);
        return;
    }
    s->last_crc = crc;
    if (version != RF_WIRE_VERSION) {
        fail(s, b.type, RF_E_VERSION, RF_WIRE_VERSION);
        return;
    }
    if (b.type >= sizeof rules / sizeof rules[0] || !rules[b.type].handle) {
        fail(s, b.type, RF_E_REQUEST, 0);
        return;
    }
    const request_rule *rule = &rules[b.type];
    if (b.bytes < rule->least || b.bytes > rule->most) {
        fail(s, b.type, RF_E_LENGTH, (int32_t)b.bytes);
        return;
    }
    start(s, b.type | RF_ANSWER, s->sequence);
    rule->handle(s, &b);
}

void rf_server_init(rf_server *server, const rf_port *port, const rf_network *const *networks, uint32_t network_count,
                    uint8_t *arena, uint32_t arena_bytes)
{
    memset(server, 0, sizeof *server);
    server->port = port;
    server->networks = networks;
    server->network_count = network_count;
    server->arena = arena;
    server->arena_bytes = arena_bytes;
    rf_wire_decoder_init(&server->decoder, server->request, sizeof server->request);
}

void rf_server_push(rf_server *server, uint8_t byte)
{
    const int32_t length = rf_wire_push(&server->decoder, byte);
    if (length > 0) {
        answer(server, (uint32_t)length);
    } else if (length == RF_WIRE_CORRUPT) {
        /* Not in server->answer: the damaged frame may have been a plea to send that again. */
        uint8_t error[RF_WIRE_HEADER_BYTES + 6 + RF_WIRE_CRC_BYTES] = {RF_WIRE_VERSION, RF_ERROR, 0, 0, RF_E_CORRUPT};
        rf_wire_send(error, RF_WIRE_HEADER_BYTES + 6, server->port->write, server->port->context);
    }
}

void rf_serve(rf_server *server)
{
    for (int byte = server->port->read(server->port->context); byte >= 0;
         byte = server->port->read(server->port->context))
        rf_server_push(server, (uint8_t)byte);
}
