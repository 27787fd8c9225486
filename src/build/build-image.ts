/** Compiles generated projects and the board's firmware into one image, and reads from the ELF what it costs. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { assetPath } from '../base/assets.js';
import { ReflowError } from '../base/error.js';
import { type Files, files as realFiles } from '../base/files.js';
import { sha256 } from '../base/hash.js';
import { type Processes, processes as realProcesses } from '../base/processes.js';
import { type Board, memoryFor } from '../hw/board.js';
import type { Image, ImageMemory, ImagePart } from '../hw/image.js';
import type { Target } from '../hw/target.js';
import { buildPlugin } from './build-plugin.js';
import { type CompileJob, callTool, compileAll } from './compiler.js';
import { elfSections, memorySizes, type Section, type SectionSizes, sectionSizes } from './elf.js';
import {
  type FirmwareProgram,
  firmwareDefines,
  firmwareIncludes,
  firmwareSources,
  partAddress,
} from './firmware.js';
import { externalSections, placementOf } from './image-placement.js';
import { imageArenaBytes, imageSource } from './image-source.js';
import { doesNotFit, linkError } from './link-error.js';
import { linkerScript } from './linker-script.js';
import { type Project, readProject } from './project.js';

export interface BuildOptions {
  /** Where the image goes; the folder is replaced. Default: `build` in the first project. */
  readonly outDir?: string;
  /** Default: the first network's name. */
  readonly name?: string;
  /** What the firmware does with the networks; default: it serves them. */
  readonly program?: FirmwareProgram;
  /** Further compiler flags for every file, for example a macro. */
  readonly flags?: readonly string[];
  /** Files compiled at a time. */
  readonly jobs?: number;
  readonly processes?: Processes;
  readonly files?: Files;
  /**
   * Addresses at which the sectors of the board's flash begin, rising: then weights get sectors of their own where there is
   * room for that.
   */
  readonly sectorStarts?: readonly number[];
  /** The host's own target, which compiles an emulator's plug-in. Needed where the board's run has one. */
  readonly hostTarget?: Target;
}

/**
 * Builds one image with the networks of one or more projects. Nothing is left behind when it fails.
 * @returns the image, with absolute paths; `<name>.image.json` beside the ELF holds it with relative ones
 * @throws ReflowError E_DOES_NOT_FIT with the bytes missing in each memory, E_BUILD with the first error's file and line,
 *   E_TOOL_MISSING, E_FILE, E_DISK_FULL, E_TIMEOUT
 */
export async function buildImage(
  projectDirs: string | readonly string[],
  board: Board,
  target: Target,
  options: BuildOptions = {},
): Promise<Image> {
  const files = options.files ?? realFiles;
  const folders = typeof projectDirs === 'string' ? [projectDirs] : projectDirs;
  const projects = await Promise.all(folders.map((folder) => readProject(files, resolve(folder))));
  for (const project of projects) await checkRuntime(project, files);
  const first = projects[0];
  if (!first)
    throw new ReflowError('E_USAGE', 'there is no project to build', 'name a folder that compile wrote');
  const build: Build = {
    board,
    target,
    projects,
    name: options.name ?? first.name,
    processes: options.processes ?? realProcesses,
    options,
  };
  const outDir = resolve(options.outDir ?? join(first.folder, 'build'));
  const image = await files.makeFolder(
    outDir,
    async (fresh) => {
      await link(build, await compile(build, files, fresh), fresh);
      await rm(join(fresh, 'objects'), { recursive: true });
      const described = await describe(build, files, fresh);
      await files.write(join(fresh, `${build.name}${imageFile}`), `${JSON.stringify(described, null, 2)}\n`);
      return described;
    },
    (names) => names.some((name) => name.endsWith(imageFile)),
  );
  const at = (path: string) => join(outDir, path);
  const atOrNull = (path: string | null) => (path === null ? null : at(path));
  return {
    ...image,
    elf: at(image.elf),
    map: at(image.map),
    bin: atOrNull(image.bin),
    hex: atOrNull(image.hex),
    plugin: atOrNull(image.plugin),
    parts: image.parts.map((part) => ({ ...part, bin: at(part.bin) })),
  };
}

/** Firmware and network must agree on rf.h: a project that another version of reflow wrote may not. */
async function checkRuntime({ folder }: Project, files: Files): Promise<void> {
  const own = join(folder, 'rf', 'rf.h');
  if (!existsSync(own)) return;
  if (sha256(await files.read(own)) === sha256(await files.read(assetPath('runtime-c', 'rf.h')))) return;
  throw new ReflowError('E_FILE', `${own} is of another version of reflow`, 'compile the network again');
}

