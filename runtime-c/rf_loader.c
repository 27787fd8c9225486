/* A resident loader; protocol and rules are in rf_loader.h. */
#include "rf_loader.h"

#include <string.h>

#define MAX_WORD_BYTES 32u

static void put(rf_loader *l, uint32_t value, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++)
        l->answer[l->length++] = (uint8_t)(value >> (8 * i));
}

static uint32_t get(const uint8_t *bytes, uint32_t count)
{
    uint32_t value = 0;
    for (uint32_t i = 0; i < count; i++)
        value |= (uint32_t)bytes[i] << (8 * i);
    return value;
}

static void start(rf_loader *l, uint8_t type)
{
    l->length = 0;
    put(l, RF_WIRE_VERSION, 1);
    put(l, type, 1);
    put(l, l->sequence, 2);
}

static void finish(rf_loader *l)
{
    l->answer_length = l->length;
    rf_wire_send(l->answer, l->length, l->write, l->line);
}

static void fail(rf_loader *l, uint8_t request, rf_loader_error error, uint32_t detail)
{
    start(l, RF_LOADER_ERROR);
    put(l, error, 1);
    put(l, request, 1);
    put(l, detail, 4);
    finish(l);
}

/* ---- flash ---- */

static int is_inside(const rf_loader_flash *flash, uint32_t address, uint32_t bytes)
{
    return address >= flash->base && bytes <= flash->bytes && address - flash->base <= flash->bytes - bytes;
}

/* Bytes of the sector that starts at this address; 0 when none does. */
static uint32_t sector_bytes(const rf_loader_flash *flash, uint32_t address)
{
    uint32_t at = flash->base;
    for (uint32_t run = 0; run < flash->run_count; run++)
        for (uint32_t i = 0; i < flash->runs[run].count; i++, at += flash->runs[run].bytes)
            if (at == address)
                return flash->runs[run].bytes;
    return 0;
}

static uint32_t flash_crc(const rf_loader_flash *flash, uint32_t crc, uint32_t address, uint32_t bytes)
{
    uint8_t part[128];
    while (bytes > 0) {
        const uint32_t count = bytes < sizeof part ? bytes : (uint32_t)sizeof part;
        flash->read(flash->context, address, part, count);
        crc = rf_wire_crc32(crc, part, count);
        address += count;
        bytes -= count;
    }
    return crc;
}

static int is_blank(const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (bytes[i] != 0xff)
            return 0;
    return 1;
}

static int flash_is_blank(const rf_loader_flash *flash, uint32_t address, uint32_t bytes)
{
    uint8_t part[128];
    for (uint32_t done = 0; done < bytes;) {
        const uint32_t count = bytes - done < sizeof part ? bytes - done : (uint32_t)sizeof part;
        flash->read(flash->context, address + done, part, count);
        if (!is_blank(part, count))
            return 0;
        done += count;
    }
    return 1;
}

/* Programs whole words and reads them back. */
static int program(const rf_loader_flash *flash, uint32_t address, const uint8_t *bytes, uint32_t count)
{
    uint8_t word[MAX_WORD_BYTES];
    for (uint32_t at = 0; at < count; at += flash->word_bytes) {
        if (!is_blank(bytes + at, flash->word_bytes) && !flash->program(flash->context, address + at, bytes + at))
            return 0;
        flash->read(flash->context, address + at, word, flash->word_bytes);
        if (memcmp(word, bytes + at, flash->word_bytes) != 0)
            return 0;
    }
    return 1;
}

int rf_loader_has_application(const rf_loader *loader)
{
    uint8_t vectors[8];
    if (loader->suspect)
        return 0;
    loader->flash->read(loader->flash->context, loader->flash->base, vectors, sizeof vectors);
    const uint32_t stack = get(vectors, 4), reset = get(vectors + 4, 4);
    return stack != 0xffffffffu && stack != 0 && stack % 4 == 0 && reset % 2 == 1 && is_inside(loader->flash, reset - 1, 2);
}

/* ---- requests ---- */

typedef struct {
    const uint8_t *at;
    uint32_t bytes;
    uint8_t type;
} body;

