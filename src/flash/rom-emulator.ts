/**
 * A virtual STM32 in its ROM bootloader: the device's side of ST's AN3155 on any Port, with the traps of the real thing.
 * Writes to protected sectors are acknowledged, a second 0x7F is half a command, old versions drop a bad address without
 * a word, bytes that arrive while flash is busy overrun, and a wrong first byte spoils the baud rate until a reset.
 */
import type { Port } from '../base/port.js';
import { ACK, commandCodes, NACK, SYNC, xorOf } from './an3155.js';
import type { Chip } from './chips.js';
import { DeviceMemory } from './device-memory.js';
import { eraseRequest, eraseTailBytes } from './erase-request.js';
import { FlashMemory } from './flash-memory.js';
import { type LineClock, realClock, sleep } from './line-clock.js';
import { noFaults, type RomFaults, type StepFault } from './rom-faults.js';
import type { RomOptions } from './rom-options.js';
import { sectorMap } from './sector-map.js';

/** Thrown inside the device when it resets; ends whatever it was doing. */
class Reset extends Error {}

export class RomEmulator {
  readonly flash: FlashMemory;
  /** Commands carried out, by code. */
  readonly commands = new Map<number, number>();
  /** Bytes lost because flash was busy. */
  overruns = 0;
  resets = 0;
  wordMode = false;
  readoutProtected: boolean;
  #queue: number[] = [];
  #wanted: { count: number; resolve: (bytes: number[]) => void; reject: (error: Error) => void } | null =
    null;
  #busy = false;
  #held = false;
  #boot0 = true;
  #epoch = 0;
  #erasing = 0;
  /** Last of read and write, reads counting only after a write. */
  #last = 0;
  #spoilt = false;
  readonly #memory: DeviceMemory;
  readonly #clock: LineClock;
  readonly #faults: RomFaults;
  readonly #version: number;
  #detach = () => {};

  constructor(
    readonly port: Port,
    readonly chip: Chip,
    private readonly options: RomOptions = {},
  ) {
    const mode = options.bankMode ?? (chip.bankOption ? 'dual' : null);
    this.#clock = options.clock ?? realClock;
    this.#faults = options.faults ?? noFaults;
    this.#version = options.version ?? 0x31;
    this.readoutProtected = options.readoutProtected ?? false;
    this.flash = new FlashMemory(chip, sectorMap(chip, mode), new Set(options.protectedSectors ?? []));
    const uid = options.uid ?? Uint8Array.from({ length: 12 }, (_, i) => 0x30 + i);
    this.#memory = new DeviceMemory(chip, this.flash, mode, uid);
  }

  /** Begins to listen. */
  start(): void {
    this.#detach = this.port.onData((bytes) => this.#receive(bytes));
    this.options.control?.onLines((lines) => {
      const held = lines.dtr === true;
      this.#boot0 = lines.rts !== true;
      if (this.#held && !held) this.reset();
      this.#held = held;
    });
    void this.#run(this.options.startsInApplication === true);
  }

  stop(): void {
    this.#epoch++;
    this.#detach();
    this.#wanted?.reject(new Reset());
  }

  /** What the reset button does. */
  reset(): void {
    this.resets++;
    this.#epoch++;
    this.#queue = [];
    this.#busy = false;
    this.wordMode = false;
    this.flash.reset();
    this.#wanted?.reject(new Reset());
    this.#wanted = null;
    void this.#run(!this.#boot0);
  }

  async #run(application: boolean): Promise<void> {
    try {
      if (application) await this.#application();
      else await this.#bootloader();
    } catch (error) {
      if (!(error instanceof Reset)) throw error;
    }
  }

