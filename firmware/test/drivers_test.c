/*
 * A family's clock set-up and flash driver against a model of its registers, on the host. The model knows what the reference
 * manual says of the controller: keys unlock it, a locked one ignores its control register, an erase takes the sector that the
 * register names, programming needs its bit and takes whole words. It is written apart from the drivers, from the same documents.
 *
 * Compiled with a board's macros and one of MODEL_SECTORS (F4, F7), MODEL_BANKS (H7), MODEL_PAGES (L4+, U5). Prints nothing when all is
 * well.
 */
#include "../stm32/flash.h"
#include "../stm32/uart.h"
#include "family.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                            \
    do {                                                                            \
        if (!(condition)) {                                                         \
            fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                                \
        }                                                                           \
    } while (0)

/* ---- registers ---- */

#define MOST_REGISTERS 256
static struct {
    uint32_t address;
    volatile uint32_t value;
} registers[MOST_REGISTERS];
static uint32_t register_count;

static volatile uint32_t *cell(uint32_t address)
{
    for (uint32_t i = 0; i < register_count; i++)
        if (registers[i].address == address)
            return &registers[i].value;
    CHECK(register_count < MOST_REGISTERS);
    registers[register_count].address = address;
    registers[register_count].value = 0;
    return &registers[register_count++].value;
}

static uint32_t flash_content[RF_FLASH_BYTES / 4];

static int in_flash(uint32_t address)
{
    return address >= RF_FLASH_BASE && address - RF_FLASH_BASE < RF_FLASH_BYTES;
}

/* ---- the flash controller ---- */

static int stuck, protects, erases, words, wrong_writes;
static uint32_t keys_seen[2], busy[2];

typedef struct {
    uint32_t key, control, status, clear; /* addresses; clear 0: ones written to status clear it */
    uint32_t busy, lock, program, erase, start, error;
} controller;

#if defined(MODEL_SECTORS)
static const controller controllers[1] = {
    {0x40023c04u, 0x40023c10u, 0x40023c0cu, 0, 1u << 16, 1u << 31, 1u, 2u, 1u << 16, 1u << 4}};
#elif defined(MODEL_BANKS)
#if defined(RF_STM32H7A3)
#define H7_START (1u << 5)
#else
#define H7_START (1u << 7)
#endif
static const controller controllers[2] = {
    {0x52002004u, 0x5200200cu, 0x52002010u, 0x52002014u, 7u, 1u, 2u, 4u, H7_START, 1u << 17},
    {0x52002104u, 0x5200210cu, 0x52002110u, 0x52002114u, 7u, 1u, 2u, 4u, H7_START, 1u << 17}};
#else
#if defined(MODEL_U5)
#define PAGES_STATUS 0x40022020u
#define PAGES_CONTROL 0x40022028u
#else
#define PAGES_STATUS 0x40022010u
#define PAGES_CONTROL 0x40022014u
#endif
static const controller controllers[1] = {
    {0x40022008u, PAGES_CONTROL, PAGES_STATUS, 0, 1u << 16, 1u << 31, 1u, 2u, 1u << 16, 1u << 4}};
#endif
#define CONTROLLERS (sizeof controllers / sizeof controllers[0])

/* First byte and size of what an erase takes, from the control register. */
static void erased_range(uint32_t bank, uint32_t control, uint32_t *first, uint32_t *bytes)
{
#if defined(MODEL_SECTORS)
    const uint32_t number = (control >> 3) & 0xfu;
    const uint32_t small = MODEL_SECTORS, large = 8 * small; /* four small ones, one of four times, then of eight times the size */
    (void)bank;
    *bytes = number < 4 ? small : number == 4 ? 4 * small : large;
    *first = number < 4 ? number * small : number == 4 ? 4 * small : large * (number - 4);
#elif defined(RF_STM32H7A3)
    *bytes = 0x2000u;
    *first = bank * (RF_FLASH_BYTES / 2) + ((control >> 6) & 0x7fu) * *bytes;
#elif defined(MODEL_BANKS)
    *bytes = 0x20000u;
    *first = bank * (RF_FLASH_BYTES / 2) + ((control >> 8) & 7u) * *bytes;
#else
    (void)bank;
    *bytes = MODEL_PAGES;
    *first = ((control >> 11) & 1u) * (RF_FLASH_BYTES / 2) + ((control >> 3) & 0xffu) * *bytes;
#endif
}

static uint32_t bank_of(uint32_t address)
{
    return CONTROLLERS == 2 && address - RF_FLASH_BASE >= RF_FLASH_BYTES / 2;
}

static void wrote_control(uint32_t bank, uint32_t before, uint32_t after)
{
    const controller *c = &controllers[bank];
    if (before & c->lock) {
        *cell(c->control) = before;
        wrong_writes += (after & ~c->lock) != (before & ~c->lock);
        return;
    }
    if ((after & c->start) && (after & c->erase)) {
        uint32_t first, bytes;
        erased_range(bank, after, &first, &bytes);
        if (protects) {
            *cell(c->status) |= c->error;
        } else {
            CHECK(first + bytes <= RF_FLASH_BYTES);
            memset((uint8_t *)flash_content + first, 0xff, bytes);
        }
        erases++;
        *cell(c->control) &= ~c->start;
        busy[bank] = 3;
    }
}

