/* The resident loader over a virtual flash: its rules, power cuts at every word, damaged and random frames. */
#include "rf_loader.h"
#include "rf_serve.h"

#include "check.h"
#include "virtual_flash.h"

#define BASE 0x08004000u
#define BYTES 0xc000u
#define SECTOR 0x4000u

static uint8_t content[BYTES], programmed[BYTES / 4];
static uint32_t reprograms, erases;
static jmp_buf out;
static virtual_flash memory;
static rf_loader_flash flash;
static const rf_loader_run runs[] = {{3, SECTOR}};

static uint8_t sent[4096];
static uint32_t sent_bytes;
static rf_loader loader;

static void keep(void *context, const uint8_t *bytes, uint32_t count)
{
    (void)context;
    CHECK(sent_bytes + count <= sizeof sent);
    memcpy(sent + sent_bytes, bytes, count);
    sent_bytes += count;
}

static void power_up(void)
{
    rf_loader_init(&loader, &flash, keep, NULL, "test");
}

static void new_chip(uint32_t word_bytes, int ecc)
{
    memset(content, 0xff, sizeof content);
    memset(programmed, 0, sizeof programmed);
    reprograms = erases = 0;
    memory = (virtual_flash){BASE, BYTES, word_bytes, ecc, content, programmed, &reprograms, &erases, -1, &out, NULL};
    flash = (rf_loader_flash){&memory, BASE, BYTES, word_bytes, runs, 1, virtual_erase, virtual_program, virtual_read};
    power_up();
}

static uint16_t sequence;
static uint8_t message[RF_WIRE_MESSAGE_BYTES];
static uint8_t reply[RF_WIRE_MESSAGE_BYTES];

static void to_loader(void *context, const uint8_t *bytes, uint32_t count)
{
    (void)context;
    for (uint32_t i = 0; i < count; i++)
        rf_loader_push(&loader, bytes[i]);
}

/* Sends a request and returns the length of the one answer, which lies in reply; its type is reply[1]. */
static uint32_t ask(uint8_t type, const void *body, uint32_t bytes, int again)
{
    sequence = (uint16_t)(again ? sequence : sequence + 1);
    message[0] = RF_WIRE_VERSION;
    message[1] = type;
    message[2] = (uint8_t)sequence;
    message[3] = (uint8_t)(sequence >> 8);
    memcpy(message + 4, body, bytes);
    sent_bytes = 0;
    rf_wire_send(message, 4 + bytes, to_loader, NULL);
    rf_wire_decoder decoder;
    rf_wire_decoder_init(&decoder, reply, sizeof reply);
    uint32_t length = 0;
    for (uint32_t i = 0; i < sent_bytes; i++) {
        const int32_t got = rf_wire_push(&decoder, sent[i]);
        CHECK(got != RF_WIRE_CORRUPT);
        if (got > 0) {
            CHECK(length == 0);
            length = (uint32_t)got;
        }
    }
    CHECK(length >= 4 && reply[2] == (uint8_t)sequence && reply[3] == (uint8_t)(sequence >> 8));
    return length;
}

