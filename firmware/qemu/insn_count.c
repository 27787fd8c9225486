/*
 * A plug-in of QEMU that counts executed guest instructions in a file of eight bytes, which the guest maps as well: reading
 * the counter costs the guest one load.
 *
 * Debian ships no qemu-plugin.h, so the few prototypes are declared here. Source: QEMU 7.2, docs/devel/tcg-plugins.rst and
 * the symbol list of `qemu-aarch64`; API version 1.
 */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void (*tb_translated)(plugin_id id, struct qemu_plugin_tb *tb);

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, tb_translated callback);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int operation, void *pointer,
                                                uint64_t operand);

int qemu_plugin_version = 1;
int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv);

static uint64_t *counter;

static void translated(plugin_id id, struct qemu_plugin_tb *tb)
{
    enum { ADD_U64 = 0 };
    const size_t count = qemu_plugin_tb_n_insns(tb);
    (void)id;
    /* One addition per instruction rather than one per block: the guest reads the count in the middle of blocks. */
    for (size_t i = 0; i < count; i++)
        qemu_plugin_register_vcpu_insn_exec_inline(qemu_plugin_tb_get_insn(tb, i), ADD_U64, counter, 1);
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
    static const char option[] = "counter=";
    (void)info;
    if (argc != 1 || strncmp(argv[0], option, sizeof option - 1) != 0)
        return 1;
    const int file = open(argv[0] + sizeof option - 1, O_RDWR);
    if (file < 0)
        return 1;
    void *at = mmap(NULL, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (at == MAP_FAILED)
        return 1;
    counter = at;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
