/**
 * A C program that runs fast kernels against the reference ones, whole and row by row, on operators that it reads from the file
 * cases.bin, each with `fills` sets of inputs; for the host, and for an emulated Cortex-M with semihosting. It stops at the
 * first difference.
 */
import { dtypeBytes, elementCount, type Tensor, tensorBytes } from '../src/ir/tensor.js';
import type { CStruct, CValue, KernelCall, OpView } from '../src/ops/op-def.js';

/** One random operator: its reference call and its fast call. */
export interface KernelCase {
  readonly view: OpView;
  readonly reference: KernelCall;
  readonly fast: KernelCall;
  /** Raw bytes of the computed inputs, by tensor id. */
  readonly inputs: ReadonlyMap<number, Uint8Array>;
}

/** Inputs that each operator is run with: those of its case, then others. */
export const fills = 8;

/** The program for these pairs of kernels, one case each as an example. */
export function harnessSource(examples: readonly KernelCase[]): string {
  const files = new Set(examples.flatMap(({ reference, fast }) => [reference.file, fast.file]));
  return `${[...files].map((file) => `#include "ops/${file}.h"`).join('\n')}
enum { FILLS = ${fills} };
${harnessHead}
${examples.map(caseFunction).join('\n')}
int main(void)
{
    int32_t kind, count = 0;
    file = fopen("cases.bin", "rb");
    if (!file) return 2;
    while (fread(&kind, 4, 1, file) == 1) {
        int32_t bad = 1;
${examples.map((_, kind) => `        if (kind == ${kind}) bad = case_${kind}();`).join('\n')}
        if (bad) {
            printf("operator %d differs (%d)\\n", (int)count / FILLS, (int)bad);
            return 1;
        }
        while (used > 0) free(blocks[--used]);
        count += FILLS;
    }
    printf("%d cases equal\\n", (int)count);
    return 0;
}
`;
}

/** The bytes of one case for the program. */
export function caseBytes(kind: number, { view, reference, fast, inputs }: KernelCase): Uint8Array[] {
  const words = (...values: number[]) => new Uint8Array(Int32Array.from(values).buffer);
  const plane = (id: number) => {
    const [, h = 1, w = 1, c = 1] = tensorById(view, id).shape;
    return [words(h, w, c)];
  };
  const out = view.output(0);
  return [
    words(kind),
    ...structBytes(reference.params, plane),
    ...structBytes(fast.params, plane),
    ...fast.reads.map((id) => blob(inputs.get(id)!)),
    words(
      tensorBytes(out),
      fast.scratchBytes,
      reference.scratchBytes,
      out.shape[0] ?? 1,
      elementCount(out.shape),
    ),
  ];
}

function tensorById(view: OpView, id: number): Tensor {
  return [...view.inputs, ...view.outputs].find((tensor) => tensor?.id === id)!;
}

function blob(bytes: Uint8Array): Uint8Array {
  const padded = new Uint8Array(4 + Math.ceil(bytes.length / 4) * 4);
  new DataView(padded.buffer).setInt32(0, bytes.length, true);
  padded.set(bytes, 4);
  return padded;
}

function structBytes(struct: CStruct, plane: (id: number) => Uint8Array[]): Uint8Array[] {
  return Object.values(struct).flatMap((value) => valueBytes(value, plane));
}

function valueBytes(value: CValue, plane: (id: number) => Uint8Array[]): Uint8Array[] {
  if (typeof value === 'number') return [new Uint8Array(Int32Array.of(value).buffer)];
  if ('array' in value) {
    if (!value.array) return [new Uint8Array(Int32Array.of(-1).buffer)];
    const { buffer, byteOffset, byteLength } = value.array.values;
    return [blob(new Uint8Array(buffer, byteOffset, byteLength))];
  }
  if ('struct' in value) return structBytes(value.struct, plane);
  if ('list' in value) return value.list.flatMap((item) => valueBytes(item, plane));
  if ('plane' in value) return plane(value.plane);
  throw new Error('this kind of parameter does not occur in integer kernels');
}

/** C that fills a parameter struct in the order in which structBytes writes it. */
function readStruct(struct: CStruct, target: string): string {
  return Object.entries(struct)
    .map(([field, value]) => {
      const place = `${target}.${field}`;
      if (typeof value === 'number') return `    ${place} = word();\n`;
      if ('array' in value) return `    ${place} = block();\n`;
      if ('list' in value) return value.list.map((_, i) => `    ${place}[${i}] = word();\n`).join('');
      if ('struct' in value) return readStruct(value.struct, place);
      return `    ${place} = plane();\n`;
    })
    .join('');
}

function caseFunction({ view, reference, fast, inputs }: KernelCase, kind: number): string {
  const sizeOf = (id: number) => inputs.get(id)!.length;
  const blocks = fast.reads.map(
    (_, index) => `    int32_t in${index}_bytes;\n    void *in${index} = sized_block(&in${index}_bytes);\n`,
  );
  const refill = fast.reads.map((_, index) => `        fill(in${index}, in${index}_bytes);\n`).join('');
  const argument = (id: number) => `in${fast.reads.indexOf(id)}`;
  const call = (which: 'ref' | 'fast', target: string, tail: string, ins?: string) => {
    const made = which === 'ref' ? reference : fast;
    const list = ins ?? made.reads.map(argument).join(', ');
    const scratch = made.scratchBytes > 0 ? `, ${which}_scratch` : '';
    return `rf_${made.kernel}(&${which}, ${list}, ${target}${scratch}${tail});`;
  };
  // An element-wise kernel may write over an operand that is as large as its output.
  const inPlace = fast.reads.findLast((id) => sizeOf(id) === tensorBytes(view.output(0)));
  const size = dtypeBytes[view.output(0).dtype];
  return `static int32_t case_${kind}(void)
{
    rf_${reference.paramsType} ref;
    rf_${fast.paramsType} fast;
${readStruct(reference.params, 'ref')}${readStruct(fast.params, 'fast')}${blocks.join('')}    const int32_t out_bytes = word(), fast_bytes = word(), ref_bytes = word(), images = word(), count = word();
    void *want = room(out_bytes), *got = room(out_bytes);
    void *fast_scratch = room(fast_bytes), *ref_scratch = room(ref_bytes);
    (void)fast_scratch; (void)ref_scratch; (void)images; (void)count;
    for (int32_t round = 0; round < FILLS; round++) {
        if (round > 0) {
    ${refill}        }
        memset(got, 0x5A, (size_t)out_bytes);
        const int32_t kept = used;
${comparison(fast.form, call, size, inPlace === undefined ? null : argument(inPlace))}        while (used > kept) free(blocks[--used]);
    }
    return 0;
}
`;
}

type Call = (which: 'ref' | 'fast', target: string, tail: string, ins?: string) => string;

/** C that returns from the case with a number when something differs. */
function comparison(form: KernelCall['form'], call: Call, size: number, inPlace: string | null): string {
  const differs = (what: string, code: number) =>
    `        if (memcmp(want, ${what}, (size_t)out_bytes) != 0) return ${code};\n`;
  if (form === 'rows')
    return `        const int32_t rows = fast.out.h * images;
        const int32_t cut = rows / 2;
        fast.in.rows = NULL;
        fast.out.rows = NULL;
        ${call('ref', 'want', ', 0, rows')}
        ${call('fast', 'got', ', 0, cut')}
        ${call('fast', 'got', ', cut, rows')}
${differs('got', 2)}        void *rows_in = scatter(&fast.in, in0, fast.in.h * images, ${size});
        void *rows_out = scatter(&fast.out, want, rows, ${size});
        fill_rows(&fast.out, rows_out, rows, ${size});
        for (int32_t y = 0; y < rows; y++) {
            ${call('fast', 'rows_out', ', y, y + 1', 'rows_in')}
        }
        const int32_t bad = rows_differ(&fast.out, rows_out, want, rows, ${size});
        if (bad) return bad;
`;
  if (form === 'flat')
    return `        ${call('ref', 'want', ', count')}
        ${call('fast', 'got', ', count')}
${differs('got', 2)}${inPlace ? `        ${call('fast', inPlace, ', count')}\n${differs(inPlace, 3)}` : ''}`;
  if (form === 'accumulate')
    return `        ${call('ref', 'want', ', 0, ref.in.h')}
        for (int32_t y = 0; y < fast.in.h; y++) {
            ${call('fast', 'got', ', y, y + 1')}
        }
${differs('got', 2)}        ${call('fast', 'got', ', 0, fast.in.h')}
${differs('got', 3)}`;
  return `        ${call('ref', 'want', '')}
        ${call('fast', 'got', '')}
${differs('got', 2)}`;
}

const harnessHead = `
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *file;
static void *blocks[64];
static int32_t used;
static uint32_t state = 2463534242u;

static int32_t word(void)
{
    int32_t value;
    if (fread(&value, 4, 1, file) != 1) exit(3);
    return value;
}

/* Memory of exactly this size, so that the sanitizer sees what lies behind it. */
static void *room(int32_t bytes)
{
    void *memory = malloc(bytes > 0 ? (size_t)bytes : 1);
    if (!memory || used == 64) exit(4);
    if (bytes > 0) memset(memory, 0x5A, (size_t)bytes);
    blocks[used++] = memory;
    return memory;
}

static void *sized_block(int32_t *size)
{
    const int32_t bytes = word();
    *size = bytes;
    if (bytes < 0) return NULL;
    char *memory = room(bytes), rest[4];
    if (fread(memory, 1, (size_t)bytes, file) != (size_t)bytes) exit(3);
    if (bytes % 4 != 0 && fread(rest, 1, (size_t)(4 - bytes % 4), file) == 0) exit(3);
    return memory;
}

static inline void *block(void)
{
    int32_t bytes;
    return sized_block(&bytes);
}

/* Other inputs; a quarter of them all at the ends of the range. */
static inline void fill(uint8_t *to, int32_t bytes)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    const int32_t ends = state >> 30 == 0;
    for (int32_t i = 0; i < bytes; i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        to[i] = ends ? (uint8_t)(state & 1024 ? 0x80 : 0x7F) : (uint8_t)(state >> 8);
    }
}