static void word_to(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t word_at(const uint8_t *from)
{
    return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

/* 0 when it was done, else the error. */
static uint8_t outcome(uint8_t type)
{
    if (reply[1] == (type | RF_LOADER_ANSWER))
        return 0;
    CHECK(reply[1] == RF_LOADER_ERROR && reply[5] == type);
    return reply[4];
}

static uint8_t erase(uint32_t address)
{
    uint8_t body[4];
    word_to(body, address);
    ask(RF_LOADER_ERASE, body, 4, 0);
    return outcome(RF_LOADER_ERASE);
}

static uint8_t write(uint32_t address, const uint8_t *bytes, uint32_t count, int again)
{
    uint8_t body[4 + RF_WIRE_DATA_BYTES];
    word_to(body, address);
    memcpy(body + 4, bytes, count);
    ask(RF_LOADER_WRITE, body, 4 + count, again);
    return outcome(RF_LOADER_WRITE);
}

static uint32_t crc(uint32_t address, uint32_t bytes)
{
    uint8_t body[8];
    word_to(body, address);
    word_to(body + 4, bytes);
    ask(RF_LOADER_CRC, body, 8, 0);
    CHECK(outcome(RF_LOADER_CRC) == 0);
    return word_at(reply + 4);
}

static uint8_t commit(const uint8_t *image, uint32_t bytes, uint32_t wanted)
{
    uint8_t body[8 + RF_LOADER_HEAD_BYTES];
    word_to(body, bytes);
    word_to(body + 4, wanted);
    memcpy(body + 8, image, RF_LOADER_HEAD_BYTES);
    ask(RF_LOADER_COMMIT, body, sizeof body, 0);
    return outcome(RF_LOADER_COMMIT);
}

static uint8_t start(void)
{
    ask(RF_LOADER_START, "", 0, 0);
    return outcome(RF_LOADER_START);
}

static uint8_t image[BYTES];

static void make_image(uint32_t seed)
{
    for (uint32_t i = 0; i < sizeof image; i++)
        image[i] = (uint8_t)random_next(&seed);
    memset(image + 0x5000, 0xff, 0x400); /* a gap, as between sections */
    word_to(image, 0x20001000u);
    word_to(image + 4, BASE + 0x101u);
}

/* What a host does: every sector whose CRC differs, the first one always and first, its head last. */
static void flash_image(void)
{
    for (uint32_t sector = BASE; sector < BASE + BYTES; sector += SECTOR) {
        const uint8_t *from = image + (sector - BASE);
        if (sector != BASE && crc(sector, SECTOR) == rf_wire_crc32(0, from, SECTOR))
            continue;
        CHECK(erase(sector) == 0);
        for (uint32_t at = sector == BASE ? RF_LOADER_HEAD_BYTES : 0; at < SECTOR;) {
            const uint32_t count = SECTOR - at < RF_WIRE_DATA_BYTES ? SECTOR - at : RF_WIRE_DATA_BYTES;
            CHECK(write(sector + at, from + at, count, 0) == 0);
            at += count;
        }
    }
    CHECK(commit(image, BYTES, rf_wire_crc32(0, image, BYTES)) == 0);
}

static void test_info(void)
{
    new_chip(16, 1);
    CHECK(ask(RF_LOADER_INFO, "", 0, 0) == 4 + 14 + 6 + 1 + 4);
    CHECK(outcome(RF_LOADER_INFO) == 0 && reply[4] == RF_LOADER_VERSION && reply[5] == 0);
    CHECK(word_at(reply + 8) == BASE && word_at(reply + 12) == BYTES && reply[16] == 16 && reply[17] == 1);
    CHECK(reply[18] == 3 && word_at(reply + 20) == SECTOR && reply[24] == 4 && memcmp(reply + 25, "test", 4) == 0);
    /* Its errors are those of the server of networks, so that a host can tell the two apart. */
    CHECK((int)RF_LOADER_E_REQUEST == (int)RF_E_REQUEST && (int)RF_LOADER_E_CORRUPT == (int)RF_E_CORRUPT);
    power_up();
    ask(RF_IDENTIFY, "", 0, 0);
    CHECK(outcome(RF_IDENTIFY) == RF_LOADER_E_REQUEST && !loader.heard);
    /* While it listens, a host that waits for the application hears nothing from the loader. */
    loader.listening = 1;
    message[1] = RF_IDENTIFY;
    sent_bytes = 0;
    rf_wire_send(message, 4, to_loader, NULL);
    CHECK(sent_bytes == 0 && !loader.heard);
    ask(RF_LOADER_INFO, "", 0, 0);
    CHECK(outcome(RF_LOADER_INFO) == 0 && loader.heard);
}

static void test_flash(uint32_t word_bytes, int ecc)
{
    new_chip(word_bytes, ecc);
    make_image(word_bytes);
    CHECK(start() == RF_LOADER_E_EMPTY && !loader.start);
    flash_image();
    CHECK(memcmp(content, image, BYTES) == 0 && reprograms == 0 && erases == 3);
    CHECK(rf_loader_has_application(&loader));
    CHECK(start() == 0 && loader.start);
}

static void test_order(void)
{
    new_chip(8, 1);
    make_image(7);
    CHECK(write(BASE + 64, image, 8, 0) == RF_LOADER_E_ORDER); /* nothing was erased */
    CHECK(erase(BASE + 8) == RF_LOADER_E_RANGE && erase(BASE - SECTOR) == RF_LOADER_E_RANGE);
    CHECK(erase(BASE) == 0);
    CHECK(write(BASE, image, 32, 0) == RF_LOADER_E_ORDER); /* the head is COMMIT's */
    CHECK(write(BASE + 64, image, 12, 0) == RF_LOADER_E_RANGE && write(BASE + 36, image, 8, 0) == RF_LOADER_E_RANGE);
    CHECK(write(BASE + 64, image, 16, 0) == 0);
    CHECK(write(BASE + 64, image, 16, 1) == 0);                 /* the same request again is not done again */
    CHECK(write(BASE + 64, image, 16, 0) == RF_LOADER_E_ORDER); /* a new one would write a word twice */
    CHECK(write(BASE + 72, image, 8, 0) == RF_LOADER_E_ORDER);
    CHECK(write(BASE + SECTOR, image, 8, 0) == RF_LOADER_E_ORDER);
    CHECK(write(BASE + SECTOR - 8, image, 16, 0) == RF_LOADER_E_ORDER);
    CHECK(erase(BASE + SECTOR) == 0 && write(BASE + 96, image, 8, 0) == RF_LOADER_E_ORDER);
    CHECK(commit(image, BYTES, 0) == RF_LOADER_E_CRC && commit(image, 31, 0) == RF_LOADER_E_RANGE);
    power_up();
    CHECK(commit(image, BYTES, 0) == RF_LOADER_E_ORDER); /* not erased since the loader started */
    CHECK(reprograms == 0);
}

/* The supply fails at the n-th word or erase, for every n: the loader then never starts a half-written application. */
static uint8_t restore(uint32_t address, uint32_t bytes)
{
    uint8_t body[8];
    word_to(body, address);
    word_to(body + 4, bytes);
    ask(RF_LOADER_RESTORE, body, 8, 0);
    return outcome(RF_LOADER_RESTORE);
}

static uint8_t keep_sector(uint32_t address)
{
    uint8_t body[4];
    word_to(body, address);
    ask(RF_LOADER_KEEP, body, 4, 0);
    return outcome(RF_LOADER_KEEP);
}

static void test_kept(void)
{
    const uint32_t sector = BASE + SECTOR;
    new_chip(8, 1);
    make_image(5);
    flash_image();
    const uint32_t before = crc(sector, SECTOR);
    CHECK(restore(sector, 64) == RF_LOADER_E_ORDER);
    CHECK(keep_sector(sector + 4) == RF_LOADER_E_RANGE);
    CHECK(keep_sector(sector) == 0 && restore(sector, 64) == RF_LOADER_E_ORDER);
    CHECK(erase(sector) == 0 && crc(sector, SECTOR) != before);
    CHECK(restore(BASE, 64) == RF_LOADER_E_ORDER && restore(sector, SECTOR + 64) == RF_LOADER_E_ORDER);
    CHECK(restore(sector, 64) == 0 && restore(sector, 64) == RF_LOADER_E_ORDER);
    CHECK(write(sector + 64, image + SECTOR + 64, 64, 0) == 0);
    CHECK(restore(sector + 128, SECTOR - 128) == 0 && crc(sector, SECTOR) == before);
}

static void test_power_cuts(uint32_t word_bytes, int ecc)
{
    static volatile int32_t cut;
    for (cut = 0; cut < (int32_t)(BYTES / word_bytes); cut += 97) {
        new_chip(word_bytes, ecc);
        make_image((uint32_t)cut + 1);
        memory.cut_after = cut;
        if (setjmp(out) == 0) {
            flash_image();
            continue;
        }
        memory.cut_after = -1;
        power_up();
        CHECK(!rf_loader_has_application(&loader));
        flash_image();
        CHECK(memcmp(content, image, BYTES) == 0 && reprograms == 0 && erases <= 5);
    }
}

static void test_random_frames(void)
{
    uint32_t seed = 99;
    new_chip(8, 1);
    for (int i = 0; i < 20000; i++) {
        uint8_t body[64];
        const uint32_t bytes = random_next(&seed) % sizeof body;
        for (uint32_t k = 0; k < bytes; k++)
            body[k] = (uint8_t)random_next(&seed);
        if (bytes >= 4 && random_next(&seed) % 2)
            word_to(body, BASE - 16 + random_next(&seed) % (BYTES + 32));
        ask((uint8_t)(random_next(&seed) % 2 ? 0x20 + random_next(&seed) % 6 : random_next(&seed)), body, bytes, 0);
    }
    /* And bytes that are no frames: every answer is a whole frame, and the loader still answers afterwards. */
    for (int i = 0; i < 200000; i++) {
        sent_bytes = 0;
        rf_loader_push(&loader, (uint8_t)(random_next(&seed) % 4 ? random_next(&seed) : 0));
    }
    rf_loader_push(&loader, 0);
    ask(RF_LOADER_INFO, "", 0, 0);
    CHECK(outcome(RF_LOADER_INFO) == 0 && reprograms == 0);
}

int main(void)
{
    test_info();
    test_order();
    test_kept();
    for (uint32_t word = 4; word <= 32; word *= 2) {
        test_flash(word, word > 4);
        test_power_cuts(word, word > 4);
    }
    test_random_frames();
    return 0;
}