static void wrote_flash(uint32_t address, uint32_t before, uint32_t after)
{
    const uint32_t bank = bank_of(address);
    const controller *c = &controllers[bank];
    const uint32_t control = *cell(c->control);
    uint32_t *content = &flash_content[(address - RF_FLASH_BASE) / 4];
    if ((control & c->lock) || !(control & c->program) || protects) {
        *content = before;
        *cell(c->status) |= c->error;
        wrong_writes += !protects;
        return;
    }
    *content = before & after;
    words++;
    busy[bank] = 2;
}

static void wrote(uint32_t address, uint32_t before, uint32_t after)
{
    if (in_flash(address)) {
        wrote_flash(address, before, after);
        return;
    }
    for (uint32_t bank = 0; bank < CONTROLLERS; bank++) {
        const controller *c = &controllers[bank];
        if (address == c->key) {
            keys_seen[bank] = after == 0x45670123u ? 1 : keys_seen[bank] == 1 && after == 0xcdef89abu ? 2 : 0;
            if (keys_seen[bank] == 2)
                *cell(c->control) &= ~c->lock;
            *cell(address) = 0; /* keys and clears read as nothing */
        } else if (address == c->control) {
            wrote_control(bank, before, after);
        } else if (address == c->status && c->clear == 0) {
            *cell(address) = before & ~after;
        } else if (address == c->clear) {
            *cell(c->status) &= ~after;
            *cell(address) = 0;
        }
    }
}

/* ---- the clock tree: what is asked for is ready at once, or never ---- */

static int clocks_work;

static void answer_clock_requests(void)
{
    if (!clocks_work)
        return;
    const uint32_t rcc = *cell(RCC_CR);
    *cell(RCC_CR) = rcc | ((rcc & ((1u << 16) | (1u << 24))) << 1) | ((rcc & (1u << 8)) << 2) | 2u;
    /* Power: bits that say ready, whichever register of these the family has. */
    *cell(0x40007004u) |= (1u << 16) | (1u << 17);
    *cell(0x58024804u) |= 1u << 13;
    *cell(0x58024818u) |= 1u << 13;
    *cell(0x4602080cu) |= (1u << 15) | (1u << 14);
    /* The system clock's switch shows what was chosen. */
#if defined(MODEL_SECTORS) || defined(MODEL_L4)
    volatile uint32_t *switched = cell(RCC_BASE + 0x08u);
    *switched = (*switched & ~(3u << 2)) | ((*switched & 3u) << 2);
#elif defined(MODEL_BANKS)
    volatile uint32_t *switched = cell(RCC_BASE + 0x10u);
    *switched = (*switched & ~(7u << 3)) | ((*switched & 7u) << 3);
#else
    volatile uint32_t *switched = cell(RCC_BASE + 0x1cu);
    *switched = (*switched & ~(3u << 2)) | ((*switched & 3u) << 2);
#endif
}

static uint32_t last_address, last_value;
static volatile uint32_t *last;

volatile uint32_t *mock_register(uint32_t address)
{
    if (last && *last != last_value)
        wrote(last_address, last_value, *last);
    for (uint32_t bank = 0; bank < CONTROLLERS; bank++) {
        volatile uint32_t *status = cell(controllers[bank].status);
        *status = busy[bank] || stuck ? *status | controllers[bank].busy : *status & ~controllers[bank].busy;
        if (busy[bank] > 0 && address == controllers[bank].status)
            busy[bank]--; /* each look at it is time that goes by */
    }
    answer_clock_requests();
    last = in_flash(address) ? (volatile uint32_t *)&flash_content[(address - RF_FLASH_BASE) / 4] : cell(address);
    last_address = address;
    last_value = *last;
    return last;
}

uint32_t mock_poll(volatile uint32_t *reg)
{
    CHECK(reg == last); /* as reached() is called: with the register that was named last */
    (void)mock_register(last_address);
    return *reg;
}

/* ---- tests ---- */