static void info(rf_loader *l, const body *b)
{
    const rf_loader_flash *flash = l->flash;
    size_t name = strlen(l->board);
    (void)b;
    put(l, RF_LOADER_VERSION, 1);
    put(l, rf_loader_has_application(l) ? 1 : 0, 1);
    put(l, RF_WIRE_DATA_BYTES, 2);
    put(l, flash->base, 4);
    put(l, flash->bytes, 4);
    put(l, flash->word_bytes, 1);
    put(l, flash->run_count, 1);
    for (uint32_t i = 0; i < flash->run_count && i < RF_LOADER_MAX_RUNS; i++) {
        put(l, flash->runs[i].count, 2);
        put(l, flash->runs[i].bytes, 4);
    }
    if (name > RF_LOADER_MAX_NAME)
        name = RF_LOADER_MAX_NAME;
    put(l, (uint32_t)name, 1);
    memcpy(l->answer + l->length, l->board, name);
    l->length += (uint32_t)name;
    finish(l);
}

static void crc(rf_loader *l, const body *b)
{
    const uint32_t address = get(b->at, 4), bytes = get(b->at + 4, 4);
    if (!is_inside(l->flash, address, bytes)) {
        fail(l, b->type, RF_LOADER_E_RANGE, address);
        return;
    }
    put(l, flash_crc(l->flash, 0, address, bytes), 4);
    finish(l);
}

static void close_sector(rf_loader *l)
{
    l->mark = l->open_end = 0;
}

static void erase(rf_loader *l, const body *b)
{
    const rf_loader_flash *flash = l->flash;
    const uint32_t address = get(b->at, 4), bytes = sector_bytes(flash, address);
    if (bytes == 0) {
        fail(l, b->type, RF_LOADER_E_RANGE, address);
        return;
    }
    close_sector(l);
    if (address == flash->base)
        l->head_erased = 0;
    if (!flash->erase(flash->context, address, bytes) || !flash_is_blank(flash, address, bytes)) {
        fail(l, b->type, RF_LOADER_E_FLASH, address);
        return;
    }
    l->open_end = address + bytes;
    l->mark = address;
    if (address == flash->base) {
        l->head_erased = 1;
        l->suspect = 0;
        l->mark = address + RF_LOADER_HEAD_BYTES;
    }
    finish(l);
}

/* Programs what follows in the sector that is open, and answers. */
static void write_open(rf_loader *l, uint8_t type, uint32_t address, const uint8_t *data, uint32_t bytes)
{
    const uint32_t word = l->flash->word_bytes;
    if (!is_inside(l->flash, address, bytes) || address % word != 0 || bytes % word != 0) {
        fail(l, type, RF_LOADER_E_RANGE, address);
        return;
    }
    if (address < l->mark || address >= l->open_end || bytes > l->open_end - address) {
        fail(l, type, RF_LOADER_E_ORDER, address);
        return;
    }
    if (!program(l->flash, address, data, bytes)) {
        close_sector(l);
        fail(l, type, RF_LOADER_E_FLASH, address);
        return;
    }
    l->mark = address + bytes;
    finish(l);
}

static void write(rf_loader *l, const body *b)
{
    write_open(l, b->type, get(b->at, 4), b->at + 4, b->bytes - 4);
}

static void keep(rf_loader *l, const body *b)
{
    const uint32_t address = get(b->at, 4), bytes = sector_bytes(l->flash, address);
    if (bytes == 0 || bytes > sizeof l->kept) {
        fail(l, b->type, RF_LOADER_E_RANGE, address);
        return;
    }
    l->flash->read(l->flash->context, address, l->kept, bytes);
    l->kept_at = address;
    l->kept_bytes = bytes;
    finish(l);
}

static void restore(rf_loader *l, const body *b)
{
    const uint32_t address = get(b->at, 4), bytes = get(b->at + 4, 4), at = address - l->kept_at;
    if (address < l->kept_at || at > l->kept_bytes || bytes > l->kept_bytes - at) {
        fail(l, b->type, RF_LOADER_E_ORDER, address);
        return;
    }
    write_open(l, b->type, address, l->kept + at, bytes);
}

static void commit(rf_loader *l, const body *b)
{
    const rf_loader_flash *flash = l->flash;
    const uint32_t bytes = get(b->at, 4), wanted = get(b->at + 4, 4);
    const uint8_t *head = b->at + 8;
    if (bytes < RF_LOADER_HEAD_BYTES || bytes > flash->bytes) {
        fail(l, b->type, RF_LOADER_E_RANGE, bytes);
        return;
    }
    if (!l->head_erased) {
        fail(l, b->type, RF_LOADER_E_ORDER, flash->base);
        return;
    }
    const uint32_t head_crc = rf_wire_crc32(0, head, RF_LOADER_HEAD_BYTES);
    const uint32_t found =
        flash_crc(flash, head_crc, flash->base + RF_LOADER_HEAD_BYTES, bytes - RF_LOADER_HEAD_BYTES);
    if (found != wanted) {
        fail(l, b->type, RF_LOADER_E_CRC, found);
        return;
    }
    l->head_erased = 0;
    if (!program(flash, flash->base, head, RF_LOADER_HEAD_BYTES)) {
        fail(l, b->type, RF_LOADER_E_FLASH, flash->base);
        return;
    }
    finish(l);
}

