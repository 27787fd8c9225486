import test from 'ava';
import { nearest } from './did-you-mean.js';
import { grouped, pairs, paragraphs, percent, table } from './text.js';

test('numbers have commas and at most the places that were asked for', (t) => {
  t.is(grouped(7_696_906), '7,696,906');
  t.is(grouped(1234.567, 1), '1,234.6');
  t.is(percent(1, 8), '12.5 %');
  t.is(percent(1, 0), '0.0 %');
});

test('tables align numbers to the right and text to the left', (t) => {
  const rows = [
    ['conv', 1_000, 'x'],
    ['a', null, ''],
  ];
  t.is(table(['what', 'n', 'note'], rows), 'what      n  note\nconv  1,000  x\na         -');
  t.is(table(['what', 'n'], []), 'what  n');
});

test('pairs leave out what is not there, paragraphs what is empty', (t) => {
  t.is(
    pairs([
      ['a', '1'],
      ['long', '2'],
      ['none', null],
    ]),
    'a     1\nlong  2',
  );
  t.is(paragraphs('a', '', 'b'), 'a\n\nb');
});

test('a mistyped word finds its neighbour, a strange one finds nothing', (t) => {
  const known = ['doctor', 'boards', 'profile', 'plan'];
  t.is(nearest('docter', known), 'doctor');
  t.is(nearest('baords', known), 'boards');
  t.is(nearest('PLAN', known), 'plan');
  t.is(nearest('xyz', known), null);
  t.is(nearest('run', ['build']), null);
});