static void test_clock(void)
{
    clocks_work = 0;
    const stm32_clocks stopped = family_start_clock();
    CHECK(stopped.core_hz > 0 && stopped.core_hz <= 64000000u && stopped.core_hz == stopped.bus_hz[0]);
    CHECK(stopped.timer_cycles == 1);
    register_count = 0;
    last = NULL;
    clocks_work = 1;
    const stm32_clocks running = family_start_clock();
    CHECK(running.core_hz == RF_CLOCK_HZ);
    /* The oscillator's frequency through the dividers that were written gives the board's clock. */
#if defined(MODEL_SECTORS)
    const uint32_t pll = *cell(RCC_BASE + 0x04u);
    CHECK((uint64_t)RF_OSCILLATOR_HZ / (pll & 0x3fu) * ((pll >> 6) & 0x1ffu) / 2 == RF_CLOCK_HZ);
    CHECK(((pll >> 16) & 3u) == 0 && ((pll >> 22) & 1u) == !RF_OSCILLATOR_INTERNAL && ((pll >> 24) & 0xfu) >= 2);
    CHECK(running.bus_hz[BUS_APB1] == RF_CLOCK_HZ / 4 && running.bus_hz[BUS_APB2] == RF_CLOCK_HZ / 2);
    CHECK((*cell(0x40023c00u) & 0xfu) == (RF_CLOCK_HZ - 1) / 30000000u); /* a wait state for each 30 MHz */
#elif defined(MODEL_BANKS)
    const uint32_t input = (*cell(RCC_BASE + 0x28u) >> 4) & 0x3fu, dividers = *cell(RCC_BASE + 0x30u);
    CHECK((uint64_t)RF_OSCILLATOR_HZ / input * ((dividers & 0x1ffu) + 1) / (((dividers >> 9) & 0x7fu) + 1) == RF_CLOCK_HZ);
    CHECK((*cell(RCC_BASE + 0x28u) & 3u) == 2 && *cell(0x52002000u) != 0);
#elif defined(MODEL_L4)
    const uint32_t pll = *cell(RCC_BASE + 0x0cu);
    CHECK((uint64_t)RF_OSCILLATOR_HZ / (((pll >> 4) & 0xfu) + 1) * ((pll >> 8) & 0x7fu) / 2 == RF_CLOCK_HZ);
    CHECK(((pll >> 25) & 3u) == 0 && (*cell(0x40022000u) & 0xfu) == 5);
#else
    const uint32_t pll = *cell(RCC_BASE + 0x28u), dividers = *cell(RCC_BASE + 0x34u);
    CHECK((uint64_t)RF_OSCILLATOR_HZ / (((pll >> 8) & 0xfu) + 1) * ((dividers & 0x1ffu) + 1) /
              (((dividers >> 24) & 0x7fu) + 1) == RF_CLOCK_HZ);
    CHECK((*cell(0x40022000u) & 0xfu) == 4);
#endif
}

static void fresh_flash(void)
{
    (void)mock_register(0); /* nothing is left to take effect */
    memset(flash_content, 0x5a, sizeof flash_content);
    for (uint32_t bank = 0; bank < CONTROLLERS; bank++)
        *cell(controllers[bank].control) = controllers[bank].lock;
    stuck = protects = erases = words = wrong_writes = 0;
}

static int is_locked(void)
{
    (void)mock_register(0); /* lets the last write take effect */
    for (uint32_t bank = 0; bank < CONTROLLERS; bank++)
        if (!(*cell(controllers[bank].control) & controllers[bank].lock))
            return 0;
    return 1;
}

static void test_sector(const rf_loader_flash *flash, uint32_t address, uint32_t bytes)
{
    uint8_t word[32], back[32];
    fresh_flash();
    CHECK(flash->erase(flash->context, address, bytes));
    CHECK(erases == 1 && wrong_writes == 0 && is_locked());
    const uint8_t *content = (const uint8_t *)flash_content;
    for (uint32_t i = 0; i < RF_FLASH_BYTES; i++) {
        const uint32_t at = RF_FLASH_BASE + i;
        CHECK(content[i] == (at >= address && at - address < bytes ? 0xff : 0x5a));
    }
    for (uint32_t i = 0; i < sizeof word; i++)
        word[i] = (uint8_t)(37 * i + 1);
    const uint32_t last = address + bytes - flash->word_bytes;
    CHECK(flash->program(flash->context, last, word) && is_locked());
    CHECK(words == (int)flash->word_bytes / 4 && wrong_writes == 0);
    flash->read(flash->context, last, back, flash->word_bytes);
    CHECK(memcmp(word, back, flash->word_bytes) == 0);
    protects = 1;
    CHECK(!flash->program(flash->context, address, word) && !flash->erase(flash->context, address, bytes));
    CHECK(is_locked());
    protects = 0;
    stuck = 1;
    CHECK(!flash->program(flash->context, address, word) && !flash->erase(flash->context, address, bytes));
}

int main(void)
{
    test_clock();
#if defined(MODEL_OPTR)
    *cell(0x40022020u) = MODEL_OPTR;
#endif
    const rf_loader_flash *flash = family_flash();
    CHECK(flash->base == RF_FLASH_BASE + RF_LOADER_BYTES && flash->bytes == RF_FLASH_BYTES - RF_LOADER_BYTES);
    uint32_t address = flash->base, number = 0;
    for (uint32_t run = 0; run < flash->run_count; run++)
        for (uint32_t i = 0; i < flash->runs[run].count; i++, number++, address += flash->runs[run].bytes)
            if (number < 6 || number % 61 == 0 || address + flash->runs[run].bytes == flash->base + flash->bytes)
                test_sector(flash, address, flash->runs[run].bytes);
    CHECK(address == flash->base + flash->bytes);
    printf("%u %u", (unsigned)number, (unsigned)flash->word_bytes);
    return 0;
}
