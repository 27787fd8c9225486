/*
 * The program that speaks MLPerf Tiny's protocol instead of ours, so that its official runner drives the board
 * (runtime-c/rf_mlperf.h). One network, its input resident. The build defines RF_MLPERF_MODEL (string), RF_MLPERF_INPUT_BYTES
 * (what `db` can hold) and RF_MLPERF_UNSIGNED (1: images come as unsigned bytes, as for ic01 and vww01).
 *
 * An inference may use the input's memory for other tensors, so the input is copied for each: the copy is timed too. Time is
 * the port's counter; on an emulator one instruction is one nanosecond, and the name of the device says so.
 * Source: mlcommons/tiny, benchmark/reference_submissions: how inputs of the four networks are taken.
 */
#include "port.h"
#include "rf_mlperf.h"

#include <string.h>

typedef struct {
    const rf_port *port;
    const rf_network *network;
    const uint8_t *loaded; /* the bytes of `db`; NULL before the first */
    size_t count;
    uint64_t last, elapsed; /* in counts of the port's counter */
} device;

static device app;
static rf_mlperf state;
static uint8_t input_buffer[RF_MLPERF_INPUT_BYTES];

/* Follows a counter that wraps; has to be called at least once a turn. */
static uint64_t counted(device *self)
{
    const uint64_t now = self->port->counter(self->port->context) & self->port->counter_mask;
    self->elapsed += (now - self->last) & self->port->counter_mask;
    self->last = now;
    return self->elapsed;
}

static uint64_t now_us(void *context)
{
    device *self = context;
    const rf_port *port = self->port;
    const uint64_t units = counted(self) * port->counter_units / port->counter_ticks;
    if (port->counter_kind == RF_COUNTER_CYCLES && port->clock_hz > 0)
        return units / port->clock_hz * 1000000u + units % port->clock_hz * 1000000u / port->clock_hz;
    return units / 1000u; /* nanoseconds, or instructions */
}

static void put(void *context, const char *bytes, size_t count)
{
    device *self = context;
    self->port->write(self->port->context, (const uint8_t *)bytes, (uint32_t)count);
}

static const rf_tensor *input_tensor(const device *self)
{
    return &self->network->tensors[self->network->inputs[0]];
}

static int load_input(void *context, const uint8_t *bytes, size_t count)
{
    device *self = context;
    const rf_tensor *tensor = input_tensor(self);
    const int fits = count == tensor->bytes || (tensor->dtype == RF_INT8 && count == 4 * (size_t)tensor->bytes);
    if (!fits)
        return 1;
    self->loaded = bytes;
    self->count = count;
    return 0;
}

/* Floats, little-endian as this core is, to the tensor's own scale: rounded half away from zero, saturated. */
static void quantise(int8_t *to, const uint8_t *from, const rf_tensor *tensor)
{
    for (uint32_t i = 0; i < tensor->bytes; i++) {
        float real;
        memcpy(&real, from + 4 * i, sizeof real);
        const float scaled = real / tensor->scale;
        const float moved = (scaled < 0 ? scaled - 0.5f : scaled + 0.5f);
        const float bound = moved < -1000.0f ? -1000.0f : moved > 1000.0f ? 1000.0f : moved;
        const int32_t value = (int32_t)bound + tensor->zero_point;
        to[i] = (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
    }
}

static void place_input(device *self)
{
    const rf_tensor *tensor = input_tensor(self);
    uint8_t *to = rf_tensor_at(self->network, self->network->inputs[0], image_arena);
    if (!self->loaded) {
        memset(to, 0, tensor->bytes);
    } else if (self->count != tensor->bytes) {
        quantise((int8_t *)to, self->loaded, tensor);
    } else {
        memcpy(to, self->loaded, tensor->bytes);
        if (RF_MLPERF_UNSIGNED)
            for (uint32_t i = 0; i < tensor->bytes; i++)
                to[i] ^= 0x80u; /* minus 128 */
    }
}

static int infer(void *context)
{
    device *self = context;
    (void)counted(self);
    place_input(self);
    const rf_status status = self->network->invoke(image_arena, NULL);
    (void)counted(self);
    return status == RF_OK ? 0 : 1;
}

/* Non-zero when there is such a value. */
static int result(void *context, uint32_t index, float *value)
{
    const device *self = context;
    const rf_tensor *tensor = &self->network->tensors[self->network->outputs[0]];
    const uint8_t *at = rf_tensor_at(self->network, self->network->outputs[0], image_arena);
    uint32_t elements = 1;
    for (int32_t axis = 0; axis < tensor->rank; axis++)
        elements *= (uint32_t)tensor->shape[axis];
    if (index >= elements)
        return 0;
    const float scale = tensor->scale == 0 ? 1.0f : tensor->scale;
    if (tensor->dtype == RF_FLOAT32)
        memcpy(value, at + 4 * index, sizeof *value);
    else if (tensor->dtype == RF_INT8)
        *value = scale * (float)((int8_t)at[index] - tensor->zero_point);
    else if (tensor->dtype == RF_UINT8)
        *value = scale * (float)(at[index] - tensor->zero_point);
    else
        return 0;
    return 1;
}

#if defined(RF_LOADER_BYTES)
/* Not of MLPerf: a word of our own that starts the resident loader, so that another image can be flashed. */
static void leave_on_request(uint8_t byte)
{
    static const char word[] = "reflow-leave%";
    static uint32_t matched;
    matched = byte == (uint8_t)word[matched] ? matched + 1 : byte == (uint8_t)word[0] ? 1 : 0;
    if (matched == sizeof word - 1)
        port_leave();
}
#endif

int main(void)
{
    static rf_mlperf_port port = { &app, "reflow", RF_MLPERF_MODEL, put, now_us, NULL, load_input, infer, result };
    app.port = port_open();
    app.network = image_networks[0];
    if (app.port->counter_kind == RF_COUNTER_INSTRUCTIONS)
        port.vendor = "reflow, 1 ns is 1 instruction";
    if (app.network->init(image_arena, image_arena_bytes) != RF_OK)
        return 1;
    rf_mlperf_start(&state, &port, input_buffer, sizeof input_buffer);
    for (;;) {
        const int byte = app.port->read(app.port->context);
        if (byte < 0)
            return 0;
#if defined(RF_LOADER_BYTES)
        leave_on_request((uint8_t)byte);
#endif
        rf_mlperf_feed(&state, (uint8_t)byte);
    }
}
