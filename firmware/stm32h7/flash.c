/*
 * STM32H743: 128 KiB sectors, flash words of 32 bytes; STM32H7A3: 8 KiB sectors, flash words of 16 bytes. Two banks with registers
 * of their own; a flash word has ECC and begins to be programmed when its last 32 bits arrive.
 * Source: ST RM0433 rev 8, 4.3.9 to 4.3.11 and 4.9; RM0455 rev 10, 4.3.9 to 4.3.11 and 4.9.
 */
#include "../stm32/flash.h"

#if defined(RF_LOADER_BUILD)

#if defined(RF_STM32H7A3)
#define SECTOR_BYTES 0x2000u
#define WORD_BYTES 16u
#define CR_START (1u << 5)
#define CR_SECTOR(number) ((number) << 6)
#define CR_PARALLELISM 0u
#else
#define SECTOR_BYTES 0x20000u
#define WORD_BYTES 32u
#define CR_START (1u << 7)
#define CR_SECTOR(number) ((number) << 8)
#define CR_PARALLELISM (3u << 4) /* 64 bits: 2.7 to 3.6 V */
#endif
#define CR_LOCK 1u
#define CR_PROGRAM 2u
#define CR_ERASE_SECTOR 4u
/* Of write protection, sequence, strobe, inconsistency, operation, read protection, security. */
#define SR_ERRORS ((7u << 17) | (0xfu << 21))
#define SR_BUSY 7u /* BSY, WBNE, QW */
#define CCR_ALL 0x1fef0000u

#define BANK_BYTES (RF_FLASH_BYTES / 2)

typedef struct {
    uint32_t key, control, status, clear; /* addresses */
} bank;

static bank bank_at(uint32_t address)
{
    const uint32_t base = 0x52002000u + (address - RF_FLASH_BASE >= BANK_BYTES ? 0x100u : 0);
    return (bank){base + 0x04u, base + 0x0cu, base + 0x10u, base + 0x14u};
}

static int begin(const bank *b)
{
    if (!reached(&REG(b->status), SR_BUSY, 0))
        return 0;
    REG(b->clear) = CCR_ALL;
    if (REG(b->control) & CR_LOCK) {
        REG(b->key) = FLASH_KEY_1;
        REG(b->key) = FLASH_KEY_2;
    }
    return (REG(b->control) & CR_LOCK) == 0;
}

static int end(const bank *b, uint32_t patience)
{
    const int ended = reached_within(&REG(b->status), SR_BUSY, 0, patience);
    const int good = (REG(b->status) & SR_ERRORS) == 0;
    REG(b->control) = CR_PARALLELISM;
    REG(b->control) |= CR_LOCK;
    return ended && good;
}

static int erase(void *context, uint32_t address, uint32_t bytes)
{
    const bank b = bank_at(address);
    const uint32_t number = (address - RF_FLASH_BASE) % BANK_BYTES / SECTOR_BYTES;
    (void)context;
    (void)bytes;
    if (!begin(&b))
        return 0;
    REG(b.control) = CR_PARALLELISM | CR_ERASE_SECTOR | CR_SECTOR(number);
    REG(b.control) |= CR_START;
    BARRIER();
    return end(&b, ERASE_PATIENCE);
}

static int program(void *context, uint32_t address, const uint8_t *word)
{
    const bank b = bank_at(address);
    (void)context;
    if (!begin(&b))
        return 0;
    REG(b.control) = CR_PARALLELISM | CR_PROGRAM;
    BARRIER();
    flash_store(address, word, WORD_BYTES);
    return end(&b, PATIENCE);
}

const rf_loader_flash *family_flash(void)
{
    static const rf_loader_run behind[] = {{(RF_FLASH_BYTES - RF_LOADER_BYTES) / SECTOR_BYTES, SECTOR_BYTES}};
    static const rf_loader_flash flash = {
        0, RF_FLASH_BASE + RF_LOADER_BYTES, RF_FLASH_BYTES - RF_LOADER_BYTES, WORD_BYTES, behind, 1, erase, program, flash_read,
    };
    return &flash;
}

#endif
