/** What a virtual STM32 shows outside flash and RAM: bootloader code and its version, unique id, flash size, option bytes. Pure. */
import type { BankMode, Chip } from './chips.js';

const systemBytes = 0x20000;

/** A function from address to byte, undefined where nothing lies. */
export function infoMemory(
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