static inline rf_plane plane(void)
{
    rf_plane p = {0};
    p.h = word();
    p.w = word();
    p.c = word();
    return p;
}

static inline size_t row_bytes(const rf_plane *p, int32_t size)
{
    return (size_t)p->w * (size_t)p->c * (size_t)size;
}

static inline size_t pitch_of(const rf_plane *p, int32_t size) { return (row_bytes(p, size) + 7) / 4 * 4; }

/* Copies rows to places of their own in turned order, with gaps between them, and gives the plane its table. */
static inline void *scatter(rf_plane *p, const void *from, int32_t rows, int32_t size)
{
    const size_t bytes = row_bytes(p, size), pitch = pitch_of(p, size);
    uint8_t *memory = room((int32_t)(pitch * (size_t)rows));
    uint16_t *table = room(2 * rows);
    p->unit = 4 / size;
    p->rows = table;
    for (int32_t y = 0; y < rows; y++) {
        table[y] = (uint16_t)((size_t)(rows - 1 - y) * pitch / 4);
        memcpy(memory + (size_t)table[y] * 4, (const uint8_t *)from + (size_t)y * bytes, bytes);
    }
    return memory;
}

static inline void fill_rows(const rf_plane *p, void *memory, int32_t rows, int32_t size)
{
    memset(memory, 0x5A, pitch_of(p, size) * (size_t)rows);
}

static inline int32_t rows_differ(const rf_plane *p, const void *memory, const void *want, int32_t rows, int32_t size)
{
    const size_t bytes = row_bytes(p, size);
    for (int32_t y = 0; y < rows; y++) {
        const uint8_t *row = (const uint8_t *)memory + (size_t)p->rows[y] * 4;
        if (memcmp(row, (const uint8_t *)want + (size_t)y * bytes, bytes) != 0) return 4;
        for (size_t i = bytes; i < pitch_of(p, size); i++) {
            if (row[i] != 0x5A) return 5;
        }
    }
    return 0;
}
`;
