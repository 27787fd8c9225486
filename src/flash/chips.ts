/**
 * What is true of an STM32 chip as its ROM bootloader sees it. Data, checked by a schema; boards are described elsewhere.
 *
 * Sources: ST AN2606 (device table, alignments of table 7, start-up times of table 227), ST's CMSIS device headers
 * (flash, flash-size and UID addresses), reference manuals named per chip (sector maps, option bits).
 */
import { z } from 'zod';

const address = z.number().int().min(0).max(0xffffffff);
const bytes = z.number().int().positive();

const layoutSchema = z.object({
  /** `only` where the chip has one map; otherwise the bank mode that selects it. */
  mode: z.enum(['only', 'single', 'dual']),
  /** Sectors in address order; numbers for the erase command count on through both banks. */
  runs: z.array(z.object({ count: z.number().int().positive(), bytes })).min(1),
});

const chipSchema = z
  .object({
    pid: z.number().int().min(1).max(0xfff),
    name: z.string().min(1),
    family: z.enum(['F4', 'F7', 'H7', 'L4', 'G4', 'U5']),
    flashBase: address,
    /** Largest part with this PID; the flash-size register tells the real one. */
    flashBytes: bytes,
    layouts: z.array(layoutSchema).min(1),
    /**
     * Where the option word with the bank bit is read. Where the word after it holds its complement, that is how the
     * right one of several candidate addresses is recognised.
     */
    bankOption: z
      .object({
        addresses: z.array(address).min(1),
        bit: z.number().int().min(0).max(31),
        dualWhen: z.union([z.literal(0), z.literal(1)]),
        complement: z.boolean(),
      })
      .optional(),
    /** True where the map has two banks: a smaller part then leaves a hole that the table does not describe. */
    twoBanks: z.boolean(),
    /** Unit of programming: blocks start on it and are padded to it. */
    wordBytes: z.number().int().min(4).max(32),
    /** A word carries ECC: programming it twice without an erase fails or corrupts it. */
    ecc: z.boolean(),
    /** The bootloader programs byte by byte until 0xFFFF0000 is written (AN2606, F2/F4/F7). */
    byteProgrammingDefault: z.boolean(),
    /** First RAM byte that the bootloader does not use itself. */
    freeRam: address,
    systemMemory: address,
    flashSizeRegister: address,
    uidRegister: address,
    /** From reset to a bootloader that listens, ms. */
    startupMs: z.number().positive(),
    source: z.string().min(1),
  })
  .refine(
    (c) => c.layouts.every((l) => l.runs.reduce((sum, r) => sum + r.count * r.bytes, 0) === c.flashBytes),
    {
      message: 'the sectors of a layout must add up to the flash',
    },
  )
  .refine((c) => c.layouts.length > 1 === (c.bankOption !== undefined), {
    message: 'several layouts need the option bit that selects one',
  });

export type Chip = z.infer<typeof chipSchema>;
export type BankMode = 'single' | 'dual';

const KiB = 1024;
const MiB = 1024 * KiB;

const f4 = {
  family: 'F4' as const,
  flashBase: 0x08000000,
  twoBanks: false,
  wordBytes: 4,
  ecc: false,
  byteProgrammingDefault: true,
  freeRam: 0x20003000,
  systemMemory: 0x1fff0000,
  flashSizeRegister: 0x1fff7a22,
  uidRegister: 0x1fff7a10,
  startupMs: 75,
};
const f4Sectors = (large: number) => [
  {
    mode: 'only' as const,
    runs: [
      { count: 4, bytes: 16 * KiB },
      { count: 1, bytes: 64 * KiB },
      { count: large, bytes: 128 * KiB },
    ],
  },
];
const f7 = {
  family: 'F7' as const,
  flashBase: 0x08000000,
  wordBytes: 8,
  ecc: false,
  byteProgrammingDefault: true,
  freeRam: 0x20004000,
  systemMemory: 0x1ff00000,
  flashSizeRegister: 0x1ff0f442,
  uidRegister: 0x1ff0f420,
  startupMs: 17,
};
const l4 = {
  family: 'L4' as const,
  flashBase: 0x08000000,
  twoBanks: true,
  wordBytes: 8,
  ecc: true,
  byteProgrammingDefault: false,
  systemMemory: 0x1fff0000,
  flashSizeRegister: 0x1fff75e0,
  uidRegister: 0x1fff7590,
};
const h7 = {
  family: 'H7' as const,
  flashBase: 0x08000000,
  flashBytes: 2 * MiB,
  twoBanks: true,
  ecc: true,
  byteProgrammingDefault: false,
  freeRam: 0x20004100,
  systemMemory: 0x1ff00000,
  flashSizeRegister: 0x1ff1e880,
  uidRegister: 0x1ff1e800,
};

