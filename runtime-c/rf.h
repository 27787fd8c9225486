/*
 * rf.h: what every generated network and every kernel shares.
 *
 * C99, no allocation, no globals. A kernel reads its parameters from a const struct in flash and touches only the
 * buffers that it is handed. Prefix: rf_ for functions and types, RF_ for macros.
 */
#ifndef RF_H
#define RF_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Every generated function that can fail returns one of these; zero and above is success. */
typedef enum {
    RF_OK = 0,
    RF_MORE = 1,                 /* a network with streamed input wants its next row */
    RF_ERR_ARENA_SMALL = -1,     /* the caller's arena has fewer bytes than <NET>_ARENA_BYTES */
    RF_ERR_ARENA_ALIGNMENT = -2, /* the caller's arena does not start at a multiple of RF_ARENA_ALIGNMENT */
    RF_ERR_ARGUMENT = -3
} rf_status;

#define RF_ARENA_ALIGNMENT 16

/* Where weights go. A firmware that wants them in sectors of their own defines this on the command line. */
#ifndef RF_WEIGHTS
#define RF_WEIGHTS
#endif

/*
 * Other memories than the usual ones, by their names in the board's file: where a network keeps the rest of its working memory,
 * where weights lie, and weights that are copied from one memory into a faster one before the network first runs. A firmware
 * defines what sections these are; without, the linker puts everything where it puts the rest, and the network runs all the same.
 */
#ifndef RF_ARENA_IN
#define RF_ARENA_IN(memory)
#endif
#ifndef RF_WEIGHTS_IN
#define RF_WEIGHTS_IN(memory) RF_WEIGHTS
#endif
#ifndef RF_WEIGHTS_COPIED
#define RF_WEIGHTS_COPIED(from, to) RF_WEIGHTS
#endif

#if defined(__GNUC__)
#define RF_ALIGNED(n) __attribute__((aligned(n)))
#define RF_MUST_CHECK __attribute__((warn_unused_result))
#else
#define RF_ALIGNED(n)
#define RF_MUST_CHECK
#endif

/*
 * An image operand: `h` rows per image of `w` pixels of `c` channels. A whole tensor lies in one piece and `rows` is NULL.
 * Of a tensor that is kept row by row, row y lies at rows[y] * unit elements behind the operand's pointer, for every y
 * that is alive; images of a batch follow each other.
 */
typedef struct {
    int32_t h, w, c, unit;
    const uint16_t *rows;
} rf_plane;

/* Index of the first element of row y. */
static inline size_t rf_row(const rf_plane *plane, int32_t y)
{
    return plane->rows ? (size_t)plane->rows[y] * (size_t)plane->unit : (size_t)y * (size_t)plane->w * (size_t)plane->c;
}

/* A window that slides over an image; padding before the image, in cells. */
typedef struct {
    int32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
} rf_window;

typedef enum { RF_INT8, RF_UINT8, RF_INT16, RF_INT32, RF_INT64, RF_FLOAT32, RF_BOOL } rf_dtype;

#define RF_MAX_RANK 6

/* One tensor that the network keeps in its arena. scale 0 means: not quantised. */
typedef struct {
    const char *name;
    int32_t index;      /* tensor index in the imported file */
    rf_dtype dtype;
    int32_t rank;
    int32_t shape[RF_MAX_RANK];
    float scale;        /* of a tensor with one scale; real = scale * (q - zero_point) */
    int32_t zero_point;
    uint32_t offset;    /* in the arena, bytes; see rf_tensor_at */
    uint32_t bytes;
} rf_tensor;

/*
 * Called by the generated code around each operator when the caller asks for it; NULL members are skipped. `op` is the
 * position in rf_network.ops. An operator that runs in parts begins and ends several times.
 */
typedef struct rf_hooks {
    void *context;
    void (*begin)(void *context, int32_t op);
    void (*end)(void *context, int32_t op);
    /* `bytes` of tensor number `tensor` (position in rf_network.tensors) from byte `first` on are now valid at `data`. */
    void (*wrote)(void *context, int32_t tensor, uint32_t first, uint32_t bytes, const void *data);
} rf_hooks;

static inline void rf_begin(const rf_hooks *hooks, int32_t op)
{
    if (hooks && hooks->begin) {
        hooks->begin(hooks->context, op);
    }
}

static inline void rf_end(const rf_hooks *hooks, int32_t op)
{
    if (hooks && hooks->end) {
        hooks->end(hooks->context, op);
    }
}

static inline void rf_wrote(const rf_hooks *hooks, int32_t tensor, uint32_t first, uint32_t bytes, const void *data)
{
    if (hooks && hooks->wrote) {
        hooks->wrote(hooks->context, tensor, first, bytes, data);
    }
}

/* One operator of the network, for profiles and messages. */
typedef struct {
    int32_t index;      /* operator index in the imported file */
    const char *kind;   /* e.g. "conv2d" */
} rf_op;

/*
 * How a network whose input arrives row by row is fed: begin, then for each row fill next_row and advance. `advance` computes
 * as far as the row allows; it returns RF_MORE until the last row, then RF_OK. Progress is kept in the arena.
 */
typedef struct {
    int32_t input;      /* position in rf_network.inputs */
    uint32_t row_bytes;
    int32_t rows;
    void (*begin)(uint8_t *arena);
    void *(*next_row)(uint8_t *arena);
    rf_status (*advance)(uint8_t *arena, const rf_hooks *hooks);
} rf_stream;

/* A memory besides the caller's arena in which a network keeps tensors. */
typedef struct {
    const char *name;        /* in the board's file */
    uint8_t *base;
    uint32_t bytes;
} rf_memory;

/*
 * A generated network described to a generic program (profiler, server). <net>.c defines one, `<net>_network`; a firmware
 * that calls <net>_invoke directly never references it, and the linker drops it.
 */
typedef struct {
    const char *name;
    uint32_t arena_bytes;
    uint8_t model_hash[8];   /* first bytes of the SHA-256 of the imported file */
    uint8_t plan_hash[8];
    int32_t op_count;
    const rf_op *ops;
    int32_t tensor_count;
    const rf_tensor *tensors;
    int32_t input_count;
    const int32_t *inputs;   /* positions in tensors */
    int32_t output_count;
    const int32_t *outputs;
    int32_t memory_count;
    const rf_memory *memories;    /* NULL when there is only the arena */
    const uint8_t *tensor_memory; /* for each tensor 0: the arena, n: memories[n - 1]; NULL when there is only the arena */
    rf_status (*init)(uint8_t *arena, size_t arena_bytes);
    rf_status (*invoke)(uint8_t *arena, const rf_hooks *hooks); /* NULL when the input is streamed */
    const rf_stream *stream;                                    /* NULL when the input is resident */
} rf_network;

/* The first byte of tensor number `position`. */
static inline uint8_t *rf_tensor_at(const rf_network *net, int32_t position, uint8_t *arena)
{
    const int32_t memory = net->tensor_memory ? net->tensor_memory[position] : 0;
    return (memory == 0 ? arena : net->memories[memory - 1].base) + net->tensors[position].offset;
}

#ifdef __cplusplus
}
#endif
#endif