  async #application(): Promise<never> {
    if (this.resets > 0) this.options.onGo?.(this.chip.flashBase, this.flash.bytes);
    for (;;) {
      await this.#take(1);
      this.#queue = [];
      await this.#send(Buffer.from('error: unknown command, try help\r\n'));
    }
  }

  async #bootloader(): Promise<never> {
    if (this.resets > 0) {
      await this.#wait(this.chip.startupMs);
      this.#queue = [];
    }
    const [first] = await this.#take(1);
    const baudRate = this.options.control?.settings().baudRate ?? 0;
    if (first !== SYNC || baudRate > (this.options.mostBaud ?? Number.POSITIVE_INFINITY))
      return this.#garble();
    await this.#send([ACK]);
    for (;;) {
      const [code, complement] = await this.#take(2);
      if ((code! ^ complement!) !== 0xff || this.#parityFails(code!, complement!)) await this.#send([NACK]);
      else await this.#command(code!);
    }
  }

  /** A wrongly measured baud rate: every chunk is answered, if at all, with a byte that means nothing. */
  async #garble(): Promise<never> {
    for (;;) {
      await this.#take(2);
      this.#queue = [];
      await this.#send([0xe6]);
    }
  }

  /** A host without parity leaves a one where the parity bit belongs: right only for bytes with an odd number of ones. */
  #parityFails(...bytes: number[]): boolean {
    if (this.options.control?.settings().parity !== 'none') return false;
    const ones = (byte: number) => byte.toString(2).replaceAll('0', '').length;
    return bytes.some((byte) => ones(byte) % 2 === 0);
  }

  async #command(code: number): Promise<void> {
    const { get, getVersion, getId, read, go, write, erase, extendedErase, readoutUnprotect } = commandCodes;
    const always: number[] = [get, getVersion, getId, readoutUnprotect];
    if (!this.#commandList().includes(code)) return this.#send([NACK]);
    if (this.readoutProtected && !always.includes(code)) {
      return this.#send(this.options.twoNacks ? [NACK, NACK] : [NACK]);
    }
    if (!(await this.#step(code, 'command'))) return;
    this.commands.set(code, (this.commands.get(code) ?? 0) + 1);
    if (code !== go || !this.options.goWithoutFirstAck) await this.#send([ACK]);
    if (code === read || code === write) {
      this.#spoilt = code === write && this.#last === read && this.options.readSpoilsNextWrite === true;
      this.#last = this.#last === write || code === write ? code : 0;
    }
    if (code === get) {
      const list = this.#commandList();
      await this.#send([list.length, this.#version, ...list, ACK]);
    } else if (code === getVersion) await this.#send([this.#version, 0, 0, ACK]);
    else if (code === getId) await this.#send([1, this.chip.pid >> 8, this.chip.pid & 0xff, ACK]);
    else if (code === read) await this.#read();
    else if (code === go) await this.#go();
    else if (code === write) await this.#write();
    else if (code === erase || code === extendedErase) await this.#erase(code === extendedErase);
    else await this.#protect(code);
  }

  #commandList(): number[] {
    const c = commandCodes;
    const eraseCode = this.#version >= 0x30 ? c.extendedErase : c.erase;
    const protection = [c.writeProtect, c.writeUnprotect, c.readoutProtect, c.readoutUnprotect];
    return [c.get, c.getVersion, c.getId, c.read, c.go, c.write, eraseCode, ...protection];
  }

  /** The address of read, write and go; null when refused, with or without a word. */
  async #address(code: number, valid: (address: number) => boolean): Promise<number | null> {
    const frame = await this.#take(5);
    const address = ((frame[0]! << 24) | (frame[1]! << 16) | (frame[2]! << 8) | frame[3]!) >>> 0;
    if (xorOf(frame) !== 0) {
      await this.#send([NACK]);
      return null;
    }
    if (!valid(address)) {
      if (this.#version >= 0x31) await this.#send([NACK]);
      return null;
    }
    if (!(await this.#step(code, 'address'))) return null;
    await this.#send([ACK]);
    return address;
  }

  async #read(): Promise<void> {
    const address = await this.#address(commandCodes.read, (a) => this.#memory.isReadable(a));
    if (address === null) return;
    const [count, complement] = await this.#take(2);
    if ((count! ^ complement!) !== 0xff) return this.#send([NACK]);
    if (!(await this.#step(commandCodes.read, 'data'))) return;
    const data = Array.from({ length: count! + 1 }, (_, i) => this.#memory.byteAt(address + i));
    await this.#send([ACK, ...data]);
  }

  async #write(): Promise<void> {
    const widthByte = 0xffff0000;
    const address = await this.#address(
      commandCodes.write,
      (a) =>
        this.flash.contains(a) ||
        this.#memory.isRam(a) ||
        (a === widthByte && this.chip.byteProgrammingDefault),
    );
    if (address === null) return;
    const [count] = await this.#take(1);
    const rest = await this.#take(count! + 2);
    const data = Uint8Array.from(rest.slice(0, -1));
    if (xorOf(rest, count) !== 0) return this.#send([NACK]);
    if (address === widthByte) this.wordMode = data[0] === 3;
    else if (this.#memory.isRam(address)) this.#memory.writeRam(address, data);
    else if (this.flash.contains(address, data.length)) {
      if (!(await this.#program(address, data))) return;
    }
    await this.#send([ACK]);
  }

  /** False when a fault ended the command. */
  async #program(address: number, data: Uint8Array): Promise<boolean> {
    const fault = this.#faults.step(commandCodes.write, 'data');
    if (fault === 'nack') {
      await this.#send([NACK]);
      return false;
    }
    this.#busy = true;
    const unit = this.chip.byteProgrammingDefault && !this.wordMode ? 1 : this.chip.wordBytes;
    await this.#wait((data.length / unit) * ((this.options.programUs ?? 0) / 1000));
    if (fault === 'tear') {
      if (this.#erasing === 0) this.#programHalf(address, data);
      this.reset();
      throw new Reset();
    }
    // While an early-acknowledged erase is still running, programming is lost.
    const from = this.#spoilt ? Math.min(32, data.length) : 0;
    if (this.#erasing === 0) this.flash.program(address + from, data.subarray(from));
    await this.#suffer(fault);
    this.#busy = false;
    return true;
  }

  /** Power failed while programming: one word is neither erased nor written. */
  #programHalf(address: number, data: Uint8Array): void {
    const half = Math.floor(data.length / 2 / this.chip.wordBytes) * this.chip.wordBytes;
    if (half > 0) this.flash.program(address, data.subarray(0, half));
    this.flash.tear(address + half);
  }

  async #erase(extended: boolean): Promise<void> {
    const head = await this.#take(extended ? 2 : 1);
    const count = extended ? (head[0]! << 8) | head[1]! : head[0]!;
    const tail = await this.#take(eraseTailBytes(count, extended));
    const indices = eraseRequest(count, tail, extended, this.flash.sectors.length);
    if (indices) await this.#eraseSectors(indices);
    else await this.#send([NACK]);
  }

  async #eraseSectors(indices: readonly number[]): Promise<void> {
    const fault = this.#faults.step(commandCodes.extendedErase, 'data');
    if (fault === 'nack') return this.#send([NACK]);
    const kib = indices.reduce((sum, index) => sum + this.flash.sectors[index]!.bytes / 1024, 0);
    const ms = kib * (this.options.eraseMsPerKib ?? 0);
    if (fault === 'early') {
      const epoch = this.#epoch;
      this.#erasing++;
      this.#clock.schedule(ms + 200, () => {
        this.#erasing--;
        for (const index of indices) {
          if (epoch === this.#epoch) this.flash.erase(index);
          else this.flash.scar(index);
        }
      });
      return this.#send([ACK]);
    }
    this.#busy = true;
    await this.#wait(ms);
    for (const index of indices) this.flash.erase(index);
    if (fault === 'tear') {
      // Power failed during the erase: some words read as anything, and none may be programmed.
      for (const index of indices) this.flash.scar(index);
      this.reset();
      throw new Reset();
    }
    await this.#suffer(fault);
    this.#busy = false;
    await this.#send([ACK]);
  }

  async #go(): Promise<void> {
    const address = await this.#address(
      commandCodes.go,
      (a) => this.flash.contains(a) || this.#memory.isRam(a),
    );
    if (address === null) return;
    this.options.onGo?.(address, this.flash.bytes);
    await new Promise(() => {});
  }

  /** Write and readout protection: acknowledged, then the system resets; lifting readout protection erases everything. */
  async #protect(code: number): Promise<void> {
    if (code === commandCodes.writeProtect) {
      const [count] = await this.#take(1);
      const rest = await this.#take(count! + 2);
      if (xorOf(rest, count) !== 0) return this.#send([NACK]);
    }
    if (code === commandCodes.readoutProtect) this.readoutProtected = true;
    if (code === commandCodes.readoutUnprotect) {
      this.readoutProtected = false;
      for (const sector of this.flash.sectors) this.flash.erase(sector.index);
    }
    await this.#send([ACK]);
    this.reset();
    throw new Reset();
  }

  /** Carries out the fault of a step that changes nothing. False when the step was refused. */
  async #step(code: number, stage: 'command' | 'address' | 'data'): Promise<boolean> {
    const fault = this.#faults.step(code, stage);
    if (fault === 'nack') {
      await this.#send([NACK]);
      return false;
    }
    await this.#suffer(fault);
    return true;
  }

  async #suffer(fault: StepFault): Promise<void> {
    if (fault === 'late') await this.#wait(this.#faults.lateMs);
    if (fault === 'hang') await new Promise((_, reject) => this.#hangUntilReset(reject));
  }

  #hangUntilReset(reject: (error: Error) => void): void {
    this.#wanted = { count: Number.POSITIVE_INFINITY, resolve: () => {}, reject };
  }

  #receive(bytes: Uint8Array): void {
    if (this.#held) return;
    for (const byte of bytes) {
      const arrived = this.#faults.receive(byte);
      if (arrived === null) continue;
      if (this.#busy && this.#queue.length > 0) this.overruns++;
      else this.#queue.push(arrived);
    }
    this.#serve();
  }

  #serve(): void {
    const wanted = this.#wanted;
    if (!wanted || this.#queue.length < wanted.count) return;
    this.#wanted = null;
    wanted.resolve(this.#queue.splice(0, wanted.count));
  }

  #take(count: number): Promise<number[]> {
    return new Promise((resolve, reject) => {
      this.#wanted = { count, resolve, reject };
      this.#serve();
    });
  }

  async #send(bytes: Iterable<number>): Promise<void> {
    const sent = [...bytes].map((byte) => this.#faults.transmit(byte)).filter((byte) => byte !== null);
    const epoch = this.#epoch;
    if (sent.length > 0) await this.port.write(Uint8Array.from(sent)).catch(() => {});
    if (epoch !== this.#epoch) throw new Reset();
  }

  async #wait(ms: number): Promise<void> {
    if (ms <= 0) return;
    const epoch = this.#epoch;
    await sleep(this.#clock, ms);
    if (epoch !== this.#epoch) throw new Reset();
  }
}
