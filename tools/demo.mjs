// The main job in one go: deploys the project's own digit reader to an emulated STM32 with a picture from its test set.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const cli = 'dist/src/cli/main.js';
const network = 'networks/digits.tflite';
const picture = 'networks/digits-test/11_label3.png';
const { task, accuracy } = JSON.parse(readFileSync(`${root}/networks/digits.json`, 'utf8'));
const { images, int8 } = accuracy.test;

console.log(`The network ${task}.`);
console.log(`It reads ${(100 * int8).toFixed(2)} % of ${images} test pictures right; this one shows a 3.\n`);
console.log(`$ reflow deploy ${network} --board virt-m4 --input ${picture}\n`);
const args = [cli, 'deploy', network, '--board', 'virt-m4', '--input', picture];
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
process.exit(status ?? 1);
