import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ReflowError } from '../base/error.js';
import { FakeProcesses, processes } from '../base/processes.js';
import { dragAndDrop, flashTools, stlinkDisks, type ToolJob } from './flash-tools.js';

function job(): ToolJob {
  const scratch = mkdtempSync(join(tmpdir(), 'reflow-tools-'));
  process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
  const bin = join(scratch, 'image.bin');
  writeFileSync(bin, 'image');
  return { bin, address: 0x08000000, bytes: 5, parts: [], openocd: ['board/st_nucleo_f4.cfg'], scratch };
}

test('each tool is called as its manual says', async (t) => {
  const it = job();
  const args = async (name: string, stdout = '') => {
    const fake = new FakeProcesses(() => ({ stdout }));
    const result = await flashTools[name]!(it, fake);
    return { result, called: fake.requests.map(({ program, args: list }) => [program, ...list].join(' ')) };
  };
  t.deepEqual(await args('openocd'), {
    result: { verified: true, started: true },
    called: [`openocd -f board/st_nucleo_f4.cfg -c program {${it.bin}} 0x08000000 verify reset exit`],
  });
  t.deepEqual(await args('st-flash', 'Flash written and verified! jolly good!'), {
    result: { verified: true, started: true },
    called: [`st-flash --reset write ${it.bin} 0x08000000`],
  });
  t.false((await args('st-flash')).result.verified);
  t.deepEqual((await args('stm32-programmer')).called, [
    `STM32_Programmer_CLI -c port=SWD mode=UR -w ${it.bin} 0x08000000 -v -rst`,
  ]);
});

test('dfu-util is read back', async (t) => {
  const it = job();
  const reads = (content: string) =>
    new FakeProcesses(({ args }) => {
      if (args.includes('-U')) writeFileSync(args.at(-1)!, content);
      return {};
    });
  t.deepEqual(await flashTools['dfu-util']!(it, reads('image')), { verified: true, started: false });
  await t.throwsAsync(flashTools['dfu-util']!(it, reads('imagX')), {
    code: 'E_FLASH',
    message: /not what it wrote/,
  });
});

test('a tool that fails is quoted, one that is missing says how to get it, a board without a configuration is refused', async (t) => {
  const fake = new FakeProcesses(() => ({ status: 1, stderr: 'Info : hello\nError: open failed\n' }));
  await t.throwsAsync(flashTools.openocd!(job(), fake), {
    code: 'E_FLASH',
    message: /status 1: Error: open failed/,
  });
  const error = await t.throwsAsync(flashTools['stm32-programmer']!(job(), processes), {
    instanceOf: ReflowError,
  });
  t.is(error?.code, 'E_TOOL_MISSING');
  t.regex(error?.hint ?? '', /STM32CubeProgrammer/);
  await t.throwsAsync(flashTools.openocd!({ ...job(), openocd: [] }, fake), { code: 'E_UNSUPPORTED' });
});

test('drag and drop: the one disk that is an ST-LINK, whose complaint is heard', async (t) => {
  const it = job();
  const media = join(it.scratch, 'media');
  const disk = join(media, 'someone', 'NODE');
  await mkdir(join(media, 'someone', 'STICK'), { recursive: true });
  const drop = dragAndDrop([media], 10);
  await t.throwsAsync(drop(it, processes), { code: 'E_FLASH', message: /no ST-LINK disk/ });
  await mkdir(disk);
  writeFileSync(join(disk, 'DETAILS.TXT'), 'Version: 0221');
  t.deepEqual(await stlinkDisks([media]), [disk]);
  t.deepEqual(await drop(it, processes), { verified: false, started: true });
  t.is(readFileSync(join(disk, 'reflow.bin'), 'utf8'), 'image');
  writeFileSync(join(disk, 'FAIL.TXT'), 'Error while programming');
  await t.throwsAsync(drop(it, processes), { message: /Error while programming/ });
  await mkdir(join(media, 'OTHER'));
  writeFileSync(join(media, 'OTHER', 'DETAILS.TXT'), '');
  await t.throwsAsync(drop(it, processes), { message: /several ST-LINK disks/ });
});
