/**
 * An Image is what is flashed: the linked program of one board with one or more networks, and what was read from it. `build`
 * writes the description beside the ELF as `<name>.image.json`.
 */
import { z } from 'zod';
import { parseDocument } from './parse-document.js';

const bytes = z.number().int().nonnegative();
const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** What an image takes of one memory of the board. */
const memorySchema = z.strictObject({
  name: z.string().min(1),
  /** What the board has. */
  bytes,
  /** Everything: code and constants, or data, arena and the reserved stack; what a loader takes is not in it. */
  used: bytes,
  weightBytes: bytes,
  arenaBytes: bytes,
});

/** What is flashed besides `bin`: the weights in one external flash. */
const partSchema = z.strictObject({
  memory: z.string().min(1),
  address: bytes,
  bin: z.string().min(1),
  bytes,
});

const imageSchema = z.strictObject({
  name: z.string().min(1),
  board: z.string().min(1),
  target: z.string().min(1),
  networks: z
    .array(z.strictObject({ name: z.string().min(1), modelHash: z.string(), planHash: z.string() }))
    .min(1),
  /** Paths. In the file they are relative to it. `bin` and `hex` are null where the image is a process. */
  elf: z.string().min(1),
  bin: z.string().min(1).nullable(),
  hex: z.string().min(1).nullable(),
  map: z.string().min(1),
  /** Where `bin` begins in flash; null where the image is a process. */
  address: bytes.nullable(),
  /** The emulator's plug-in that goes with this image. */
  plugin: z.string().min(1).nullable(),
  memories: z.array(memorySchema).default([]),
  parts: z.array(partSchema).default([]),
  /** Everything that is flashed, `parts` included: code, constants, weights and the initial values of data. */
  flashBytes: bytes,
  textBytes: bytes,
  rodataBytes: bytes,
  weightBytes: bytes,
  /** Everything writable: data, arena and the reserved stack. */
  ramBytes: bytes,
  arenaBytes: bytes,
  /** What of `ramBytes` is reserved for the stack. */
  stackReserveBytes: bytes,
  /** SHA-256 of what is flashed, `bin` and then all parts (of the executable where the image is a process). */
  hash,
});

export type Image = Readonly<z.infer<typeof imageSchema>>;
export type ImageMemory = Image['memories'][number];
export type ImagePart = Image['parts'][number];

type Check = (image: Image) => string | null;

const arenaIsInRam: Check = ({ arenaBytes, stackReserveBytes, ramBytes }) =>
  arenaBytes + stackReserveBytes <= ramBytes
    ? null
    : 'arena and stack are larger than ramBytes, which contains them';

const weightsAreInFlash: Check = ({ textBytes, rodataBytes, weightBytes, flashBytes }) =>
  textBytes + rodataBytes + weightBytes <= flashBytes
    ? null
    : 'text, rodata and weights are larger than flashBytes, which contains them';

/** Each rejects one mistake; the message says which. */
export const imageChecks = { arenaIsInRam, weightsAreInFlash };

/**
 * Reads an image description; its paths are as they stand in the file.
 * @throws ReflowError E_FILE
 */
export function parseImage(text: string, where: string): Image {
  return parseDocument(
    { code: 'E_FILE', schema: imageSchema, checks: Object.values(imageChecks) },
    text,
    where,
  );
}