/** End of the name of the file that says that a folder holds an image of ours. */
const imageFile = '.image.json';

interface Build {
  readonly board: Board;
  readonly target: Target;
  readonly projects: readonly Project[];
  readonly name: string;
  readonly processes: Processes;
  readonly options: BuildOptions;
}

/** Returns the object files. */
async function compile(build: Build, files: Files, folder: string): Promise<string[]> {
  await files.write(join(folder, 'image.c'), imageSource(build.projects));
  const common = [
    '-ffunction-sections',
    '-fdata-sections',
    ...firmwareDefines(build.board, 'application'),
    ...(build.options.flags ?? []),
  ];
  const includes = firmwareIncludes(build.board);
  const firmware = await firmwareSources(build.board, build.target, 'application', build.options.program);
  const sources = [
    ...[...firmware, join(folder, 'image.c')].map((source) => ({ source, includes })),
    ...(await projectSources(build.projects, files)),
  ];
  const jobs: CompileJob[] = sources.map(({ source, includes }, index) => ({
    source,
    object: join(folder, 'objects', `${index}-${basename(source, '.c')}.o`),
    flags: [...common, ...includes.map((path) => `-I${path}`)],
  }));
  await files.writeFolder(join(folder, 'objects'), new Map());
  await compileAll(build.processes, build.target, jobs, build.options.jobs ?? 2);
  return jobs.map(({ object }) => object);
}

/** A kernel that two networks share, byte for byte, is compiled once. */
async function projectSources(projects: readonly Project[], files: Files) {
  const seen = new Set<string>();
  const sources: { source: string; includes: string[] }[] = [];
  for (const { folder, sources: paths, includeDirs } of projects) {
    const includes = [...includeDirs.map((path) => join(folder, path)), assetPath('runtime-c')];
    for (const path of paths) {
      const key = `${path} ${sha256(await files.read(join(folder, path)))}`;
      if (!seen.has(key)) sources.push({ source: join(folder, path), includes });
      seen.add(key);
    }
  }
  return sources;
}

async function link(build: Build, objects: readonly string[], folder: string): Promise<void> {
  const starts = (build.options.sectorStarts ?? []).filter(
    (start) => start > partAddress(build.board, 'application'),
  );
  try {
    await linkWith(build, objects, folder, starts);
  } catch (error) {
    // Where room is scarce the weights lie directly behind the code. The linker has several words for that, so whatever it
    // refuses is linked once more.
    const mayFit = error instanceof ReflowError && ['E_DOES_NOT_FIT', 'E_BUILD'].includes(error.code);
    if (starts.length === 0 || !mayFit) throw error;
    await linkWith(build, objects, folder, []);
  }
  await makeFlatImages(build, folder, join(folder, `${build.name}.elf`));
  await makePlugin(build, folder);
}

async function linkWith(
  build: Build,
  objects: readonly string[],
  folder: string,
  starts: readonly number[],
): Promise<void> {
  const { board, target, name, processes } = build;
  const elf = join(folder, `${name}.elf`);
  const args = [
    ...target.compileFlags,
    ...objects,
    `-Wl,--gc-sections,-Map=${join(folder, `${name}.map`)}`,
    '-o',
    elf,
  ];
  if (target.image === 'bare-metal') {
    const script = join(folder, `${name}.ld`);
    const placement = placementOf(build.projects);
    await (build.options.files ?? realFiles).write(
      script,
      linkerScript(board, 'application', { sectorStarts: starts, placement }),
    );
    args.push('-T', script);
  }
  const result = await callTool(processes, target, target.tools.compiler, [...args, ...target.linkFlags]);
  if (result.status !== 0) throw linkError(board, name, result.stderr);
}

/** The bytes of the internal flash, those of each other one, and all of them with their addresses. */
async function makeFlatImages(
  { board, target, name, processes, projects }: Build,
  folder: string,
  elf: string,
): Promise<void> {
  const { objcopy } = target.tools;
  if (target.image === 'process' || objcopy === null) return;
  const outside = externalSections(board, projects);
  const copy = async (to: string, ...options: string[]) => {
    const result = await callTool(processes, target, objcopy, [...options, elf, join(folder, to)]);
    if (result.status !== 0)
      throw new ReflowError('E_BUILD', `${objcopy}: ${result.stderr}`, 'check the disk and try again');
  };
  // Between code and weights flash stays erased.
  const gap = ['--gap-fill', '0xff'];
  await copy(`${name}.bin`, '-O', 'binary', ...gap, ...outside.flatMap(({ section }) => ['-R', section]));
  // From one flash to another it would be a gigabyte.
  await copy(`${name}.hex`, '-O', 'ihex', ...(outside.length > 0 ? [] : gap));
  for (const { memory, section } of outside)
    await copy(partName(name, memory), '-O', 'binary', '-j', section);
}