static void start_application(rf_loader *l, const body *b)
{
    if (!rf_loader_has_application(l)) {
        fail(l, b->type, RF_LOADER_E_EMPTY, l->flash->base);
        return;
    }
    l->start = 1;
    finish(l);
}

typedef struct {
    void (*handle)(rf_loader *loader, const body *b);
    uint16_t least, most; /* bytes of body */
} request_rule;

static const request_rule rules[] = {
    [RF_LOADER_INFO - RF_LOADER_INFO] = {info, 0, 0},
    [RF_LOADER_CRC - RF_LOADER_INFO] = {crc, 8, 8},
    [RF_LOADER_ERASE - RF_LOADER_INFO] = {erase, 4, 4},
    [RF_LOADER_WRITE - RF_LOADER_INFO] = {write, 4, 4 + RF_WIRE_DATA_BYTES},
    [RF_LOADER_COMMIT - RF_LOADER_INFO] = {commit, 8 + RF_LOADER_HEAD_BYTES, 8 + RF_LOADER_HEAD_BYTES},
    [RF_LOADER_START - RF_LOADER_INFO] = {start_application, 0, 0},
    [RF_LOADER_KEEP - RF_LOADER_INFO] = {keep, 4, 4},
    [RF_LOADER_RESTORE - RF_LOADER_INFO] = {restore, 8, 8},
};

static void answer(rf_loader *l, uint32_t length)
{
    const uint8_t version = l->request[0];
    const body b = {l->request + RF_WIRE_HEADER_BYTES, length - RF_WIRE_HEADER_BYTES, l->request[1]};
    const uint32_t request_crc = get(l->request + length, RF_WIRE_CRC_BYTES);
    const uint32_t rule_at = (uint32_t)b.type - RF_LOADER_INFO;
    if (l->listening && rule_at >= sizeof rules / sizeof rules[0])
        return;
    l->sequence = (uint16_t)get(l->request + 2, 2);
    if (l->answer_length > 0 && request_crc == l->last_crc) {
        rf_wire_send(l->answer, l->answer_length, l->write, l->line);
        return;
    }
    l->last_crc = request_crc;
    if (version != RF_WIRE_VERSION) {
        fail(l, b.type, RF_LOADER_E_VERSION, RF_WIRE_VERSION);
        return;
    }
    if (rule_at >= sizeof rules / sizeof rules[0]) {
        fail(l, b.type, RF_LOADER_E_REQUEST, 0);
        return;
    }
    l->heard = 1;
    if (b.bytes < rules[rule_at].least || b.bytes > rules[rule_at].most) {
        fail(l, b.type, RF_LOADER_E_LENGTH, b.bytes);
        return;
    }
    start(l, b.type | RF_LOADER_ANSWER);
    rules[rule_at].handle(l, &b);
}

void rf_loader_init(rf_loader *loader, const rf_loader_flash *flash, rf_wire_write write_line, void *line,
                    const char *board)
{
    memset(loader, 0, sizeof *loader);
    loader->flash = flash;
    loader->write = write_line;
    loader->line = line;
    loader->board = board;
    rf_wire_decoder_init(&loader->decoder, loader->request, sizeof loader->request);
}

void rf_loader_push(rf_loader *loader, uint8_t byte)
{
    const int32_t length = rf_wire_push(&loader->decoder, byte);
    if (length > 0) {
        answer(loader, (uint32_t)length);
    } else if (length == RF_WIRE_CORRUPT) {
        /* Not in loader->answer: the damaged frame may have been a plea to send that again. */
        uint8_t error[RF_WIRE_HEADER_BYTES + 6 + RF_WIRE_CRC_BYTES] = {
            RF_WIRE_VERSION, RF_LOADER_ERROR, 0, 0, RF_LOADER_E_CORRUPT,
        };
        rf_wire_send(error, RF_WIRE_HEADER_BYTES + 6, loader->write, loader->line);
    }
}
