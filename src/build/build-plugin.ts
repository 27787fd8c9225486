/** Compiles a plug-in of an emulator for this machine. */
import { assetPath } from '../base/assets.js';
import { ReflowError } from '../base/error.js';
import { type Processes, processes as realProcesses } from '../base/processes.js';
import type { Target } from '../hw/target.js';
import { callTool, strictFlags } from './compiler.js';

/**
 * @param source a file of firmware/qemu
 * @param output path of the shared library
 * @param hostTarget the machine that the emulator runs on
 * @throws ReflowError E_TOOL_MISSING, E_BUILD, E_TIMEOUT, E_DISK_FULL
 */
export async function buildPlugin(
  source: string,
  output: string,
  hostTarget: Target,
  processes: Processes = realProcesses,
): Promise<void> {
  const flags = [...strictFlags, '-O2', '-shared', '-fPIC'];
  const args = [...flags, assetPath('firmware', 'qemu', source), '-o', output];
  const result = await callTool(processes, hostTarget, hostTarget.tools.compiler, args);
  if (result.status !== 0) throw new ReflowError('E_BUILD', result.stderr, 'check the host compiler');
}