const partName = (name: string, memory: string) => `${name}.${memory}.bin`;

async function makePlugin({ board, options, processes }: Build, folder: string): Promise<void> {
  if (board.run.kind !== 'qemu-user' || board.run.plugin === null) return;
  const target = options.hostTarget;
  if (!target) throw new Error(`board ${board.id} needs options.hostTarget to compile its plug-in`);
  await buildPlugin(board.run.plugin, join(folder, pluginName), target, processes);
}

const pluginName = 'plugin.so';

/** Reads the ELF; paths in the result are relative to the folder. */
async function describe(build: Build, files: Files, folder: string): Promise<Image> {
  const { board, target, projects, name } = build;
  const bare = target.image === 'bare-metal';
  const elf = await files.read(join(folder, `${name}.elf`));
  const sections = elfSections(elf);
  const sizes = sectionSizes(sections);
  checkArenas(name, sections, projects);
  const stackReserveBytes = board.firmware.stackBytes;
  // The linker script reserves the stack in the image; a process gets its own from the system.
  const ramBytes = sizes.ramBytes + (bare ? 0 : stackReserveBytes);
  if (!bare) checkProcess(board, name, { ...sizes, ramBytes });
  const parts = bare ? await partsOf(build, files, folder) : [];
  const flashed = bare ? [`${name}.bin`, ...parts.map(({ bin }) => bin)] : [`${name}.elf`];
  const contents = await Promise.all(flashed.map((file) => files.read(join(folder, file))));
  return {
    name,
    board: board.id,
    target: target.id,
    networks: projects.map((project) => ({
      name: project.name,
      modelHash: project.modelHash,
      planHash: project.planHash,
    })),
    elf: `${name}.elf`,
    bin: bare ? `${name}.bin` : null,
    hex: bare ? `${name}.hex` : null,
    map: `${name}.map`,
    address: bare ? partAddress(board, 'application') : null,
    plugin: board.run.kind === 'qemu-user' && board.run.plugin !== null ? pluginName : null,
    memories: bare ? memoriesOf(board, sections) : [],
    parts,
    ...sizes,
    ramBytes,
    stackReserveBytes,
    hash: sha256(Buffer.concat(contents)),
  };
}

function memoriesOf(board: Board, sections: readonly Section[]): ImageMemory[] {
  const home = memoryFor(board, 'code').name;
  return board.memories.map((memory) => ({
    name: memory.name,
    bytes: memory.bytes,
    ...memorySizes(sections, memory, home),
  }));
}

async function partsOf({ board, name, projects }: Build, files: Files, folder: string): Promise<ImagePart[]> {
  return Promise.all(
    externalSections(board, projects).map(async ({ memory }) => {
      const bin = partName(name, memory);
      const { length: bytes } = await files.read(join(folder, bin));
      return { memory, address: board.memories.find((one) => one.name === memory)!.base, bin, bytes };
    }),
  );
}

/** The plan's memories, the constants in C and the sections are the same numbers; arrays of several networks start at 16 bytes. */
function checkArenas(name: string, sections: readonly Section[], projects: readonly Project[]): void {
  const linked = (section: string) => sections.find((one) => one.name === section)?.bytes ?? 0;
  checkArena(name, linked('.arena'), imageArenaBytes(projects));
  for (const memory of placementOf(projects).arenas) {
    const own = projects.flatMap(({ memories }) => memories.filter((one) => one.name === memory));
    const last = linked(`.arena.${memory}`);
    const sum = own.reduce((all, { bytes }) => all + bytes, 0);
    const padded = own.reduce((all, { bytes }) => all + 16 * Math.ceil(bytes / 16), 0);
    checkArena(name, last, Math.min(padded, Math.max(sum, last)));
  }
}

function checkArena(name: string, linked: number, planned: number): void {
  if (linked === planned) return;
  throw new ReflowError(
    'E_BUILD',
    `${name}: the linked arena has ${linked} bytes, the plan ${planned}`,
    'report this together with the model',
  );
}

function checkProcess(board: Board, name: string, sizes: SectionSizes): void {
  const memory = memoryFor(board, 'arena');
  const missing = sizes.flashBytes + sizes.ramBytes - memory.bytes;
  if (missing > 0) throw doesNotFit(board, name, [{ name: memory.name, bytes: missing }]);
}
