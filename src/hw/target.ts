/**
 * A Target is what is true of an instruction set: how C is compiled for it, and which kernel sets it can run. One JSON
 * file per target in `targets/`.
 */
import { z } from 'zod';
import { parseDocument } from './parse-document.js';

const targetSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]+$/),
  summary: z.string().min(10),
  /** `process`: an executable of an operating system. `bare-metal`: start-up code and a linker script are ours. */
  image: z.enum(['process', 'bare-metal']),
  tools: z.strictObject({
    compiler: z.string().min(1),
    objcopy: z.string().min(1).nullable(),
    /** Debian packages that hold them, for the hint when one is missing. */
    package: z.string().min(1),
  }),
  compileFlags: z.array(z.string().startsWith('-')),
  linkFlags: z.array(z.string().startsWith('-')),
  /** Kernel sets that run here, best first; the last is always `ref`. */
  kernelSets: z.array(z.enum(['mve', 'dsp', 'plain', 'ref'])),
  /** The documents that these facts are from. */
  source: z.string().min(10),
});

export type Target = Readonly<z.infer<typeof targetSchema>>;

type Check = (target: Target) => string | null;

const endsWithReference: Check = (target) =>
  target.kernelSets.at(-1) === 'ref' ? null : 'kernelSets must end in "ref", the set that every target runs';

const distinctKernelSets: Check = (target) =>
  new Set(target.kernelSets).size === target.kernelSets.length ? null : 'kernelSets names a set twice';

/** Float results must not depend on whether the compiler fuses multiply and add. */
const noContraction: Check = (target) =>
  target.compileFlags.includes('-ffp-contract=off')
    ? null
    : 'compileFlags lacks -ffp-contract=off; float results would differ between targets';

const bareMetalHasObjcopy: Check = (target) =>
  target.image === 'process' || target.tools.objcopy !== null
    ? null
    : 'a bare-metal target needs tools.objcopy to make the flat image';

/** Each rejects one mistake; the message says which. */
export const targetChecks = { endsWithReference, distinctKernelSets, noContraction, bareMetalHasObjcopy };

/**
 * Reads one target file.
 * @param where names the file in messages
 * @throws ReflowError E_TARGET when it is not JSON, lacks a field or fails a check
 */
export function parseTarget(text: string, where: string): Target {
  return parseDocument(
    { code: 'E_TARGET', schema: targetSchema, checks: Object.values(targetChecks) },
    text,
    where,
  );
}
