/** What a process of a campaign calls itself, so that others on its host can tell whether it still lives. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Empty where the file does not exist (no Linux): then nobody is ever taken for dead before its lease ends. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

/** This boot of this machine, as seen from this container: only inside it do process ids mean the same. */
function system(): string {
  let processes = '';
  try {
    processes = readlinkSync('/proc/self/ns/pid').replace(/\D/g, '');
  } catch {}
  return `${read('/proc/sys/kernel/random/boot_id').slice(0, 8)}.${processes}`;
}

/** When a process began, in ticks since the boot; empty when there is none, or one that has ended and is not yet buried. */
function beginOf(pid: number | string): string {
  // The name in parentheses may hold blanks; behind it, field 22 of the whole line is the 20th.
  const fields = read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? [];
  return fields[0] === 'Z' || fields[0] === 'X' ? '' : (fields[19] ?? '');
}

/** @param host as the campaign's file names this host */
export function ownerName(host: string): string {
  return [host, system(), process.pid, beginOf(process.pid)].join(':');
}

/** Whether an owner is a process of this system that has ended. */
export function isDead(owner: string): boolean {
  const [begin, pid, where] = owner.split(':').reverse();
  if (!begin || !pid || where !== system()) return false;
  return beginOf(pid) !== begin;
}

export const thisHost = hostname;
