/* STM32F405 (1 MiB) and STM32F446 (512 KiB): 16 KiB sectors, one of 64 KiB, the rest of 128 KiB. Source: ST RM0090 table 5, RM0390 table 4. */
#include "../stm32/flash_sectors.h"

#if defined(RF_LOADER_BUILD)

static const rf_loader_run layout[] = {{4, 0x4000u}, {1, 0x10000u}, {RF_FLASH_BYTES / 0x20000u - 1, 0x20000u}};
#define RUNS (sizeof layout / sizeof layout[0])
#define WORD_BYTES 4u

static int erase(void *context, uint32_t address, uint32_t bytes)
{
    (void)context;
    (void)bytes;
    return sectors_erase(flash_sector(layout, RUNS, address));
}

static int program(void *context, uint32_t address, const uint8_t *word)
{
    (void)context;
    return sectors_program(address, word, WORD_BYTES);
}

const rf_loader_flash *family_flash(void)
{
    static rf_loader_run behind[RUNS];
    static rf_loader_flash flash = {
        0, RF_FLASH_BASE + RF_LOADER_BYTES, RF_FLASH_BYTES - RF_LOADER_BYTES, WORD_BYTES, behind, 0, erase, program, flash_read,
    };
    flash.run_count = flash_behind_loader(layout, RUNS, behind);
    return &flash;
}

#endif
