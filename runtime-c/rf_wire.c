/* Framing of messages: COBS and CRC-32. See rf_wire.h. */
#include "rf_wire.h"

uint32_t rf_wire_crc32(uint32_t crc, const uint8_t *bytes, size_t count)
{
    /* One entry per half byte: 64 bytes of flash instead of a kilobyte. */
    static const uint32_t table[16] = {
        0x00000000u, 0x1db71064u, 0x3b6e20c8u, 0x26d930acu, 0x76dc4190u, 0x6b6b51f4u, 0x4db26158u, 0x5005713cu,
        0xedb88320u, 0xf00f9344u, 0xd6d6a3e8u, 0xcb61b38cu, 0x9b64c2b0u, 0x86d3d2d4u, 0xa00ae278u, 0xbdbdf21cu,
    };
    crc = ~crc;
    for (size_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        crc = (crc >> 4) ^ table[crc & 15];
        crc = (crc >> 4) ^ table[crc & 15];
    }
    return ~crc;
}

void rf_wire_decoder_init(rf_wire_decoder *decoder, uint8_t *message, uint32_t capacity)
{
    decoder->message = message;
    decoder->capacity = capacity;
    decoder->length = 0;
    decoder->block_left = 0;
    decoder->zero_pending = 0;
    decoder->bad = 0;
    decoder->started = 0;
}

static void append(rf_wire_decoder *decoder, uint8_t byte)
{
    if (decoder->length < decoder->capacity)
        decoder->message[decoder->length++] = byte;
    else
        decoder->bad = 1;
}

static int32_t end_of_frame(rf_wire_decoder *decoder)
{
    const uint32_t length = decoder->length;
    const int whole = !decoder->bad && decoder->block_left == 0;
    const int started = decoder->started;
    rf_wire_decoder_init(decoder, decoder->message, decoder->capacity);
    if (!started)
        return RF_WIRE_MORE;
    if (!whole || length < RF_WIRE_HEADER_BYTES + RF_WIRE_CRC_BYTES)
        return RF_WIRE_CORRUPT;
    const uint8_t *sent = decoder->message + length - RF_WIRE_CRC_BYTES;
    const uint32_t crc = rf_wire_crc32(0, decoder->message, length - RF_WIRE_CRC_BYTES);
    for (int i = 0; i < RF_WIRE_CRC_BYTES; i++)
        if (sent[i] != (uint8_t)(crc >> (8 * i)))
            return RF_WIRE_CORRUPT;
    return (int32_t)(length - RF_WIRE_CRC_BYTES);
}

int32_t rf_wire_push(rf_wire_decoder *decoder, uint8_t byte)
{
    if (byte == 0)
        return end_of_frame(decoder);
    decoder->started = 1;
    if (decoder->bad)
        return RF_WIRE_MORE;
    if (decoder->block_left > 0) {
        decoder->block_left--;
        append(decoder, byte);
        return RF_WIRE_MORE;
    }
    if (decoder->zero_pending)
        append(decoder, 0);
    decoder->block_left = (uint8_t)(byte - 1);
    decoder->zero_pending = byte != 0xff;
    return RF_WIRE_MORE;
}

void rf_wire_send(uint8_t *message, uint32_t length, rf_wire_write write, void *context)
{
    static const uint8_t delimiter = 0;
    const uint32_t crc = rf_wire_crc32(0, message, length);
    for (int i = 0; i < RF_WIRE_CRC_BYTES; i++)
        message[length++] = (uint8_t)(crc >> (8 * i));
    /* The first delimiter ends whatever noise the other side has taken for the start of a frame. */
    write(context, &delimiter, 1);
    uint32_t at = 0;
    for (;;) {
        uint32_t run = 0;
        while (at + run < length && run < 254 && message[at + run] != 0)
            run++;
        const uint8_t code = (uint8_t)(run + 1);
        write(context, &code, 1);
        if (run > 0)
            write(context, message + at, run);
        at += run;
        if (at == length)
            break;
        if (run < 254)
            at++; /* the zero that the block stands for */
    }
    write(context, &delimiter, 1);
}
