/** Compiles many networks into one host program and runs vectors through it; the tests' fastest way to the real C. */
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { arenaTensors } from '../src/emit/c-names.js';
import { emitProject, type ProjectFiles } from '../src/emit/emit-project.js';
import type { Graph } from '../src/ir/graph.js';
import { type Tensor, tensorBytes } from '../src/ir/tensor.js';
import type { Plan } from '../src/plan/plan.js';
import { type Bytes, deadBytes } from './dead-bytes.js';

export const repositoryRoot = fileURLToPath(new URL('../..', import.meta.url));

export interface RunnableNetwork {
  readonly graph: Graph;
  readonly plan: Plan;
}

/** One inference to make: the network's number and its raw inputs. */
export interface Job {
  readonly index: number;
  readonly inputs: readonly Uint8Array[];
}

/** Everything that one inference wrote, by tensor id, and the outputs read from the arena at the end. */
export interface RunResult {
  readonly tensors: ReadonlyMap<number, Uint8Array>;
  readonly outputs: readonly Uint8Array[];
}

/** gcc without optimisation: these programs run for a moment, and most of the time is the compiler's. */
const flags = [
  '-std=c99',
  '-Wall',
  '-Wextra',
  '-Wpedantic',
  '-Werror',
  '-O0',
  '-pipe',
  '-fsanitize=address,undefined,float-cast-overflow',
  '-fno-sanitize-recover',
];

/** Compilers that may run at once. */
const maxCompilers = 2;
let compilers = 0;
const waiting: (() => void)[] = [];

/**
 * A program that holds all these networks; graph names must differ. With gcc's sanitizers on, an access outside the
 * arena ends it, and so the test.
 */
export class HostProgram {
  private constructor(
    private readonly networks: readonly RunnableNetwork[],
    private readonly dir: string,
  ) {}

  /**
   * Emits and compiles the networks; with `poison` the arena is full of 0xA5 at the start, and bytes get it back as soon as they
   * are dead in the plan, so that whoever still reads them computes something else. Rejects with gcc's first lines when it warns. */
  static async compile(
    networks: readonly RunnableNetwork[],
    options: { readonly poison?: boolean } = {},
  ): Promise<HostProgram> {
    const dir = mkdtempSync(join(tmpdir(), 'reflow-test-'));
    const sources = new Set<string>();
    const dead: Bytes[][][] = [];
    for (const { graph, plan } of networks) {
      const project = emitProject(graph, plan, {
        file: `${graph.name}.tflite`,
        modelHash: '00'.repeat(32),
        planHash: '00'.repeat(32),
      });
      writeFiles(dir, project.files);
      dead.push(options.poison ? deadBytes(graph, plan, project.ops) : []);
      for (const source of project.sources) sources.add(source);
    }
    // Every start of the compiler costs as much as a small file, so the weights are compiled as one.
    const weights = [...sources].filter((source) => source.endsWith('_weights.c'));
    const own = [...sources].filter((source) => !weights.includes(source));
    writeFileSync(join(dir, 'weights.c'), weights.map((source) => `#include "${source}"\n`).join(''));
    writeFileSync(
      join(dir, 'main.c'),
      mainSource(
        networks.map(({ graph }) => graph.name),
        dead,
      ),
    );
    const failure = await inTurn(() => gcc(dir, ['main.c', 'weights.c', ...own]));
    if (failure === null) return new HostProgram(networks, dir);
    rmSync(dir, { recursive: true, force: true });
    throw new Error(`gcc: ${failure.split('\n').slice(0, 12).join('\n')}`);
  }

  /** One inference of network number `index` with these raw inputs. */
  run(index: number, inputs: readonly Uint8Array[]): RunResult {
    return this.runAll([{ index, inputs }])[0]!;
  }

  /** Several inferences in one start of the program, each in an arena of its own. */
  runAll(jobs: readonly Job[]): RunResult[] {
    const input = Buffer.concat(
      jobs.flatMap(({ index, inputs }) => [new Uint8Array(Int32Array.of(index).buffer), ...inputs]),
    );
    const { stdout, stderr, status } = spawnSync(join(this.dir, 'program'), { input, maxBuffer: 1 << 28 });
    const reader = { stream: stdout, at: 0 };
    const results: RunResult[] = [];
    try {
      for (const { index } of jobs) results.push(readResult(this.networks[index]!.graph, reader));
    } catch (error) {
      // The program flushes after each job, so a cut stream ends in the job that failed.
      if (!(error instanceof RangeError)) throw error;
      const { name } = this.networks[jobs[results.length]!.index]!.graph;
      throw new Error(`${name} ended with status ${status}: ${stderr.toString().slice(0, 2000)}`);
    }
    if (status !== 0 || reader.at !== stdout.length)
      throw new Error(`the program ended with status ${status}: ${stderr.toString().slice(0, 2000)}`);
    return results;
  }

  close(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (compilers === maxCompilers) await new Promise<void>((resolve) => waiting.push(resolve));
  else compilers++;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else compilers--;
  }
}

/** What gcc printed, when it failed. */
function gcc(dir: string, sources: readonly string[]): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const process = spawn('gcc', [...flags, ...sources, '-lm', '-o', 'program'], {
      cwd: dir,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let printed = '';
    process.stderr.setEncoding('utf8').on('data', (text) => {
      printed += text;
    });
    process.on('error', reject);
    process.on('close', (status) => resolve(status === 0 ? null : printed || `status ${status}`));
  });
}

function writeFiles(dir: string, files: ProjectFiles): void {
  for (const [path, content] of files) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    if ('text' in content) writeFileSync(join(dir, path), content.text);
    else copyFileSync(join(repositoryRoot, content.asset), join(dir, path));
  }
}

