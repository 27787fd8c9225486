/*
 * A virtual board in its resident loader that keeps no time of its own: it takes one command, does all that follows from it, and
 * answers, so that whoever asks can run thousands of boards on a clock of its own. What the board would send comes with the answer.
 *
 * Command: u8 code, u32 length, payload; words little-endian.
 *   'B' BASE BYTES WORD ECC SECTOR STUCK   another board, switched off; STUCK: address whose word takes nothing (0: none)
 *   'P' CUT RUNS                           switch it on; the supply fails after CUT words or erases (negative: never). RUNS 1: an
 *                                          application answers first, until asked to leave; 2: it has no way to leave
 *   'I' bytes                              its flash holds them from its base on
 *   'D' bytes                              bytes for its line; nothing happens when it is off
 *   'F' LENGTH                             answers the flash's first bytes in place of the line's
 * Answer: u32 is on, reprogrammed words, erases, starts, length, bytes.
 */
#include "rf_loader.h"
#include "rf_serve.h"

#include "virtual_flash.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST_FLASH = 0x40000, MOST_INPUT = 0x10000, MOST_OUTPUT = 0x10000 };

static uint8_t content[MOST_FLASH], programmed[MOST_FLASH], input[MOST_INPUT], output[MOST_OUTPUT];
static uint32_t input_length, input_at, output_length, counters[3], board[6], run_cut, runs_first;
static int is_on;
static jmp_buf switched, power_cut, fault, left;
static virtual_flash memory;

static void send_line(void *context, const uint8_t *bytes, uint32_t count)
{
    (void)context;
    if (count > sizeof output - output_length)
        exit(3);
    memcpy(output + output_length, bytes, count);
    output_length += count;
}

static void answer(const uint8_t *bytes, uint32_t length)
{
    const uint32_t head[5] = {(uint32_t)is_on, counters[0], counters[1], counters[2], length};
    if (fwrite(head, sizeof head, 1, stdout) != 1 || fwrite(bytes, 1, length, stdout) != length || fflush(stdout) != 0)
        exit(1);
    output_length = 0;
}

static void new_board(void)
{
    memcpy(board, input, sizeof board);
    if (board[1] > MOST_FLASH || board[2] == 0)
        exit(2);
    memset(counters, 0, sizeof counters);
    memset(content, 0xff, sizeof content);
    memset(programmed, 0, sizeof programmed);
}

/* Takes one command; returns its code, with its payload in `input`. */
static int take_command(void)
{
    uint8_t head[5];
    uint32_t length;
    if (fread(head, sizeof head, 1, stdin) != 1)
        exit(0);
    memcpy(&length, head + 1, 4);
    if (length > sizeof input || fread(input, 1, length, stdin) != length)
        exit(2);
    input_at = input_length = 0;
    if (head[0] == 'D')
        input_length = length;
    if (head[0] == 'I' && length <= MOST_FLASH) {
        memcpy(content, input, length);
        memset(programmed, 1, (length + board[2] - 1) / board[2]);
    }
    return head[0];
}

/* Answers the command before, then serves commands until one brings bytes for a board that is on, or switches it. */
static void next_input(void)
{
    answer(output, output_length);
    for (;;) {
        const int code = take_command();
        if (code == 'F') {
            uint32_t length;
            memcpy(&length, input, 4);
            answer(content, length < MOST_FLASH ? length : MOST_FLASH);
        } else if (code == 'D' && is_on && input_length > 0) {
            return;
        } else if (code == 'D' || code == 'I') {
            answer(output, 0);
        } else if (code == 'B') {
            new_board();
            is_on = 0;
            longjmp(switched, 1);
        } else if (code == 'P') {
            memcpy(&run_cut, input, 4);
            memcpy(&runs_first, input + 4, 4);
            is_on = 1;
            longjmp(switched, 1);
        } else {
            exit(2);
        }
    }
}

static int read_line(void *context)
{
    (void)context;
    while (input_at == input_length)
        next_input();
    return input[input_at++];
}

static int program_unless_stuck(void *context, uint32_t address, const uint8_t *word)
{
    return address == board[5] ? 1 : virtual_program(context, address, word);
}

static uint64_t no_counter(void *context)
{
    (void)context;
    return 0;
}

static void leave(void)
{
    longjmp(left, 1);
}

static void serve_application(void)
{
    static const rf_port port = {NULL, read_line, send_line, no_counter, 1, RF_COUNTER_WALL, 1, 1, 0, NULL, 0, "virtual"};
    static rf_server server;
    rf_server_init(&server, &port, NULL, 0, NULL, 0);
    server.leave = runs_first == 1 ? leave : NULL;
    if (setjmp(left) == 0)
        rf_serve(&server);
}

/* From switching on until the supply fails, which is a longjmp. */
static void run_board(void)
{
    static rf_loader_run runs[1];
    static rf_loader_flash flash;
    static rf_loader loader;
    memory = (virtual_flash){
        board[0], board[1],     board[2],     (int)board[3],    content, programmed,
        counters, counters + 1, (int32_t)run_cut, &power_cut, &fault,
    };
    runs[0] = (rf_loader_run){(uint16_t)(board[1] / board[4]), board[4]};
    flash = (rf_loader_flash){&memory, board[0], board[1], board[2], runs, 1, virtual_erase, program_unless_stuck, virtual_read};
    if (runs_first)
        serve_application();
    const int faulted = setjmp(fault) != 0; /* as a fault handler does: start anew, and stay */
    for (;;) {
        rf_loader_init(&loader, &flash, send_line, NULL, "virtual");
        loader.suspect = faulted;
        while (!loader.start)
            rf_loader_push(&loader, (uint8_t)read_line(NULL));
        counters[2]++;
    }
}

int main(void)
{
    if (take_command() != 'B')
        return 2;
    new_board();
    if (setjmp(power_cut) != 0)
        is_on = 0;
    (void)setjmp(switched);
    if (is_on)
        run_board();
    for (;;)
        next_input();
}
