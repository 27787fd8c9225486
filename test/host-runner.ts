/** Compiles many networks into one host program and runs vectors through it; the tests' fastest way to the real C. */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { arenaTensors } from '../src/emit/c-names.js';
import { emitProject, type ProjectFiles } from '../src/emit/emit-project.js';
import type { Graph } from '../src/ir/graph.js';
import { type Tensor, tensorBytes } from '../src/ir/tensor.js';
import type { Plan } from '../src/plan/plan.js';

export const repositoryRoot = fileURLToPath(new URL('../..', import.meta.url));

export interface RunnableNetwork {
  readonly graph: Graph;
  readonly plan: Plan;
}

/** Everything that one inference wrote, by tensor id, and the outputs read from the arena at the end. */
export interface RunResult {
  readonly tensors: ReadonlyMap<number, Uint8Array>;
  readonly outputs: readonly Uint8Array[];
}

/**
 * A program that holds all these networks; graph names must differ. With gcc's sanitizers on, an access outside the
 * arena ends it, and so the test.
 */
export class HostProgram {
  readonly #dir: string;

  constructor(private readonly networks: readonly RunnableNetwork[]) {
    this.#dir = mkdtempSync(join(tmpdir(), 'reflow-test-'));
    const sources = new Set<string>(['main.c']);
    for (const { graph, plan } of networks) {
      const project = emitProject(graph, plan, {
        file: `${graph.name}.tflite`,
        modelHash: '00'.repeat(32),
        planHash: '00'.repeat(32),
      });
      writeFiles(this.#dir, project.files);
      for (const source of project.sources) sources.add(source);
    }
    writeFileSync(join(this.#dir, 'main.c'), mainSource(networks.map(({ graph }) => graph.name)));
    const flags = [
      '-std=c99',
      '-Wall',
      '-Wextra',
      '-Wpedantic',
      '-Werror',
      '-O1',
      '-fsanitize=address,undefined',
      '-fno-sanitize-recover',
    ];
    const gcc = spawnSync('gcc', [...flags, ...sources, '-lm', '-o', 'program'], {
      cwd: this.#dir,
      encoding: 'utf8',
    });
    if (gcc.status !== 0) throw new Error(`gcc: ${gcc.stderr.split('\n').slice(0, 12).join('\n')}`);
  }

  /** One inference of network number `index` with these raw inputs. */
  run(index: number, inputs: readonly Uint8Array[]): RunResult {
    const { graph } = this.networks[index]!;
    const stream = execFileSync(join(this.#dir, 'program'), [String(index)], {
      input: Buffer.concat(inputs),
      maxBuffer: 1 << 28,
    });
    return readResult(graph, stream);
  }

  close(): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

function writeFiles(dir: string, files: ProjectFiles): void {
  for (const [path, content] of files) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    if ('text' in content) writeFileSync(join(dir, path), content.text);
    else copyFileSync(join(repositoryRoot, content.asset), join(dir, path));
  }
}

function readResult(graph: Graph, stream: Buffer): RunResult {
  const list: readonly Tensor[] = arenaTensors(graph);
  const tensors = new Map<number, Uint8Array>();
  let at = 0;
  for (;;) {
    const position = stream.readInt32LE(at);
    at += 4;
    if (position < 0) break;
    const [first, bytes] = [stream.readUInt32LE(at), stream.readUInt32LE(at + 4)];
    at += 8;
    const tensor = list[position]!;
    const data = tensors.get(tensor.id) ?? new Uint8Array(tensorBytes(tensor));
    data.set(stream.subarray(at, at + bytes), first);
    tensors.set(tensor.id, data);
    at += bytes;
  }
  const outputs = graph.outputs.map((id) => {
    const bytes = tensorBytes(graph.tensors[id]!);
    at += bytes;
    return new Uint8Array(stream.subarray(at - bytes, at));
  });
  return { tensors, outputs };
}

function mainSource(names: readonly string[]): string {
  return `#include <stdio.h>
#include <stdlib.h>
${names.map((name) => `#include "${name}.h"`).join('\n')}
static const rf_network *const networks[] = {${names.map((name) => `&${name}_network`).join(', ')}};
static void put(const void *data, size_t bytes) { if (fwrite(data, 1, bytes, stdout) != bytes) exit(3); }
static void wrote(void *context, int32_t tensor, uint32_t first, uint32_t bytes, const void *data)
{
    (void)context;
    put(&tensor, 4); put(&first, 4); put(&bytes, 4); put(data, bytes);
}
int main(int argc, char **argv)
{
    const rf_network *net = networks[argc > 1 ? atoi(argv[1]) : 0];
    const rf_hooks hooks = {NULL, NULL, NULL, wrote};
    const int32_t end = -1;
    uint8_t *arena = malloc(net->arena_bytes);
    if (net->init(arena, net->arena_bytes) != RF_OK) return 1;
    for (int32_t i = 0; i < net->input_count; i++) {
        const rf_tensor *t = &net->tensors[net->inputs[i]];
        if (fread(arena + t->offset, 1, t->bytes, stdin) != t->bytes) return 2;
    }
    if (net->invoke(arena, &hooks) != RF_OK) return 4;
    put(&end, 4);
    for (int32_t i = 0; i < net->output_count; i++) {
        const rf_tensor *t = &net->tensors[net->outputs[i]];
        put(arena + t->offset, t->bytes);
    }
    free(arena);
    return 0;
}
`;
}