/** Every chip that `reflow flash` knows, checked when the module loads. */
export const chips: readonly Chip[] = z.array(chipSchema).parse([
  {
    ...f4,
    pid: 0x413,
    name: 'STM32F405/407',
    flashBytes: MiB,
    layouts: f4Sectors(7),
    startupMs: 85,
    source: 'RM0090; AN2606',
  },
  {
    ...f4,
    pid: 0x423,
    name: 'STM32F401xB/C',
    flashBytes: 256 * KiB,
    layouts: f4Sectors(1),
    source: 'RM0368; AN2606',
  },
  {
    ...f4,
    pid: 0x433,
    name: 'STM32F401xD/E',
    flashBytes: 512 * KiB,
    layouts: f4Sectors(3),
    source: 'RM0368; AN2606',
  },
  {
    ...f4,
    pid: 0x431,
    name: 'STM32F411',
    flashBytes: 512 * KiB,
    layouts: f4Sectors(3),
    source: 'RM0383; AN2606',
  },
  {
    ...f4,
    pid: 0x421,
    name: 'STM32F446',
    flashBytes: 512 * KiB,
    layouts: f4Sectors(3),
    source: 'RM0390; AN2606',
  },
  {
    ...f7,
    pid: 0x449,
    name: 'STM32F74x/75x',
    flashBytes: MiB,
    twoBanks: false,
    layouts: [
      {
        mode: 'only',
        runs: [
          { count: 4, bytes: 32 * KiB },
          { count: 1, bytes: 128 * KiB },
          { count: 3, bytes: 256 * KiB },
        ],
      },
    ],
    source: 'RM0385; AN2606',
  },
  {
    ...f7,
    pid: 0x451,
    name: 'STM32F76x/77x',
    flashBytes: 2 * MiB,
    twoBanks: true,
    layouts: [
      {
        mode: 'single',
        runs: [
          { count: 4, bytes: 32 * KiB },
          { count: 1, bytes: 128 * KiB },
          { count: 7, bytes: 256 * KiB },
        ],
      },
      {
        mode: 'dual',
        runs: [
          { count: 4, bytes: 16 * KiB },
          { count: 1, bytes: 64 * KiB },
          { count: 7, bytes: 128 * KiB },
          { count: 4, bytes: 16 * KiB },
          { count: 1, bytes: 64 * KiB },
          { count: 7, bytes: 128 * KiB },
        ],
      },
    ],
    // The upper half of OPTCR is stored at +8: nDBANK, its bit 29, is bit 13 there.
    bankOption: { addresses: [0x1fff0008], bit: 13, dualWhen: 0, complement: false },
    source: 'RM0410; AN2606',
  },
  {
    ...h7,
    pid: 0x450,
    name: 'STM32H74x/75x',
    layouts: [{ mode: 'only', runs: [{ count: 16, bytes: 128 * KiB }] }],
    wordBytes: 32,
    startupMs: 54,
    source: 'RM0433; AN2606',
  },
  {
    ...h7,
    pid: 0x480,
    name: 'STM32H7A3/7B3',
    layouts: [{ mode: 'only', runs: [{ count: 256, bytes: 8 * KiB }] }],
    wordBytes: 16,
    startupMs: 545,
    source: 'RM0455; AN2606',
  },
  {
    ...l4,
    pid: 0x415,
    name: 'STM32L47x/48x',
    flashBytes: MiB,
    layouts: [{ mode: 'only', runs: [{ count: 512, bytes: 2 * KiB }] }],
    freeRam: 0x20003100,
    startupMs: 55,
    source: 'RM0351; AN2606',
  },
  {
    ...l4,
    pid: 0x470,
    name: 'STM32L4Rx/4Sx',
    flashBytes: 2 * MiB,
    layouts: [
      { mode: 'dual', runs: [{ count: 512, bytes: 4 * KiB }] },
      { mode: 'single', runs: [{ count: 256, bytes: 8 * KiB }] },
    ],
    bankOption: { addresses: [0x1ff00000, 0x1fff7800], bit: 22, dualWhen: 1, complement: true },
    freeRam: 0x20003200,
    startupMs: 11,
    source: 'RM0432; AN2606',
  },
  {
    ...l4,
    pid: 0x469,
    name: 'STM32G47x/48x',
    family: 'G4',
    flashBytes: 512 * KiB,
    layouts: [
      { mode: 'dual', runs: [{ count: 256, bytes: 2 * KiB }] },
      { mode: 'single', runs: [{ count: 128, bytes: 4 * KiB }] },
    ],
    bankOption: { addresses: [0x1fff7800], bit: 22, dualWhen: 1, complement: true },
    freeRam: 0x20004000,
    startupMs: 1,
    source: 'RM0440; AN2606',
  },
  {
    pid: 0x482,
    name: 'STM32U575/585',
    family: 'U5',
    flashBase: 0x08000000,
    flashBytes: 2 * MiB,
    layouts: [{ mode: 'only', runs: [{ count: 256, bytes: 8 * KiB }] }],
    twoBanks: true,
    wordBytes: 16,
    ecc: true,
    byteProgrammingDefault: false,
    freeRam: 0x20004000,
    systemMemory: 0x0bf90000,
    flashSizeRegister: 0x0bfa07a0,
    uidRegister: 0x0bfa0700,
    startupMs: 1,
    source: 'RM0456; AN2606',
  },
]);

/** The chip with that product id, or undefined. */
export function chipByPid(pid: number): Chip | undefined {
  return chips.find((chip) => chip.pid === pid);
}
