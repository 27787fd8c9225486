/*
 * STM32L4R5: 4 KiB pages in two banks, or 8 KiB pages in one where the option bit DBANK is 0; double words with ECC.
 * Source: ST RM0432 rev 9, 3.3.1 (organisation), 3.7.8 (FLASH_OPTR).
 */
#define FLASH_KEYR REG(0x40022008u)
#define FLASH_SR REG(0x40022010u)
#define FLASH_CR REG(0x40022014u)
#define FLASH_OPTR REG(0x40022020u)
#define SR_BUSY (1u << 16)

#include "../stm32/flash_pages.h"

#if defined(RF_LOADER_BUILD)

#define WORD_BYTES 8u
#define OPTR_DBANK (1u << 22)
#define BANK_BYTES (RF_FLASH_BYTES / 2)

static uint32_t page_bytes(void)
{
    return FLASH_OPTR & OPTR_DBANK ? 0x1000u : 0x2000u;
}

static int erase(void *context, uint32_t address, uint32_t bytes)
{
    const uint32_t at = address - RF_FLASH_BASE;
    (void)context;
    if (bytes == 0x2000u)
        return pages_erase(at / bytes, 0);
    return pages_erase(at % BANK_BYTES / bytes, at >= BANK_BYTES);
}

static int program(void *context, uint32_t address, const uint8_t *word)
{
    (void)context;
    return pages_program(address, word, WORD_BYTES);
}

const rf_loader_flash *family_flash(void)
{
    static rf_loader_run behind[1];
    static const rf_loader_flash flash = {
        0, RF_FLASH_BASE + RF_LOADER_BYTES, RF_FLASH_BYTES - RF_LOADER_BYTES, WORD_BYTES, behind, 1, erase, program, flash_read,
    };
    behind[0].bytes = page_bytes();
    behind[0].count = (uint16_t)((RF_FLASH_BYTES - RF_LOADER_BYTES) / behind[0].bytes);
    return &flash;
}

#endif
