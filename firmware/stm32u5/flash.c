/* STM32U575/U585: 8 KiB pages in two banks; quad words with ECC. Source: ST RM0456 rev 5, 7.3.1 (organisation), 7.9. */
#define FLASH_KEYR REG(0x40022008u) /* FLASH_NSKEYR */
#define FLASH_SR REG(0x40022020u)   /* FLASH_NSSR */
#define FLASH_CR REG(0x40022028u)   /* FLASH_NSCR */
#define SR_BUSY (3u << 16)          /* BSY, WDW: words wait in the write buffer */

#include "../stm32/flash_pages.h"

#if defined(RF_LOADER_BUILD)

#define WORD_BYTES 16u
#define PAGE_BYTES 0x2000u
#define BANK_BYTES (RF_FLASH_BYTES / 2)

static int erase(void *context, uint32_t address, uint32_t bytes)
{
    const uint32_t at = address - RF_FLASH_BASE;
    (void)context;
    return pages_erase(at % BANK_BYTES / bytes, at >= BANK_BYTES);
}

static int program(void *context, uint32_t address, const uint8_t *word)
{
    (void)context;
    return pages_program(address, word, WORD_BYTES);
}

const rf_loader_flash *family_flash(void)
{
    static const rf_loader_run behind[] = {{(RF_FLASH_BYTES - RF_LOADER_BYTES) / PAGE_BYTES, PAGE_BYTES}};
    static const rf_loader_flash flash = {
        0, RF_FLASH_BASE + RF_LOADER_BYTES, RF_FLASH_BYTES - RF_LOADER_BYTES, WORD_BYTES, behind, 1, erase, program, flash_read,
    };
    return &flash;
}

#endif
