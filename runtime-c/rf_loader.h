/*
 * rf_loader.h: a resident loader. It lies at the start of flash, speaks rf_wire's frames, and puts an application into the
 * sectors behind itself. Knows no hardware: the flash is a struct of functions.
 *
 * Every request gets one answer with the same sequence number: type | 0x80, or RF_LOADER_ERROR. A request that comes again with
 * the same sequence number and CRC is not done again; its answer is sent again. Bodies (little-endian):
 *
 * INFO                                  -> u8 version, u8 flags (1: an application is there), u16 data bytes per message, u32 base,
 *                                          u32 bytes, u8 word bytes, u8 runs, as many times u16 sectors, u32 bytes of each;
 *                                          u8 length and bytes of the board's name
 * CRC     u32 address, u32 bytes        -> u32 CRC-32 of what flash holds there
 * ERASE   u32 address of a sector       -> nothing; the sector is blank and open for writing
 * WRITE   u32 address, bytes            -> nothing; they have been programmed and read back
 * COMMIT  u32 bytes, u32 CRC-32, head   -> nothing; the application is whole and can be started
 * START                                 -> nothing; then the caller starts the application
 * KEEP    u32 address of a sector       -> nothing; its content is kept in RAM, until the next KEEP or reset, for RESTORE
 * RESTORE u32 address, u32 bytes        -> nothing; as WRITE of what was kept of that place
 *
 * ERROR   u8 rf_loader_error, u8 request type, i32 detail       (the layout of rf_serve.h's)
 *
 * Three rules make a power cut at any moment harmless. Words are written once: WRITE goes on upwards in the sector that was
 * erased last, so no word is programmed twice without an erase between (one with ECC would be lost). The head, the
 * application's first 32 bytes with its vector table, is not written by WRITE but by COMMIT, after the CRC of the whole
 * application was right: an application that has a head is whole. And COMMIT wants the first sector erased since the loader
 * started, so that the head's words are certainly blank. Words of 0xFF are left as the erase made them.
 */
#ifndef RF_LOADER_H
#define RF_LOADER_H

#include "rf_wire.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RF_LOADER_VERSION 1
#define RF_LOADER_HEAD_BYTES 32
#define RF_LOADER_KEPT_BYTES 16384u /* the largest sector that KEEP takes; larger ones are E_RANGE */

enum {
    RF_LOADER_INFO = 0x20,
    RF_LOADER_CRC = 0x21,
    RF_LOADER_ERASE = 0x22,
    RF_LOADER_WRITE = 0x23,
    RF_LOADER_COMMIT = 0x24,
    RF_LOADER_START = 0x25,
    RF_LOADER_KEEP = 0x26,
    RF_LOADER_RESTORE = 0x27,
    RF_LOADER_ANSWER = 0x80,
    RF_LOADER_ERROR = 0xff
};

typedef enum {
    RF_LOADER_E_CORRUPT = 1,  /* 1 to 4 mean what they mean in rf_serve.h */
    RF_LOADER_E_VERSION = 2,
    RF_LOADER_E_REQUEST = 3,
    RF_LOADER_E_LENGTH = 4,
    RF_LOADER_E_RANGE = 32,   /* outside the application's flash, no start of a sector (that KEEP can take), or not on a word */
    RF_LOADER_E_ORDER = 33,   /* the sector was not erased last, the word may have been written, or it is not kept: erase it again */
    RF_LOADER_E_FLASH = 34,   /* the flash did not erase or program; detail: address */
    RF_LOADER_E_CRC = 35,     /* the application is not what COMMIT says; detail: its CRC-32 */
    RF_LOADER_E_EMPTY = 36    /* there is no application to start */
} rf_loader_error;

typedef struct {
    uint16_t count;
    uint32_t bytes;
} rf_loader_run;

/* Functions return 0 when the flash refused or did not answer in time; none of them may wait for ever. */
typedef struct {
    void *context;
    uint32_t base, bytes;      /* the sectors behind the loader */
    uint32_t word_bytes;       /* unit of programming: 4, 8, 16 or 32 */
    const rf_loader_run *runs; /* sectors from base on, at most RF_LOADER_MAX_RUNS of runs */
    uint32_t run_count;
    int (*erase)(void *context, uint32_t address, uint32_t bytes);
    int (*program)(void *context, uint32_t address, const uint8_t *word); /* one word */
    void (*read)(void *context, uint32_t address, uint8_t *bytes, uint32_t count);
} rf_loader_flash;

#define RF_LOADER_MAX_RUNS 16
#define RF_LOADER_MAX_NAME 64

typedef struct {
    const rf_loader_flash *flash;
    rf_wire_write write;
    void *line;
    const char *board;
    uint8_t start;              /* the host has asked for it: the caller starts the application */
    uint8_t heard;              /* a request of those above has come since the loader was initialised */
    uint8_t listening;          /* set by the caller while the application may yet start: others' requests go unanswered */
    uint8_t suspect;            /* set by the caller after a fault: the head may be unreadable, and counts as none until erased */
    uint8_t head_erased;
    uint32_t open_end, mark;    /* the sector that was erased last ends at open_end; free from mark on */
    uint32_t kept_at, kept_bytes;
    uint32_t last_crc, answer_length, length;
    uint16_t sequence;
    rf_wire_decoder decoder;
    uint8_t request[RF_WIRE_MESSAGE_BYTES];
    uint8_t kept[RF_LOADER_KEPT_BYTES];
    uint8_t answer[RF_WIRE_HEADER_BYTES + 14 + 6 * RF_LOADER_MAX_RUNS + 1 + RF_LOADER_MAX_NAME + RF_WIRE_CRC_BYTES];
} rf_loader;

void rf_loader_init(rf_loader *loader, const rf_loader_flash *flash, rf_wire_write write, void *line, const char *board);

/* Takes one byte from the line; answers when it ends a request. */
void rf_loader_push(rf_loader *loader, uint8_t byte);

/* Whether flash holds a head with a vector table whose reset handler lies in the application. */
int rf_loader_has_application(const rf_loader *loader);

#ifdef __cplusplus
}
#endif
#endif
