/** All that a virtual STM32 shows at an address: flash, RAM, bootloader code, unique id, flash size, option bytes. Pure. */
import type { BankMode, Chip } from './chips.js';
import type { FlashMemory } from './flash-memory.js';

const systemBytes = 0x20000;
const ramBytes = 256 * 1024;

export class DeviceMemory {
  readonly #ram = new Uint8Array(ramBytes);
  readonly #info: (address: number) => number | undefined;

  constructor(
    private readonly chip: Chip,
    private readonly flash: FlashMemory,
    mode: BankMode | null,
    uid: Uint8Array,
  ) {
    this.#info = infoMemory(chip, mode, uid);
  }

  isReadable(address: number): boolean {
    return this.flash.contains(address) || this.isRam(address) || this.#info(address) !== undefined;
  }

  /** RAM that the bootloader leaves to others. */
  isRam(address: number): boolean {
    return address >= this.chip.freeRam && address < this.chip.freeRam + ramBytes;
  }

  byteAt(address: number): number {
    if (this.flash.contains(address)) return this.flash.bytes[address - this.chip.flashBase]!;
    if (this.isRam(address)) return this.#ram[address - this.chip.freeRam]!;
    return this.#info(address) ?? 0;
  }

  /** Bytes past the end of RAM are dropped. */
  writeRam(address: number, data: Uint8Array): void {
    const at = address - this.chip.freeRam;
    this.#ram.set(data.subarray(0, ramBytes - at), at);
  }
}

/** A function from address to byte, undefined where nothing lies. */
function infoMemory(
  chip: Chip,
  mode: BankMode | null,
  uid: Uint8Array,
): (address: number) => number | undefined {
  const special = new Map<number, number>();
  const put = (address: number, bytes: Iterable<number>) => {
    let at = address;
    for (const byte of bytes) special.set(at++, byte);
  };
  const page = chip.uidRegister - (chip.uidRegister % 256);
  put(page, new Uint8Array(256));
  put(chip.uidRegister, uid.subarray(0, 12));
  put(chip.flashSizeRegister, little(chip.flashBytes / 1024, 2));
  if (chip.bankOption) {
    const { addresses, bit, dualWhen, complement } = chip.bankOption;
    const dual = mode === 'dual' ? 1 : 0;
    const option = dual === dualWhen ? 1 << bit : 0;
    put(addresses[0]!, [...little(option, 4), ...little(complement ? ~option : 0, 4)]);
  }
  return (address) => {
    const known = special.get(address);
    if (known !== undefined) return known;
    return address >= chip.systemMemory && address < chip.systemMemory + systemBytes ? 0x91 : undefined;
  };
}

function little(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, i) => (value >>> (8 * i)) & 0xff);
}
