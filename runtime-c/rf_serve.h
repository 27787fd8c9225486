/*
 * rf_serve.h: serves networks to a host over a serial line. Knows no hardware: the port is a struct of functions.
 *
 * Every request gets one answer with the same sequence number: type | 0x80, or RF_ERROR. A run may send events before its
 * answer. A request that comes again with the same sequence number and CRC is not done again; its answer is sent again, so
 * that the host may repeat itself when an answer was lost. Bodies (little-endian; a string is its length in one byte, then
 * that many bytes; f32 is its bit pattern):
 *
 * IDENTIFY                                     -> u16 data bytes per message, u8 rf_counter_kind, u8 networks, u32 ticks,
 *                                                 u32 units (`ticks` of the counter are `units` of its kind), u32 clock in Hz
 *                                                 (0: none), u32 arena bytes, u32 stack bytes, string board
 * DESCRIBE  u8 network                         -> u32 arena bytes, 8 bytes model hash, 8 bytes plan hash, u32 operators,
 *                                                 u32 tensors, u32 inputs, u32 outputs, string name
 * TENSOR    u8 network, u8 rf_tensor_list, u32 k -> u32 position, i32 index, u8 dtype, u8 rank, i32 shape[rank], f32 scale,
 *                                                 i32 zero point, u32 bytes, string name (at most 200 bytes of it)
 * OPERATORS u8 network, u32 first              -> as many as fit of: i32 index, string kind
 * OPEN      u8 network                         -> nothing; paints the arena, initialises the network, makes it current
 * LOAD      u32 input, u32 offset, bytes       -> nothing
 * RUN       u8 flags, u32 times                -> u64 ticks of all runs, u32 stack bytes used by one, u32 arena high-water
 *                                                 mark since OPEN, u32 events sent
 * READ      u32 output, u32 offset, u16 count  -> bytes
 * LEAVE                                        -> nothing; then the board starts anew in its resident loader (rf_loader.h). Without
 *                                                 one this is no request
 * MEMORIES  u8 first                           -> as many as fit of the memories besides the arena in which the current network keeps
 *                                                 tensors: u32 bytes, u32 high-water mark since OPEN, string name
 *
 * COUNTED   u32 event, then as many as fit of: u32 operator, u64 ticks         (RUN with RF_RUN_COUNT)
 * WROTE     u32 event, u32 tensor, u32 offset, bytes                           (RUN with RF_RUN_DUMP)
 * ERROR     u8 rf_serve_error, u8 request type, i32 detail
 *
 * A network may reuse the memory of its inputs: load them again before each run whose result matters.
 */
#ifndef RF_SERVE_H
#define RF_SERVE_H

#include "rf.h"
#include "rf_wire.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    RF_IDENTIFY = 1,
    RF_DESCRIBE = 2,
    RF_TENSOR = 3,
    RF_OPERATORS = 4,
    RF_OPEN = 5,
    RF_LOAD = 6,
    RF_RUN = 7,
    RF_READ = 8,
    RF_LEAVE = 9,
    RF_MEMORIES = 10,
    RF_ANSWER = 0x80,
    RF_COUNTED = 0xe0,
    RF_WROTE = 0xe1,
    RF_ERROR = 0xff
};

enum { RF_RUN_COUNT = 1, RF_RUN_DUMP = 2 };

typedef enum { RF_LIST_ALL, RF_LIST_INPUTS, RF_LIST_OUTPUTS } rf_tensor_list;

typedef enum {
    RF_E_CORRUPT = 1,  /* a frame was cut or damaged; its sequence number is not known, so the error's is 0 */
    RF_E_VERSION = 2,  /* detail: the version that is spoken here */
    RF_E_REQUEST = 3,  /* no such request */
    RF_E_LENGTH = 4,   /* the body has the wrong length; detail: its length */
    RF_E_NETWORK = 5,  /* no such network */
    RF_E_TENSOR = 6,   /* no such tensor, input, output or operator */
    RF_E_RANGE = 7,    /* bytes outside the tensor, more than a message holds, or no runs at all */
    RF_E_NOT_OPEN = 8, /* no network is open */
    RF_E_ARENA = 9,    /* detail: bytes of arena that the network needs */
    RF_E_FAILED = 10   /* the network refused; detail: rf_status */
} rf_serve_error;

typedef enum { RF_COUNTER_WALL, RF_COUNTER_INSTRUCTIONS, RF_COUNTER_CYCLES } rf_counter_kind;

/* What the program around the network provides. */
typedef struct {
    void *context;
    int (*read)(void *context);                       /* waits for a byte; negative when the line is gone for good */
    rf_wire_write write;                              /* returns when the bytes are sent or queued */
    uint64_t (*counter)(void *context);               /* runs upwards and wraps at counter_mask + 1 */
    uint64_t counter_mask;
    rf_counter_kind counter_kind;
    uint32_t counter_ticks, counter_units;
    uint32_t clock_hz;
    uint8_t *stack_low;                               /* lowest byte of this stack; NULL: it is not measured */
    uint32_t stack_bytes;
    const char *board;
} rf_port;

/* All state of the server; the caller owns it. */
typedef struct {
    const rf_port *port;
    const rf_network *const *networks;
    uint32_t network_count;
    uint8_t *arena;
    uint32_t arena_bytes;
    /*
     * Stands for the sensor of networks with streamed input: RF_LOAD fills it, a run takes rows from it. It is no memory of
     * the network's. Set it after rf_server_init when the image has such networks.
     */
    uint8_t *source;
    /* Starts the resident loader and does not return. Set it after rf_server_init when there is one. */
    void (*leave)(void);
    const rf_network *open;
    rf_wire_decoder decoder;
    uint32_t last_crc;         /* of the last good request, which includes its sequence number */
    uint32_t answer_length;    /* 0: nothing to send again */
    uint32_t length;           /* of the message under construction */
    uint32_t events;
    uint16_t sequence;         /* of the request being answered */
    uint8_t run_flags;
    uint64_t begun, overhead, ticks;
    uint8_t request[RF_WIRE_MESSAGE_BYTES];
    uint8_t answer[RF_WIRE_MESSAGE_BYTES];
} rf_server;

/* `arena` is aligned to RF_ARENA_ALIGNMENT. */
void rf_server_init(rf_server *server, const rf_port *port, const rf_network *const *networks, uint32_t network_count,
                    uint8_t *arena, uint32_t arena_bytes);

/* Takes one byte from the line; answers when it ends a request. */
void rf_server_push(rf_server *server, uint8_t byte);

/* Serves until the port's read returns a negative number. */
void rf_serve(rf_server *server);

#ifdef __cplusplus
}
#endif
#endif
