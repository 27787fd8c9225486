/* What the families' flash drivers share. Each implements family_flash for the loader. */
#ifndef FLASH_H
#define FLASH_H

#include "rf_loader.h"
#include "registers.h"

/* The flash behind the loader, with functions that erase and program it. */
const rf_loader_flash *family_flash(void);

/* An erase takes up to some seconds (256 KiB of an STM32F7); in turns of a loop that reads one register. */
#if !defined(ERASE_PATIENCE)
#define ERASE_PATIENCE 500000000u
#endif

#define FLASH_KEY_1 0x45670123u
#define FLASH_KEY_2 0xcdef89abu

static inline void flash_read(void *context, uint32_t address, uint8_t *bytes, uint32_t count)
{
    (void)context;
    for (uint32_t i = 0; i < count; i++)
        bytes[i] = (uint8_t)(REG((address + i) & ~3u) >> (8 * ((address + i) & 3u)));
}

static inline uint32_t flash_word(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* Writes a unit of programming as words, with nothing between them. */
static inline void flash_store(uint32_t address, const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i += 4)
        REG(address + i) = flash_word(bytes + i);
    BARRIER();
}

#if defined(RF_LOADER_BUILD)

/* Number of the sector at an address, in a layout from the start of flash. */
static inline uint32_t flash_sector(const rf_loader_run *layout, uint32_t runs, uint32_t address)
{
    uint32_t number = 0, at = RF_FLASH_BASE;
    for (uint32_t run = 0; run < runs; run++)
        for (uint32_t i = 0; i < layout[run].count; i++, number++, at += layout[run].bytes)
            if (at >= address)
                return number;
    return number;
}

/* What of a layout lies behind the loader; returns the number of runs. */
static inline uint32_t flash_behind_loader(const rf_loader_run *layout, uint32_t runs, rf_loader_run *behind)
{
    uint32_t skip = RF_LOADER_BYTES, found = 0;
    for (uint32_t run = 0; run < runs; run++) {
        uint32_t count = layout[run].count;
        for (; count > 0 && skip >= layout[run].bytes; count--)
            skip -= layout[run].bytes;
        if (count > 0)
            behind[found++] = (rf_loader_run){(uint16_t)count, layout[run].bytes};
    }
    return found;
}

#endif
#endif
