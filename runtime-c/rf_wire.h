/*
 * rf_wire.h: how messages travel over a serial line. The same bytes as src/base/wire.ts; test/wire-vectors.json holds
 * both to each other.
 *
 * message   version (1), type (1), sequence (2), body, CRC-32 (4) of everything before it; little-endian throughout
 * frame     0x00, COBS(message), 0x00
 *
 * COBS: S. Cheshire, M. Baker, "Consistent Overhead Byte Stuffing", IEEE/ACM Transactions on Networking 7(2), 1999.
 * CRC-32: IEEE 802.3, reflected, polynomial 0xEDB88320, initial value and final XOR 0xFFFFFFFF.
 */
#ifndef RF_WIRE_H
#define RF_WIRE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RF_WIRE_VERSION 1
#define RF_WIRE_HEADER_BYTES 4
#define RF_WIRE_CRC_BYTES 4
/* Tensor bytes in one message. A board with little RAM may define less; it tells the host in its answer to IDENTIFY. */
#ifndef RF_WIRE_DATA_BYTES
#define RF_WIRE_DATA_BYTES 1024
#endif
/* The longest message: data behind a header, three words of its own and the CRC. */
#define RF_WIRE_MESSAGE_BYTES (RF_WIRE_HEADER_BYTES + 12 + RF_WIRE_DATA_BYTES + RF_WIRE_CRC_BYTES)

/* Continues a CRC-32; the first call passes 0. */
uint32_t rf_wire_crc32(uint32_t crc, const uint8_t *bytes, size_t count);

/* Takes bytes from the line and finds messages in them. Never writes beyond `capacity`. */
typedef struct {
    uint8_t *message;
    uint32_t capacity;
    uint32_t length;
    uint8_t block_left;   /* data bytes left in this COBS block */
    uint8_t zero_pending; /* this block stands for a zero as well, if another one follows */
    uint8_t bad;          /* the frame is too long: skip to its end */
    uint8_t started;      /* something came since the last delimiter */
} rf_wire_decoder;

void rf_wire_decoder_init(rf_wire_decoder *decoder, uint8_t *message, uint32_t capacity);

#define RF_WIRE_MORE 0
#define RF_WIRE_CORRUPT (-1)

/*
 * Takes one byte. Returns the length of the message (CRC checked and left out) when the byte ended a good frame,
 * RF_WIRE_CORRUPT when it ended a bad one, RF_WIRE_MORE otherwise. The message is valid until the next call.
 */
int32_t rf_wire_push(rf_wire_decoder *decoder, uint8_t byte);

typedef void (*rf_wire_write)(void *context, const uint8_t *bytes, uint32_t count);

/* Sends `length` bytes of message as one frame. The buffer has room for RF_WIRE_CRC_BYTES more, which are filled in. */
void rf_wire_send(uint8_t *message, uint32_t length, rf_wire_write write, void *context);

#ifdef __cplusplus
}
#endif
#endif
