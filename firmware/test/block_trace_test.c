/*
 * The plug-in of qemu/block_trace.c under an emulator of this file's making: blocks of code that run in a given order, accesses to
 * given addresses. Its argument is the file that the plug-in writes; prints nothing when all is well.
 */
#include "../qemu/block_trace.c"

#define CHECK(condition)                                                            \
    do {                                                                            \
        if (!(condition)) {                                                         \
            fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                                \
        }                                                                           \
    } while (0)

/* ---- the emulator ---- */

struct qemu_plugin_insn {
    uint8_t data[6];
    size_t size;
};

struct qemu_plugin_tb {
    uint64_t address;
    size_t count;
    struct qemu_plugin_insn insns[4];
    tb_executed callback;
    void *context;
    memory_accessed access;
};

static tb_translated translate;

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, tb_translated callback)
{
    (void)id;
    translate = callback;
}

void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, tb_executed callback, int flags, void *context)
{
    CHECK(flags == 0);
    tb->callback = callback;
    tb->context = context;
}

static struct qemu_plugin_tb *current;

void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, memory_accessed callback, int flags, int direction,
                                      void *context)
{
    CHECK(insn && flags == 0 && direction == 3 && !context);
    current->access = callback;
}

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb) { return tb->count; }
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb) { return tb->address; }
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index)
{
    return (struct qemu_plugin_insn *)&tb->insns[index];
}
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn) { return insn->data; }
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn) { return insn->size; }
unsigned int qemu_plugin_mem_size_shift(uint32_t info) { return info; }

#define NOP 0xbf00u
#define BLX 0x4798u
#define BX 0x4718u
#define BX_LR 0x4770u

/* A block of a NOP and a last instruction; `peeked` bytes behind it are counted in, as QEMU does at the end of a page. */
static struct qemu_plugin_tb code(uint32_t address, uint32_t last, size_t peeked)
{
    struct qemu_plugin_tb tb = {.address = address, .count = 2};
    const uint32_t both[2] = {NOP, last};
    for (size_t i = 0; i < 2; i++) {
        tb.insns[i].data[0] = (uint8_t)both[i];
        tb.insns[i].data[1] = (uint8_t)(both[i] >> 8);
        tb.insns[i].size = i == 0 ? 2 : 2 + peeked;
    }
    current = &tb;
    translate(0, &tb);
    return tb;
}

static void run(const struct qemu_plugin_tb *tb) { tb->callback(0, tb->context); }

static void touch(const struct qemu_plugin_tb *tb, uint32_t address, uint32_t shift)
{
    tb->access(0, shift, address, NULL);
}

/* ---- the tests ---- */

static void replaces_the_least_recent(void)
{
    static cache c = {.sets = 2, .ways = 2, .line_bytes = 32};
    CHECK(misses(&c, 0) && misses(&c, 2) && !misses(&c, 0)); /* both in set 0 */
    CHECK(misses(&c, 1) && !misses(&c, 1));                  /* set 1 */
    CHECK(misses(&c, 4));                                    /* in place of 2 */
    CHECK(!misses(&c, 0) && misses(&c, 2));
    CHECK(!misses(&c, 1));
    CHECK(line_misses(&c, 0x1fe, 4) == 2); /* lines 15 and 16 */
}

static void refuses_bad_options(void)
{
    char *bad[] = {"out", "data=1x8", "data=1x17x32", "data=0x1x32", "flash=5", "flash=9-8", "begin=x", "other=1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK(!read_option(bad[i]));
}

/* main calls invoke, that an operator between two hooks; the second hook is left to return for the operator's function. */
static void an_inference(void)
{
    const struct qemu_plugin_tb main_ = code(0x1000, BLX, 0), after = code(0x1004, BX_LR, 0);
    const struct qemu_plugin_tb invoke = code(0x2000, BLX, 0), rest = code(0x2004, BX_LR, 2);
    const struct qemu_plugin_tb step = code(0x3000, BLX, 0), loop = code(0x3004, NOP, 0), leave = code(0x3008, BX, 0);
    const struct qemu_plugin_tb begin = code(0x4000, BX_LR, 0), end = code(0x5000, BX_LR, 0);

    run(&begin); /* before an inference: measured overhead */
    run(&main_);
    run(&invoke);
    touch(&invoke, 0x8001000, 2);
    run(&step);
    run(&begin);
    touch(&begin, 0x8009000, 2); /* in a hook: nothing */
    for (int i = 0; i < 3; i++)
        run(&loop);
    touch(&loop, 0x8001004, 2);  /* same line */
    touch(&loop, 0x8001022, 2);  /* next line, a word at a halfword */
    touch(&loop, 0x20000101, 2); /* SRAM, a word at a byte */
    touch(&loop, 0x20000103, 1); /* same line, a halfword at a byte */
    touch(&loop, 0x30000000, 0); /* neither */
    run(&leave);
    run(&end);
    run(&rest);
    run(&after);
    touch(&after, 0x8001040, 2); /* behind the inference: nothing */
    run(&after);
}

static const char expected[] = "reflow-trace 1\n"
                               "run 0\n"
                               "block 0 2000 4\n"
                               "block 1 3000 4\n"
                               "window 0 1 1 0 2 0 0 0\n"
                               "edge - 0 1\n"
                               "edge 0 1 1\n"
                               "block 2 3004 4\n"
                               "block 3 3008 4\n"
                               "window 1 2 1 1 0 1 1 1\n"
                               "edge 1 2 1\n"
                               "edge 2 2 2\n"
                               "edge 2 3 1\n"
                               "block 4 2004 4\n"
                               "window 0 0 0 0 0 0 0 0\n"
                               "edge 3 4 1\n"
                               "done\n";

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    char out[1024];
    CHECK(snprintf(out, sizeof out, "out=%s", argv[1]) < (int)sizeof out);
    char *options[] = {out, "invoke=2000", "begin=4000", "end=5000", "flash=8000000-8100000", "sram=20000000-20010000",
                       "data=1x8x32", "fetch=4x2x32"};
    CHECK(qemu_plugin_install(0, NULL, 1, options) == 1); /* most are missing */
    fclose(file);
    CHECK(qemu_plugin_install(0, NULL, sizeof options / sizeof options[0], options) == 0);
    replaces_the_least_recent();
    refuses_bad_options();
    an_inference();
    fclose(file);
    char text[4096];
    FILE *written = fopen(argv[1], "r");
    CHECK(written);
    text[fread(text, 1, sizeof text - 1, written)] = 0;
    fclose(written);
    if (strcmp(text, expected) != 0)
        fprintf(stderr, "%s", text);
    CHECK(strcmp(text, expected) == 0);
    return 0;
}