/** Reads one inference from the stream; throws RangeError where the stream is cut. */
function readResult(graph: Graph, reader: { readonly stream: Buffer; at: number }): RunResult {
  const list: readonly Tensor[] = arenaTensors(graph);
  const tensors = new Map<number, Uint8Array>();
  const take = (bytes: number): Buffer => {
    if (reader.at + bytes > reader.stream.length) throw new RangeError('the stream is cut');
    reader.at += bytes;
    return reader.stream.subarray(reader.at - bytes, reader.at);
  };
  for (;;) {
    const position = take(4).readInt32LE();
    if (position < 0) break;
    const [first, bytes] = [take(4).readUInt32LE(), take(4).readUInt32LE()];
    const tensor = list[position]!;
    const data = tensors.get(tensor.id) ?? new Uint8Array(tensorBytes(tensor));
    data.set(take(bytes), first);
    tensors.set(tensor.id, data);
  }
  const outputs = graph.outputs.map((id) => new Uint8Array(take(tensorBytes(graph.tensors[id]!))));
  return { tensors, outputs };
}

function mainSource(names: readonly string[], dead: readonly Bytes[][][]): string {
  return `#include <stdio.h>
#include <stdlib.h>
#include <string.h>
${names.map((name) => `#include "${name}.h"`).join('\n')}
static const rf_network *const networks[] = {${names.map((name) => `&${name}_network`).join(', ')}};
${dead.map((calls, i) => `/* For each call: how many bytes at which offsets of which memory are dead behind it, up to {0, 0, 0}. */\nstatic const uint32_t dead${i}[][3] = {${calls.map((list) => [...list, { memory: 0, offset: 0, bytes: 0 }].map(({ memory, offset, bytes }) => `{${bytes}, ${offset}, ${memory}}`).join(', ')).join(', ') || '{0, 0, 0}'}};`).join('\n')}
static const uint32_t (*const dead[])[3] = {${dead.map((_, i) => `dead${i}`).join(', ')}};
static const int32_t calls[] = {${dead.map((list) => list.length).join(', ')}};
static const uint32_t (*next_dead)[3];
static int32_t calls_left, called;
static uint8_t *arena;
static const rf_network *current;
/* Overwrites what died in the call before. */
static void bury(void)
{
    if (!called || calls_left == 0) return;
    for (; (*next_dead)[0] != 0; next_dead++) {
        uint8_t *const memory = (*next_dead)[2] == 0 ? arena : current->memories[(*next_dead)[2] - 1].base;
        memset(memory + (*next_dead)[1], 0xA5, (*next_dead)[0]);
    }
    next_dead++;
    calls_left--;
    called = 0;
}
static void begins(void *context, int32_t op)
{
    (void)context; (void)op;
    bury();
    called = 1;
}
static void put(const void *data, size_t bytes) { if (fwrite(data, 1, bytes, stdout) != bytes) exit(3); }
static void wrote(void *context, int32_t tensor, uint32_t first, uint32_t bytes, const void *data)
{
    (void)context;
    put(&tensor, 4); put(&first, 4); put(&bytes, 4); put(data, bytes);
}
static rf_status feed(const rf_stream *stream, const uint8_t *source, const rf_hooks *hooks)
{
    rf_status status = RF_MORE;
    stream->begin(arena);
    for (int32_t y = 0; y < stream->rows; y++) {
        if (status != RF_MORE) return RF_ERR_ARGUMENT;
        bury();
        memcpy(stream->next_row(arena), source + (size_t)y * stream->row_bytes, stream->row_bytes);
        status = stream->advance(arena, hooks);
    }
    return stream->next_row(arena) == NULL ? status : RF_ERR_ARGUMENT;
}
static int run(const rf_network *net, int32_t index)
{
    uint8_t *source = NULL;
    const rf_hooks hooks = {NULL, begins, NULL, wrote};
    const int32_t end = -1;
    arena = malloc(net->arena_bytes);
    current = net;
    if (calls[index] > 0) {
        memset(arena, 0xA5, net->arena_bytes);
        for (int32_t i = 0; i < net->memory_count; i++) memset(net->memories[i].base, 0xA5, net->memories[i].bytes);
    }
    next_dead = dead[index];
    calls_left = calls[index];
    called = 0;
    if (net->init(arena, net->arena_bytes) != RF_OK) return 1;
    for (int32_t i = 0; i < net->input_count; i++) {
        const rf_tensor *t = &net->tensors[net->inputs[i]];
        if (net->stream && net->stream->input == i) {
            source = malloc(t->bytes);
            if (fread(source, 1, t->bytes, stdin) != t->bytes) return 2;
        } else if (fread(rf_tensor_at(net, net->inputs[i], arena), 1, t->bytes, stdin) != t->bytes) return 2;
    }
    if ((net->stream ? feed(net->stream, source, &hooks) : net->invoke(arena, &hooks)) != RF_OK) return 4;
    free(source);
    bury();
    if (calls_left != 0) return 5;
    put(&end, 4);
    for (int32_t i = 0; i < net->output_count; i++) {
        const rf_tensor *t = &net->tensors[net->outputs[i]];
        put(rf_tensor_at(net, net->outputs[i], arena), t->bytes);
    }
    free(arena);
    return 0;
}
int main(void)
{
    int32_t index;
    while (fread(&index, sizeof index, 1, stdin) == 1) {
        const int status = run(networks[index], index);
        fflush(stdout);
        if (status != 0) return status;
    }
    return 0;
}
`;
}
