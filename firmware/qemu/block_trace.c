/*
 * A plug-in of QEMU's system emulators that records which code a network's inference runs, for a model of cycles: how often
 * each block of instructions followed each other one, and what a chip's caches would have missed on the way. It counts; what
 * that costs is decided elsewhere (src/profile/cycles).
 *
 * Over 400 lines because the emulator takes a plug-in as one file that any host compiler makes.
 *
 * Options, addresses in hexadecimal: out=PATH, invoke=A (the function that runs the network; every call is a run),
 * begin=A and end=A (the firmware's hooks around an operator: they cut a run into windows and are left out of it),
 * flash=A-B and sram=A-B (memory from A up to B: read through flash and its cache; behind the data cache), data=SxWxL and
 * fetch=SxWxL (a cache of S sets of W lines of L bytes, least recently used replaced first). sram and fetch may be missing.
 *
 * Text written, a run as soon as it has ended:
 *   block ID ADDRESS BYTES           before its first use; what lies there is in the image
 *   run NUMBER
 *   window NUMBER FLASH-LOADS FLASH-MISSES SRAM-MISSES FETCH-MISSES HALF WORD-AT-HALF WORD-AT-BYTE   (the last three unaligned)
 *   edge FROM TO COUNT               blocks by ID; FROM is - for a run's first block
 *   done
 * Window 0 is what runs outside of operators; window k the k-th time that an operator ran. Nothing in it depends on time
 * or on addresses of the host, so equal runs give equal bytes, unless the emulator cuts blocks by -icount.
 *
 * Debian ships no qemu-plugin.h, so the prototypes are declared here. Source: QEMU 7.2, docs/devel/tcg-plugins.rst and
 * the symbol list of `qemu-system-arm`; API version 1.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void (*tb_translated)(plugin_id id, struct qemu_plugin_tb *tb);
typedef void (*tb_executed)(unsigned int cpu, void *context);
typedef void (*memory_accessed)(unsigned int cpu, uint32_t info, uint64_t address, void *context);

enum { NO_REGISTERS = 0, READS_AND_WRITES = 3 };

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, tb_translated callback);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, tb_executed callback, int flags, void *context);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, memory_accessed callback, int flags, int direction,
                                      void *context);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
unsigned int qemu_plugin_mem_size_shift(uint32_t info);

int qemu_plugin_version = 1;
int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv);

/* ---- caches ---- */

enum { MOST_WAYS = 16, MOST_SETS = 1024 };

typedef struct {
    uint32_t sets, ways, line_bytes;
    uint32_t lines[MOST_SETS][MOST_WAYS]; /* number of the line plus one, the most recently used first */
} cache;

static cache data_cache, fetch_cache;

/* Whether a line had to be fetched; it is the most recently used one then. */
static bool misses(cache *c, uint32_t line)
{
    uint32_t *set = c->lines[line % c->sets];
    const uint32_t tag = line + 1;
    uint32_t carried = set[0];
    if (carried == tag)
        return false;
    set[0] = tag;
    for (uint32_t way = 1; way < c->ways; way++) {
        const uint32_t here = set[way];
        set[way] = carried;
        if (here == tag)
            return false;
        carried = here;
    }
    return true;
}

static uint32_t line_misses(cache *c, uint32_t address, uint32_t bytes)
{
    uint32_t count = 0;
    const uint32_t last = (address + bytes - 1) / c->line_bytes;
    for (uint32_t line = address / c->line_bytes; line <= last; line++)
        count += misses(c, line);
    return count;
}

/* ---- blocks and edges ---- */

typedef struct edge edge;

typedef struct block {
    uint32_t address, bytes;
    int32_t number; /* in the file; -1 before it has been written */
    bool is_call;
    uint8_t *code;
    struct block *next; /* of the same hash */
    const struct block *recent_from[2];
    edge *recent[2];
} block;

struct edge {
    const block *from;
    block *to;
    uint64_t count; /* in this window */
    edge *next;
};

enum { BUCKETS = 1 << 14 };

static block *blocks[BUCKETS];
static edge *edges[BUCKETS];

/* Edges of this window in the order of their first use. */
static edge **touched;
static size_t touched_count, touched_room;

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

static unsigned halfword(const uint8_t *code) { return code[0] | (unsigned)code[1] << 8; }

static bool is_call(const uint8_t *code, size_t bytes)
{
    if (bytes == 2)
        return (halfword(code) & 0xff87u) == 0x4780u; /* BLX register */
    return (halfword(code) & 0xf800u) == 0xf000u && (halfword(code + 2) & 0xd000u) == 0xd000u; /* BL */
}

