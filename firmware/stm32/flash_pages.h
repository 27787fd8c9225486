/*
 * The flash controller that STM32L4+ and STM32U5 have in common but for its addresses: equal pages, numbered within a bank, words with
 * ECC. A family's flash.c defines FLASH_KEYR, FLASH_SR and FLASH_CR, and includes this once.
 * Source: ST RM0432 rev 9, 3.3.6, 3.3.7 and 3.7; RM0456 rev 5, 7.3.6 to 7.3.8 and 7.9.
 */
#ifndef FLASH_PAGES_H
#define FLASH_PAGES_H

#include "flash.h"

#define SR_ERRORS 0x3fau /* OPERR, PROGERR, WRPERR, PGAERR, SIZERR, PGSERR, and MISERR, FASTERR of the L4+ */
#define CR_PROGRAM 1u
#define CR_ERASE_PAGE 2u
#define CR_SECOND_BANK (1u << 11)
#define CR_START (1u << 16)
#define CR_LOCK (1u << 31)

static inline int pages_begin(void)
{
    if (!reached(&FLASH_SR, SR_BUSY, 0))
        return 0;
    FLASH_SR = SR_ERRORS | 1u;
    if (FLASH_CR & CR_LOCK) {
        FLASH_KEYR = FLASH_KEY_1;
        FLASH_KEYR = FLASH_KEY_2;
    }
    return (FLASH_CR & CR_LOCK) == 0;
}

static inline int pages_end(uint32_t patience)
{
    const int ended = reached_within(&FLASH_SR, SR_BUSY, 0, patience);
    const int good = (FLASH_SR & SR_ERRORS) == 0;
    FLASH_CR = 0;
    FLASH_CR |= CR_LOCK;
    return ended && good;
}

static inline int pages_erase(uint32_t page, int second_bank)
{
    if (!pages_begin())
        return 0;
    FLASH_CR = CR_ERASE_PAGE | (page << 3) | (second_bank ? CR_SECOND_BANK : 0);
    FLASH_CR |= CR_START;
    BARRIER();
    return pages_end(ERASE_PATIENCE);
}

static inline int pages_program(uint32_t address, const uint8_t *word, uint32_t bytes)
{
    if (!pages_begin())
        return 0;
    FLASH_CR = CR_PROGRAM;
    flash_store(address, word, bytes);
    return pages_end(PATIENCE);
}

#endif
