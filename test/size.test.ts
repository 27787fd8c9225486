import test from 'ava';
import { filesBelow, type SourceFile } from './repository.js';

const longest = 400;

const lineCount = (file: SourceFile) => file.text.split('\n').length - 1;

/** A long file must say why, in the comment at its head: "Over 400 lines because ...". */
function unexplained(files: readonly SourceFile[]): string[] {
  return files
    .filter((file) => lineCount(file) > longest)
    .filter((file) => !/400 lines because/i.test(/^\s*\/\*[\s\S]*?\*\//.exec(file.text)?.[0] ?? ''))
    .map((file) => `${file.path}: ${lineCount(file)} lines`);
}

test(`no file is over ${longest} lines without a reason at its head`, (t) => {
  const files = [
    ...filesBelow('src', /\.(ts|rs)$/),
    ...filesBelow('test', /\.ts$/),
    ...filesBelow('tools', /\.mjs$/),
    ...filesBelow('runtime-c', /\.[ch]$/),
    ...filesBelow('firmware', /\.[ch]$/),
  ];
  const lengths = files
    .filter((file) => !file.path.includes('.test.'))
    .map(lineCount)
    .sort((a, b) => a - b);
  t.log(`${files.length} files, median ${lengths[lengths.length >> 1]} lines, longest ${lengths.at(-1)}`);
  t.true(files.length > 10);
  t.deepEqual(unexplained(files), []);
});

test('planted: a long file is reported, with a reason it is not', (t) => {
  const body = 'x\n'.repeat(longest);
  t.deepEqual(unexplained([{ path: 'a.c', text: `${body}x\n` }]), ['a.c: 401 lines']);
  t.deepEqual(unexplained([{ path: 'a.c', text: body }]), []);
  t.deepEqual(
    unexplained([{ path: 'a.c', text: `/* Over 400 lines because it is one table. */\n${body}` }]),
    [],
  );
});