/* The block of a piece of code. QEMU may translate the same one again, or another of another length from the same address. */
static block *block_of(const struct qemu_plugin_tb *tb)
{
    uint8_t code[2 * 1024];
    size_t bytes = 0, last = 0;
    const size_t count = qemu_plugin_tb_n_insns(tb);
    for (size_t i = 0; i < count; i++) {
        const struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        const uint8_t *data = qemu_plugin_insn_data(insn);
        if (qemu_plugin_insn_size(insn) < 2)
            return NULL; /* the jump to an exception's return is no code */
        /* Not by its size: in front of an instruction across two pages QEMU has read on, and counts that in. */
        last = halfword(data) < 0xe800u ? 2 : 4;
        if (qemu_plugin_insn_size(insn) < last || bytes + last > sizeof code)
            abort(); /* QEMU ends a block after 512 instructions */
        memcpy(code + bytes, data, last);
        bytes += last;
    }
    if (bytes == 0)
        return NULL;
    const uint32_t address = (uint32_t)qemu_plugin_tb_vaddr(tb);
    block **bucket = &blocks[(address >> 1) % BUCKETS];
    for (block *b = *bucket; b; b = b->next) {
        if (b->address == address && b->bytes == bytes && memcmp(b->code, code, bytes) == 0)
            return b;
    }
    block *fresh = must(calloc(1, sizeof *fresh));
    fresh->address = address;
    fresh->bytes = (uint32_t)bytes;
    fresh->number = -1;
    fresh->is_call = is_call(code + bytes - last, last);
    fresh->code = must(malloc(bytes));
    memcpy(fresh->code, code, bytes);
    fresh->next = *bucket;
    *bucket = fresh;
    return fresh;
}

static edge *find_edge(const block *from, block *to)
{
    const size_t hash = ((from ? from->address : 1u) * 31u + to->address) / 2 % BUCKETS;
    for (edge *e = edges[hash]; e; e = e->next) {
        if (e->from == from && e->to == to)
            return e;
    }
    edge *fresh = must(calloc(1, sizeof *fresh));
    fresh->from = from;
    fresh->to = to;
    fresh->next = edges[hash];
    edges[hash] = fresh;
    return fresh;
}

/* A loop comes from itself or from one other block: two are remembered. */
static edge *edge_to(const block *from, block *to)
{
    if (to->recent[0] && to->recent_from[0] == from)
        return to->recent[0];
    edge *found = to->recent[1] && to->recent_from[1] == from ? to->recent[1] : find_edge(from, to);
    to->recent[1] = to->recent[0];
    to->recent_from[1] = to->recent_from[0];
    to->recent[0] = found;
    to->recent_from[0] = from;
    return found;
}

static void count_edge(const block *from, block *to)
{
    edge *e = edge_to(from, to);
    if (e->count++ > 0)
        return;
    if (touched_count == touched_room) {
        touched_room = touched_room ? 2 * touched_room : 1024;
        touched = must(realloc(touched, touched_room * sizeof *touched));
    }
    touched[touched_count++] = e;
}

/* ---- windows and runs ---- */

typedef struct {
    uint32_t from, to;
} range;

static bool holds(range r, uint32_t address) { return address - r.from < r.to - r.from; }

static struct {
    uint64_t flash_loads, flash_misses, sram_misses, fetch_misses, half, word_at_half, word_at_byte;
} counted;

static FILE *file;
static uint32_t invoke_at, begin_at, end_at;
static range flash, sram;

static enum { OUTSIDE, RUNNING, IN_HOOK } state;
static uint32_t run_number, window_number, window_now, resume_at, finish_at;
static int32_t blocks_written;
static const block *previous;

/* Where the calls on the way return to: a hook may be left to return for its caller. */
static uint32_t calls[256];
static size_t call_depth;

static void write_block(block *b)
{
    b->number = blocks_written++;
    fprintf(file, "block %d %x %u\n", (int)b->number, (unsigned)b->address, (unsigned)b->bytes);
}

/* Writes what this window holds and begins another. */
static void next_window(uint32_t number)
{
    for (size_t i = 0; i < touched_count; i++) {
        if (touched[i]->to->number < 0)
            write_block(touched[i]->to);
    }
    if (touched_count > 0) {
        fprintf(file, "window %u %llu %llu %llu %llu %llu %llu %llu\n", (unsigned)window_now,
                (unsigned long long)counted.flash_loads, (unsigned long long)counted.flash_misses,
                (unsigned long long)counted.sram_misses, (unsigned long long)counted.fetch_misses,
                (unsigned long long)counted.half, (unsigned long long)counted.word_at_half,
                (unsigned long long)counted.word_at_byte);
    }
    for (size_t i = 0; i < touched_count; i++) {
        edge *e = touched[i];
        if (e->from)
            fprintf(file, "edge %d %d %llu\n", (int)e->from->number, (int)e->to->number, (unsigned long long)e->count);
        else
            fprintf(file, "edge - %d %llu\n", (int)e->to->number, (unsigned long long)e->count);
        e->count = 0;
    }
    touched_count = 0;
    memset(&counted, 0, sizeof counted);
    window_now = number;
}

/* Where the function that has just been entered returns to. */
static uint32_t return_address(void)
{
    if (previous && previous->is_call)
        return previous->address + previous->bytes;
    return call_depth > 0 ? calls[--call_depth] : 0;
}

static void begin_run(void)
{
    if (!previous || !previous->is_call)
        return; /* the firmware calls it through a pointer; anything else is not a run */
    finish_at = previous->address + previous->bytes;
    previous = NULL;
    call_depth = 0;
    state = RUNNING;
    window_number = window_now = 0;
    fprintf(file, "run %u\n", (unsigned)run_number++);
}

