/** How flashing fails: what happened on the line (LinkError, often curable) and what it means (FlashError, final). */
import { type ErrorCode, ReflowError } from '../base/error.js';

/** `torn`: a block is neither erased nor what was written, so its sector must be erased again. */
export type LinkTrouble = 'timeout' | 'nack' | 'garbled' | 'lost' | 'torn';

const linkCodes: Record<LinkTrouble, ErrorCode> = {
  timeout: 'E_TIMEOUT',
  nack: 'E_PROTOCOL',
  garbled: 'E_PROTOCOL',
  lost: 'E_PORT',
  torn: 'E_FLASH',
};

/** One transaction that did not go as AN3155 says. `stage` is the step within the command. */
export class LinkError extends ReflowError {
  constructor(
    readonly trouble: LinkTrouble,
    readonly stage: string,
    detail: string,
  ) {
    super(
      linkCodes[trouble],
      `bootloader ${stage}: ${detail}`,
      'reset the board into its bootloader and try again',
    );
  }
}

/** What is wrong, in the words of `reflow doctor --port`. */
export type Finding =
  | 'ready'
  | 'already-synced'
  | 'port-missing'
  | 'port-locked'
  | 'no-rights'
  | 'not-serial'
  | 'port-lost'
  | 'nothing-answers'
  | 'application'
  | 'wrong-parity'
  | 'garbled'
  | 'protected'
  | 'unknown-chip'
  | 'wrong-board'
  | 'stopped-answering'
  | 'write-protected'
  | 'mismatch'
  | 'disturbed'
  | 'too-slow';

const findingCodes: Partial<Record<Finding, ErrorCode>> = {
  'port-missing': 'E_PORT',
  'port-locked': 'E_PORT',
  'no-rights': 'E_PORT',
  'not-serial': 'E_PORT',
  'port-lost': 'E_PORT',
  'nothing-answers': 'E_TIMEOUT',
  'too-slow': 'E_TIMEOUT',
  disturbed: 'E_FLASH',
  'write-protected': 'E_FLASH',
  mismatch: 'E_FLASH',
};

const hints: Record<Finding, string> = {
  ready: 'nothing to do',
  'already-synced': 'nothing to do',
  'port-missing': 'plug the board in and look for its port with `reflow doctor`',
  'port-locked': 'close the other program (a serial monitor?) and try again',
  'no-rights':
    'install the udev rule that `reflow doctor --port` prints, or join the group dialout and log in again',
  'not-serial': 'name a serial port, such as /dev/ttyUSB0 or /dev/ttyACM0',
  'port-lost': 'check the cable and the supply, then flash again: finished sectors are not written twice',
  'nothing-answers':
    'set BOOT0 high, press reset and try again; check that TX and RX cross over, and that this UART reaches the ROM bootloader',
  application: 'set BOOT0 high and press reset, so that the ROM bootloader starts instead of the application',
  'wrong-parity': 'open the line with 8 data bits, EVEN parity, 1 stop bit',
  garbled: 'press reset (the bootloader measures the baud rate only once) and try again at a lower --baud',
  protected:
    'lift readout protection first (it erases the whole flash): STM32_Programmer_CLI -c port=PORT -rdu, or stm32flash -k PORT',
  'unknown-chip': 'flash it another way (ST-LINK), or add the chip to src/flash/chips.ts',
  'wrong-board': 'plug the first board in again, or start a new flash for this one',
  'stopped-answering': 'press reset and flash again: finished sectors are not written twice',
  'write-protected': 'lift the write protection of that sector in the option bytes (WRP) and flash again',
  mismatch: 'flash again; if it stays, lower --baud, check the supply, or the flash is worn',
  disturbed: 'check ground and cable length, and lower --baud',
  'too-slow': 'check ground and cable length, lower --baud, or raise the limit',
};

/** The final word on a flash or a diagnosis. */
export class FlashError extends ReflowError {
  constructor(
    readonly finding: Finding,
    message: string,
    options?: { cause?: unknown; hint?: string },
  ) {
    super(findingCodes[finding] ?? 'E_DEVICE', message, options?.hint ?? hints[finding], {
      cause: options?.cause,
    });
  }
}

/** What to do about a finding. */
export function hintFor(finding: Finding): string {
  return hints[finding];
}
