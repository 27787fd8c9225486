/** The functions that run a network: at once, or row by row as its input arrives. */
import { progressBytes } from '../plan/plan.js';
import { cType } from './c-names.js';
import type { Emission } from './emit-project.js';
import { isProgram, operatorsOf, rowBytesOf, type Segment, streamedInput } from './segment.js';
import { addressText, operatorCode, pointers } from './step.js';
import { progressStorage } from './storage.js';

export function invokeFunctions(emission: Emission, segments: readonly Segment[]): string {
  return streamedInput(emission) ? streamFunctions(emission, segments) : wholeFunctions(emission, segments);
}

/** Name and parameter list of the functions in <net>.h; the header and the source print the same. */
function wholeFunctions(emission: Emission, segments: readonly Segment[]): string {
  const net = emission.graph.name;
  return `rf_status ${net}_invoke_hooked(uint8_t *arena, const rf_hooks *hooks)
{
${alonePointers(emission, segments)}    (void)arena;
    (void)hooks;
${segments.map((segment) => segmentCode(emission, segment)).join('\n')}    return RF_OK;
}

rf_status ${net}_invoke(uint8_t *arena)
{
    return ${net}_invoke_hooked(arena, NULL);
}
`;
}

function alonePointers(emission: Emission, segments: readonly Segment[]): string {
  return pointers(emission, segments.filter((segment) => !isProgram(segment)).flatMap(operatorsOf));
}

function segmentCode(emission: Emission, segment: Segment): string {
  return isProgram(segment)
    ? `    ${segment.name}(arena, hooks);\n`
    : operatorCode(emission, operatorsOf(segment)[0]!, '    ');
}

/** What a network with streamed input remembers between rows; above the segments, which use it. */
export function progressType(emission: Emission): string {
  const { base, offset, bytes } = progressStorage(emission.plan);
  // As many as the plan has room for, which is a whole number of words.
  const parts = (bytes - progressBytes(0)) / 2;
  return `/* Where the inference is: between two rows of the input it has run \`step\` turns of segment number \`segment\`. */
typedef struct {
    uint16_t segment, arrived, step, input_rows;
    uint16_t rows[${parts}]; /* that each part of the segment has done */
} progress;

static progress *progress_in(uint8_t *arena)
{
${base === 'arena' ? '' : '    (void)arena;\n'}    return (progress *)(void *)(${base} + ${offset});
}
`;
}

function streamFunctions(emission: Emission, segments: readonly Segment[]): string {
  const { graph } = emission;
  const net = graph.name;
  const input = streamedInput(emission)!;
  const type = cType(input.dtype);
  const rows = input.shape[1]!;
  const position = graph.inputs.indexOf(input.id);
  const last = segments.findLastIndex((segment) => segment.parts.includes(null));
  const waiting = segments.slice(0, last + 1).map((segment, index) => waitingCode(emission, segment, index));
  const rest = segments.slice(last + 1);
  return `void ${net}_begin(uint8_t *arena)
{
    const progress start = {0};
    *progress_in(arena) = start;
}

${type} *${net}_next_row(uint8_t *arena)
{
    const int32_t y = progress_in(arena)->input_rows;
    return y < ${rows} ? ${addressText(emission.plan, input)} + rf_row(&t${input.id}_plane, y) : NULL;
}

rf_status ${net}_advance_hooked(uint8_t *arena, const rf_hooks *hooks)
{
    progress *const now = progress_in(arena);
${alonePointers(emission, segments)}    (void)hooks;
    if (now->input_rows >= ${rows}) {
        return RF_ERR_ARGUMENT;
    }
    now->arrived = 1;
    now->input_rows++;
${waiting.join('')}${rest.map((segment) => segmentCode(emission, segment)).join('\n')}    return RF_OK;
}

rf_status ${net}_advance(uint8_t *arena)
{
    return ${net}_advance_hooked(arena, NULL);
}

rf_status ${net}_push_row(uint8_t *arena, const ${type} *row)
{
    ${type} *const to = ${net}_next_row(arena);
    if (to == NULL) {
        return RF_ERR_ARGUMENT;
    }
    memcpy(to, row, ${rowBytesOf(input)});
    return ${net}_advance(arena);
}

static void *next_row(uint8_t *arena)
{
    return ${net}_next_row(arena);
}

static const rf_stream stream = {
    .input = ${position},
    .row_bytes = ${rowBytesOf(input)},
    .rows = ${rows},
    .begin = ${net}_begin,
    .next_row = next_row,
    .advance = ${net}_advance_hooked,
};
`;
}

/** A segment up to the last one that waits for rows: it may be entered several times, and is done once. */
function waitingCode(emission: Emission, segment: Segment, index: number): string {
  const body = segment.parts.includes(null)
    ? `        if (${segment.name}(arena, now, hooks) == RF_MORE) {
            return RF_MORE;
        }
        now->step = 0;
        memset(now->rows, 0, sizeof now->rows);
`
    : indented(segmentCode(emission, segment));
  return `    if (now->segment == ${index}) {\n${body}        now->segment = ${index + 1};\n    }\n`;
}

function indented(code: string): string {
  return code.replace(/^(?=.)/gm, '    ');
}
