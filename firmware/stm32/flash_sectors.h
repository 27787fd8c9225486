/*
 * The flash controller that STM32F4 and STM32F7 have in common: sectors of growing size, words without ECC, programming 32 bits
 * at a time (2.7 to 3.6 V). A family's flash.c says its layout and its unit, and includes this once.
 * Source: ST RM0090 3.6 and 3.9, RM0390 3.5 and 3.8, RM0385 3.5 and 3.7.
 */
#ifndef FLASH_SECTORS_H
#define FLASH_SECTORS_H

#include "flash.h"

#define FLASH_KEYR REG(0x40023c04u)
#define FLASH_SR REG(0x40023c0cu)
#define FLASH_CR REG(0x40023c10u)

#define SR_ERRORS 0x1f2u /* OPERR, WRPERR, PGAERR, PGPERR, PGSERR or ERSERR, RDERR */
#define SR_BUSY (1u << 16)
#define CR_PROGRAM 1u
#define CR_ERASE_SECTOR 2u
#define CR_BY_32_BITS (2u << 8)
#define CR_START (1u << 16)
#define CR_LOCK (1u << 31)

static inline int sectors_begin(void)
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

static inline int sectors_end(uint32_t patience)
{
    const int ended = reached_within(&FLASH_SR, SR_BUSY, 0, patience);
    const int good = (FLASH_SR & SR_ERRORS) == 0;
    FLASH_CR = CR_LOCK;
    return ended && good;
}

static inline int sectors_erase(uint32_t number)
{
    if (!sectors_begin())
        return 0;
    FLASH_CR = CR_BY_32_BITS | CR_ERASE_SECTOR | (number << 3);
    FLASH_CR |= CR_START;
    BARRIER();
    return sectors_end(ERASE_PATIENCE);
}

static inline int sectors_program(uint32_t address, const uint8_t *bytes, uint32_t count)
{
    if (!sectors_begin())
        return 0;
    FLASH_CR = CR_BY_32_BITS | CR_PROGRAM;
    for (uint32_t i = 0; i < count; i += 4) {
        flash_store(address + i, bytes + i, 4);
        if (!reached(&FLASH_SR, SR_BUSY, 0))
            break;
    }
    return sectors_end(PATIENCE);
}

#endif
