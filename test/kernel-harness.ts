/**
 * A C program that runs fast kernels against the reference ones, whole and row by row, on cases that it reads from the file
 * cases.bin; for the host, and for an emulated Cortex-M with semihosting. It stops at the first difference.
 */
import { elementCount, type Tensor, tensorBytes } from '../src/ir/tensor.js';
import type { CStruct, CValue, KernelCall, OpView } from '../src/ops/op-def.js';

/** One random operator: its reference call and its fast call. */
export interface KernelCase {
  readonly view: OpView;
  readonly reference: KernelCall;
  readonly fast: KernelCall;
  /** Raw bytes of the computed inputs, by tensor id. */
  readonly inputs: ReadonlyMap<number, Uint8Array>;
}

/** The program for these pairs of kernels, one case each as an example. */
export function harnessSource(examples: readonly KernelCase[]): string {
  const files = new Set(examples.flatMap(({ reference, fast }) => [reference.file, fast.file]));
  return `${[...files].map((file) => `#include "ops/${file}.h"`).join('\n')}
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
            printf("case %d differs (%d)\\n", (int)count, (int)bad);
            return 1;
        }
        while (used > 0) free(blocks[--used]);
        count++;
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
      if ('struct' in value) return readStruct(value.struct, place);
      return `    ${place} = plane();\n`;
    })
    .join('');
}

function caseFunction({ reference, fast }: KernelCase, kind: number): string {
  const inputs = fast.reads.map((_, index) => `    int8_t *in${index} = block();\n`).join('');
  const argument = (id: number) => `in${fast.reads.indexOf(id)}`;
  const call = (which: 'ref' | 'fast', target: string, tail: string, ins?: string) => {
    const made = which === 'ref' ? reference : fast;
    const list = ins ?? made.reads.map(argument).join(', ');
    const scratch = made.scratchBytes > 0 ? `, ${which}_scratch` : '';
    return `rf_${made.kernel}(&${which}, ${list}, ${target}${scratch}${tail});`;
  };
  return `static int32_t case_${kind}(void)
{
    rf_${reference.paramsType} ref;
    rf_${fast.paramsType} fast;
${readStruct(reference.params, 'ref')}${readStruct(fast.params, 'fast')}${inputs}    const int32_t out_bytes = word(), fast_bytes = word(), ref_bytes = word(), images = word(), count = word();
    int8_t *want = room(out_bytes), *got = room(out_bytes);
    void *fast_scratch = room(fast_bytes), *ref_scratch = room(ref_bytes);
    (void)fast_scratch; (void)ref_scratch; (void)images; (void)count;
${comparison(fast.form, call)}}
`;
}

type Call = (which: 'ref' | 'fast', target: string, tail: string, ins?: string) => string;

function comparison(form: KernelCall['form'], call: Call): string {
  if (form === 'rows')
    return `    const int32_t rows = fast.out.h * images;
    const int32_t cut = rows / 2;
    ${call('ref', 'want', ', 0, rows')}
    ${call('fast', 'got', ', 0, cut')}
    ${call('fast', 'got', ', cut, rows')}
    if (memcmp(want, got, (size_t)out_bytes) != 0) return 2;
    int8_t *rows_in = scatter(&fast.in, in0, fast.in.h * images);
    int8_t *rows_out = scatter(&fast.out, want, rows);
    fill_rows(&fast.out, rows_out, rows);
    for (int32_t y = 0; y < rows; y++) {
        ${call('fast', 'rows_out', ', y, y + 1', 'rows_in')}
    }
    return rows_differ(&fast.out, rows_out, want, rows);
`;
  if (form === 'flat')
    return `    ${call('ref', 'want', ', count')}
    ${call('fast', 'got', ', count')}
    if (memcmp(want, got, (size_t)out_bytes) != 0) return 2;
    ${call('fast', 'in1', ', count')}
    return memcmp(want, in1, (size_t)out_bytes) != 0 ? 3 : 0;
`;
  if (form === 'accumulate')
    return `    ${call('ref', 'want', ', 0, ref.in.h')}
    for (int32_t y = 0; y < fast.in.h; y++) {
        ${call('fast', 'got', ', y, y + 1')}
    }
    if (memcmp(want, got, (size_t)out_bytes) != 0) return 2;
    ${call('fast', 'got', ', 0, fast.in.h')}
    return memcmp(want, got, (size_t)out_bytes) != 0 ? 3 : 0;
`;
  return `    ${call('ref', 'want', '')}
    ${call('fast', 'got', '')}
    return memcmp(want, got, (size_t)out_bytes) != 0 ? 2 : 0;
`;
}

const harnessHead = `
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *file;
static void *blocks[64];
static int32_t used;

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

static void *block(void)
{
    const int32_t bytes = word();
    if (bytes < 0) return NULL;
    char *memory = room(bytes), rest[4];
    if (fread(memory, 1, (size_t)bytes, file) != (size_t)bytes) exit(3);
    if (bytes % 4 != 0 && fread(rest, 1, (size_t)(4 - bytes % 4), file) == 0) exit(3);
    return memory;
}

static inline rf_plane plane(void)
{
    rf_plane p = {0};
    p.h = word();
    p.w = word();
    p.c = word();
    return p;
}

static inline size_t row_bytes(const rf_plane *p) { return (size_t)p->w * (size_t)p->c; }

/* Copies rows to places of their own in turned order, with gaps between them, and gives the plane its table. */
static inline int8_t *scatter(rf_plane *p, const int8_t *from, int32_t rows)
{
    const size_t pitch = (row_bytes(p) + 7) / 4 * 4;
    int8_t *memory = room((int32_t)(pitch * (size_t)rows));
    uint16_t *table = room(2 * rows);
    p->unit = 4;
    p->rows = table;
    for (int32_t y = 0; y < rows; y++) {
        table[y] = (uint16_t)((size_t)(rows - 1 - y) * pitch / 4);
        memcpy(memory + (size_t)table[y] * 4, from + (size_t)y * row_bytes(p), row_bytes(p));
    }
    return memory;
}

static inline void fill_rows(const rf_plane *p, int8_t *memory, int32_t rows)
{
    memset(memory, 0x5A, ((row_bytes(p) + 7) / 4 * 4) * (size_t)rows);
}

static inline int32_t rows_differ(const rf_plane *p, const int8_t *memory, const int8_t *want, int32_t rows)
{
    const size_t pitch = (row_bytes(p) + 7) / 4 * 4;
    for (int32_t y = 0; y < rows; y++) {
        const int8_t *row = memory + (size_t)p->rows[y] * 4;
        if (memcmp(row, want + (size_t)y * row_bytes(p), row_bytes(p)) != 0) return 4;
        for (size_t i = row_bytes(p); i < pitch; i++) {
            if (row[i] != 0x5A) return 5;
        }
    }
    return 0;
}
`;
