/**
 * The ONNX project's operator tests, as the Python package `onnx` makes them: installed into a virtual environment of its own
 * under .reflow/, written once as files that the test suite reads. Without Python or a package index they are left out, and the
 * tests that need them say so and are skipped.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hashFiles, readStamp, root, writeStamp } from './stamps.mjs';
import { onPath, run, StepFailed } from './step.mjs';

const tools = join(root, 'tools', 'onnx-vectors');
const venv = join(root, '.reflow', 'onnx-venv');
const folder = join(root, '.reflow', 'onnx-node-tests');

export async function onnxOperatorTests(say) {
  const stamp = join(folder, '.stamp');
  const requirements = join(tools, 'requirements.txt');
  const wanted = hashFiles([requirements, join(tools, 'node_tests.py')]);
  if (readStamp(stamp) === wanted) return 'up to date';
  const python = onPath('python3');
  if (python === null) return 'left out (no python3); the tests of ONNX operators are skipped';
  const inside = join(venv, 'bin', 'python');
  try {
    say('pip install onnx');
    if (!existsSync(inside)) await run([python, '-m', 'venv', venv]);
    await run([inside, '-m', 'pip', 'install', '--quiet', '-r', requirements]);
    rmSync(folder, { recursive: true, force: true });
    await run([inside, join(tools, 'node_tests.py'), folder]);
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    rmSync(venv, { recursive: true, force: true });
    return `left out (${error.message}); the tests of ONNX operators are skipped`;
  }
  writeStamp(stamp, wanted);
  return 'written';
}
