/*
 * Flash that behaves like flash: erased to ones by sectors, programmed to zeros by words, with ECC or without, and a supply that can
 * fail at any word. Records what no loader may do.
 */
#ifndef VIRTUAL_FLASH_H
#define VIRTUAL_FLASH_H

#include "rf_loader.h"

#include <setjmp.h>
#include <string.h>

typedef struct {
    uint32_t base, bytes, word_bytes;
    int ecc;
    uint8_t *content;     /* bytes */
    uint8_t *programmed;  /* one per word: 0 blank, 1 programmed, 2 torn */
    uint32_t *reprograms; /* words with ECC that were programmed twice */
    uint32_t *erases;
    int32_t cut_after;    /* words or sectors until the supply fails; negative: never */
    jmp_buf *power_cut;   /* where a failing supply goes */
    jmp_buf *fault;       /* where reading a torn word with ECC goes */
} virtual_flash;

static int supply_fails(virtual_flash *flash)
{
    return flash->cut_after >= 0 && flash->cut_after-- == 0;
}

static int virtual_erase(void *context, uint32_t address, uint32_t bytes)
{
    virtual_flash *flash = context;
    const uint32_t at = address - flash->base;
    const int cut = supply_fails(flash);
    const uint32_t done = cut ? bytes / 2 : bytes;
    ++*flash->erases;
    memset(flash->content + at, 0xff, done);
    memset(flash->programmed + at / flash->word_bytes, 0, done / flash->word_bytes);
    if (cut) {
        memset(flash->programmed + (at + done) / flash->word_bytes, 2, (bytes - done) / flash->word_bytes);
        longjmp(*flash->power_cut, 1);
    }
    return 1;
}

static int virtual_program(void *context, uint32_t address, const uint8_t *word)
{
    virtual_flash *flash = context;
    const uint32_t at = address - flash->base, index = at / flash->word_bytes;
    if (flash->ecc && flash->programmed[index]) {
        ++*flash->reprograms;
        return 0;
    }
    const int cut = supply_fails(flash);
    flash->programmed[index] = cut ? 2 : 1;
    for (uint32_t i = 0; i < (cut ? flash->word_bytes / 2 : flash->word_bytes); i++)
        flash->content[at + i] &= word[i];
    if (cut)
        longjmp(*flash->power_cut, 1);
    return 1;
}

static void virtual_read(void *context, uint32_t address, uint8_t *bytes, uint32_t count)
{
    virtual_flash *flash = context;
    const uint32_t at = address - flash->base;
    for (uint32_t i = at / flash->word_bytes; flash->ecc && flash->fault && i * flash->word_bytes < at + count; i++)
        if (flash->programmed[i] == 2)
            longjmp(*flash->fault, 1);
    memcpy(bytes, flash->content + at, count);
}

#endif