static void end_run(void)
{
    next_window(0);
    fputs("done\n", file);
    fflush(file);
    state = OUTSIDE;
}

/* Keeps `calls` true when `b` follows the previous block by a jump. */
static void follow(const block *b)
{
    if (!previous || b->address == previous->address + previous->bytes)
        return;
    for (size_t depth = call_depth; depth > 0; depth--) {
        if (calls[depth - 1] == b->address) {
            call_depth = depth - 1;
            return;
        }
    }
    if (previous->is_call && call_depth < sizeof calls / sizeof calls[0])
        calls[call_depth++] = previous->address + previous->bytes;
}

static void executed(unsigned int cpu, void *context)
{
    block *b = context;
    (void)cpu;
    if (state == OUTSIDE && b->address == invoke_at)
        begin_run();
    if (state == IN_HOOK && b->address == resume_at)
        state = RUNNING;
    if (state == RUNNING && b->address == finish_at)
        end_run();
    if (state == RUNNING && (b->address == begin_at || b->address == end_at)) {
        next_window(b->address == begin_at ? ++window_number : 0);
        resume_at = return_address();
        state = IN_HOOK;
    }
    if (state == IN_HOOK)
        return; /* `previous` stays: to the network a hook is an instruction that does nothing */
    if (state == RUNNING) {
        follow(b);
        count_edge(previous, b);
        if (fetch_cache.sets > 0)
            counted.fetch_misses += line_misses(&fetch_cache, b->address, b->bytes);
    }
    previous = b;
}

static void accessed(unsigned int cpu, uint32_t info, uint64_t address64, void *context)
{
    const uint32_t address = (uint32_t)address64;
    (void)cpu;
    (void)context;
    if (state != RUNNING)
        return;
    const unsigned shift = qemu_plugin_mem_size_shift(info);
    if (shift == 1)
        counted.half += address & 1u;
    if (shift == 2 && (address & 3u) != 0)
        *(address & 1u ? &counted.word_at_byte : &counted.word_at_half) += 1;
    if (holds(flash, address)) {
        counted.flash_loads++;
        counted.flash_misses += line_misses(&data_cache, address, 1u << shift);
    } else if (holds(sram, address)) {
        counted.sram_misses += line_misses(&data_cache, address, 1u << shift);
    }
}

static void translated(plugin_id id, struct qemu_plugin_tb *tb)
{
    (void)id;
    block *b = block_of(tb);
    if (!b)
        return;
    qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, NO_REGISTERS, b);
    const size_t count = qemu_plugin_tb_n_insns(tb);
    for (size_t i = 0; i < count; i++)
        qemu_plugin_register_vcpu_mem_cb(qemu_plugin_tb_get_insn(tb, i), accessed, NO_REGISTERS, READS_AND_WRITES, NULL);
}

/* ---- options ---- */

static bool read_cache(const char *text, cache *c)
{
    unsigned sets, ways, line_bytes;
    if (sscanf(text, "%ux%ux%u", &sets, &ways, &line_bytes) != 3)
        return false;
    if (sets < 1 || sets > MOST_SETS || ways < 1 || ways > MOST_WAYS || line_bytes < 4)
        return false;
    c->sets = sets;
    c->ways = ways;
    c->line_bytes = line_bytes;
    return true;
}

static bool read_range(const char *text, range *r)
{
    unsigned from, to;
    if (sscanf(text, "%x-%x", &from, &to) != 2 || from > to)
        return false;
    *r = (range){from, to};
    return true;
}

static bool read_address(const char *text, uint32_t *address)
{
    unsigned value;
    if (sscanf(text, "%x", &value) != 1)
        return false;
    *address = value;
    return true;
}

static bool read_option(const char *text)
{
    const char *value = strchr(text, '=');
    if (!value)
        return false;
    const size_t length = (size_t)(value++ - text);
    const struct {
        const char *name;
        uint32_t *address;
        range *range;
        cache *cache;
    } options[] = {
        {"invoke", &invoke_at, NULL, NULL}, {"begin", &begin_at, NULL, NULL},   {"end", &end_at, NULL, NULL},
        {"flash", NULL, &flash, NULL},      {"sram", NULL, &sram, NULL},        {"data", NULL, NULL, &data_cache},
        {"fetch", NULL, NULL, &fetch_cache},
    };
    if (length == 3 && strncmp(text, "out", length) == 0)
        return (file = fopen(value, "w")) != NULL;
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (strlen(options[i].name) != length || strncmp(text, options[i].name, length) != 0)
            continue;
        if (options[i].address)
            return read_address(value, options[i].address);
        return options[i].range ? read_range(value, options[i].range) : read_cache(value, options[i].cache);
    }
    return false;
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (!read_option(argv[i])) {
            fprintf(stderr, "block_trace: bad option %s\n", argv[i]);
            return 1;
        }
    }
    if (!file || !invoke_at || !begin_at || !end_at || data_cache.sets == 0)
        return 1;
    fputs("reflow-trace 1\n", file);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
