/** The layering law of ARCHITECTURE.md as a function: the table is read from there, so text and law cannot part. */
import { posix } from 'node:path';
import type { SourceFile } from './repository.js';

export interface Law {
  /** Folders of src by height: a folder may import from every line above its own in the table, and from itself. */
  readonly heightOf: ReadonlyMap<string, number>;
  /** Folders without disk, clock or process. */
  readonly pure: ReadonlySet<string>;
}

/** The law in ARCHITECTURE.md: the first column (30 characters) of the block that follows `## Layers`, and its last line. */
export function readLaw(architecture: string): Law {
  const block = /## Layers[^\n]*\n```\n([\s\S]*?)```\n([\s\S]*?)(?:\n\n|$)/.exec(architecture);
  if (!block) throw new Error('ARCHITECTURE.md has no table of layers');
  const heightOf = new Map<string, number>();
  block[1]!.split('\n').forEach((line, height) => {
    for (const name of line.slice(0, 30).split(/\s+/).filter(Boolean)) heightOf.set(name, height);
  });
  const pure = new Set([...block[2]!.matchAll(/`(\w+)`/g)].map((match) => match[1]!));
  return { heightOf, pure };
}

/** Module names that a source text imports, types included; `null` stands for one that is computed. */
export function importsOf(text: string): (string | null)[] {
  // Top-level statements start a line: the formatter sees to it.
  const statements = text.matchAll(/^(?:import|export)\s(?:[^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]/gm);
  const calls = text.matchAll(/\b(?:import|require)\(\s*(?:['"]([^'"]+)['"]|[^\s'")])/g);
  return [...statements, ...calls].map((match) => match[1] ?? null);
}

/** What a pure folder must not touch even without an import. */
const impure = /\b(process\.|Date\.now|new Date\(|performance\.|setTimeout|setInterval|fetch\(|Math\.random)/;

/** Where one file of src breaks the law; empty when it keeps it. */
export function breaches(law: Law, file: SourceFile): string[] {
  const folder = file.path.split('/')[1]!;
  if (file.path.split('/').length === 2) return []; // src/index.ts is the package's door and stands above all
  const height = law.heightOf.get(folder);
  if (height === undefined) return [`${file.path}: src/${folder} is not in the table of layers`];
  const found: string[] = [];
  for (const name of importsOf(file.text)) {
    const fault = importFault(law, file.path, folder, height, name);
    if (fault !== null) found.push(`${file.path}: ${fault}`);
  }
  if (law.pure.has(folder)) {
    for (const line of file.text.split('\n')) {
      const match = /^\s*(\*|\/\/|\/\*)/.test(line) ? null : impure.exec(line);
      if (match) found.push(`${file.path}: src/${folder} is pure, yet says ${match[1]}`);
    }
  }
  return found;
}

function importFault(law: Law, path: string, folder: string, height: number, name: string | null) {
  if (name === null) return law.pure.has(folder) ? 'computed import in a pure folder' : null;
  if (!name.startsWith('.')) {
    return name.startsWith('node:') && law.pure.has(folder)
      ? `src/${folder} is pure, yet imports ${name}`
      : null;
  }
  const target = posix.join(posix.dirname(path), name);
  const [top, other] = target.split('/');
  if (top !== 'src' || !target.endsWith('.js')) return `imports ${name}, which is outside src`;
  if (/\.test\.js$/.test(target)) return `imports the test ${name}`;
  if (other === folder) return null;
  const otherHeight = law.heightOf.get(other!);
  if (otherHeight === undefined) return `imports ${name}, which is in no layer`;
  if (otherHeight > height) return `imports upward: src/${folder} -> src/${other}`;
  if (otherHeight === height) return `imports a neighbour: src/${folder} -> src/${other}`;
  return null;
}
