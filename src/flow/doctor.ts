/** What is installed, what is missing, and the exact command that installs it. */
import { isAbsolute, normalize } from 'node:path';
import { ReflowError } from '../base/error.js';
import type { Processes } from '../base/processes.js';
import type { Check, DoctorResult, PortReport } from './results.js';

/** A program to look for: what it is for, how to ask for its version, where it comes from. */
interface Probe {
  readonly name: string;
  readonly purpose: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly optional?: true;
  /** Debian packages that hold it; null: STM32CubeProgrammer, which only its maker hands out. */
  readonly packages: string | null;
  /** What of the output says that it is there; null when it is not. */
  readonly read: (output: string) => string | null;
}

/** First version number in the output, e.g. 12.2.1. */
const version = (output: string) =>
  /\d+\.\d+(\.\d+)*/.exec(output)?.[0] ?? output.trim().split('\n')[0] ?? null;

/** A compiler prints the full path of a library file that it has, and the bare name of one that it lacks. */
const libraryPath = (output: string) => (isAbsolute(output.trim()) ? normalize(output.trim()) : null);

const probes: readonly Probe[] = [
  {
    name: 'npm',
    purpose: 'installs reflow and its packages',
    program: 'npm',
    args: ['--version'],
    optional: true,
    packages: 'npm',
    read: version,
  },
  {
    name: 'gcc',
    purpose: 'board host',
    program: 'gcc',
    args: ['--version'],
    packages: 'gcc libc6-dev',
    read: version,
  },
  {
    name: 'arm-none-eabi-gcc',
    purpose: 'every Cortex-M board',
    program: 'arm-none-eabi-gcc',
    args: ['--version'],
    packages: 'gcc-arm-none-eabi libnewlib-arm-none-eabi',
    read: (output) => version(output.replace(/\(.*?\)/, '')),
  },
  {
    name: 'newlib for Arm',
    purpose: 'every Cortex-M board',
    program: 'arm-none-eabi-gcc',
    args: ['-print-file-name=nano.specs'],
    packages: 'libnewlib-arm-none-eabi',
    read: libraryPath,
  },
  {
    name: 'qemu-system-arm',
    purpose: 'boards virt-m3, virt-m4, virt-m7, virt-m33 and virt-m55',
    program: 'qemu-system-arm',
    args: ['--version'],
    packages: 'qemu-system-arm',
    read: version,
  },
  {
    name: 'aarch64-linux-gnu-gcc',
    purpose: 'board virt-pi',
    program: 'aarch64-linux-gnu-gcc',
    args: ['--version'],
    optional: true,
    packages: 'gcc-aarch64-linux-gnu libc6-dev-arm64-cross',
    read: version,
  },
  {
    name: 'C library for AArch64',
    purpose: 'board virt-pi',
    program: 'aarch64-linux-gnu-gcc',
    args: ['-print-file-name=libc.a'],
    optional: true,
    packages: 'libc6-dev-arm64-cross',
    read: libraryPath,
  },
  {
    name: 'qemu-aarch64',
    purpose: 'board virt-pi',
    program: 'qemu-aarch64',
    args: ['--version'],
    optional: true,
    packages: 'qemu-user',
    read: version,
  },
  {
    name: 'make',
    purpose: 'the Makefile of a compiled project',
    program: 'make',
    args: ['--version'],
    optional: true,
    packages: 'make',
    read: version,
  },
  {
    name: 'cmake',
    purpose: 'the CMakeLists.txt of a compiled project',
    program: 'cmake',
    args: ['--version'],
    optional: true,
    packages: 'cmake',
    read: version,
  },
  {
    name: 'cargo',
    purpose: "builds the planner's native core; without it the TypeScript planner is used",
    program: 'cargo',
    args: ['--version'],
    optional: true,
    packages: 'cargo',
    read: version,
  },
  {
    name: 'openocd',
    purpose: 'reflow flash --via openocd, through an ST-LINK',
    program: 'openocd',
    args: ['--version'],
    optional: true,
    packages: 'openocd',
    read: version,
  },
  {
    name: 'st-flash',
    purpose: 'reflow flash --via st-flash, through an ST-LINK',
    program: 'st-flash',
    args: ['--version'],
    optional: true,
    packages: 'stlink-tools',
    read: version,
  },
  {
    name: 'dfu-util',
    purpose: 'reflow flash --via dfu-util, over USB',
    program: 'dfu-util',
    args: ['--version'],
    optional: true,
    packages: 'dfu-util',
    read: version,
  },
  {
    name: 'STM32_Programmer_CLI',
    purpose: 'reflow flash --via stm32-programmer, through an ST-LINK',
    program: 'STM32_Programmer_CLI',
    args: ['--version'],
    optional: true,
    packages: null,
    read: version,
  },
  {
    name: 'stm32flash',
    purpose: 'a second opinion on the serial bootloader of STM32 boards',
    program: 'stm32flash',
    args: ['-h'],
    optional: true,
    packages: 'stm32flash',
    read: (output) => (/stm32flash/i.test(output) ? 'present' : null),
  },
];

export interface DoctorEnvironment {
  readonly processes: Processes;
  /** E.g. v20.19.0. */
  readonly nodeVersion: string;
  /** True when this process may install without sudo. */
  readonly isRoot: boolean;
  /** What was found at the port that the user named. */
  readonly port?: PortReport;
}

/** Asks every program for its version, at most 10 s each; never fails because one is missing or ill. */
export async function doctor(environment: DoctorEnvironment): Promise<DoctorResult> {
  const found = await Promise.all(probes.map((probe) => runProbe(probe, environment)));
  const checks = [checkNode(environment.nodeVersion), ...found];
  const port = environment.port ?? null;
  const ok = checks.every((check) => check.ok || check.optional) && (port === null || port.ok);
  return { ok, checks, port };
}

function checkNode(nodeVersion: string): Check {
  const [major = 0, minor = 0] = nodeVersion.replace(/^v/, '').split('.').map(Number);
  const ok = major > 20 || (major === 20 && minor >= 19);
  const fix = ok ? '' : 'install Node 20.19 or later from nodejs.org or with a version manager';
  return { name: 'node', ok, found: nodeVersion, fix, optional: false, purpose: 'runs reflow' };
}

async function runProbe(probe: Probe, { processes, isRoot }: DoctorEnvironment): Promise<Check> {
  const { name, purpose, program, args, packages } = probe;
  const command =
    packages === null
      ? 'install STM32CubeProgrammer from st.com and put its bin folder on the PATH'
      : `${isRoot ? '' : 'sudo '}apt-get install -y --no-install-recommends ${packages}`;
  let found: string | null = null;
  try {
    const { stdout, stderr } = await processes.exec({ program, args, timeoutMs: 10_000, install: command });
    found = probe.read(stdout.trim() === '' ? stderr : stdout);
  } catch (error) {
    if (!(error instanceof ReflowError)) throw error;
  }
  const ok = found !== null;
  return { name, ok, found: found ?? '', fix: ok ? '' : command, optional: probe.optional ?? false, purpose };
}
