/** Values as C99 literals. `emit` is pure: values in, text out. */
import type { ConstArray } from '../ops/op-def.js';

/** An integer literal that is valid in an initialiser of any width up to int32. */
export function intLiteral(value: number): string {
  return value === -2147483648 ? 'INT32_MIN' : String(value);
}

/** A float32 literal that reads back as exactly this value. */
export function floatLiteral(value: number): string {
  if (Number.isNaN(value)) return 'NAN';
  if (!Number.isFinite(value)) return value > 0 ? 'INFINITY' : '-INFINITY';
  const text = Object.is(value, -0) ? '-0.0' : String(value);
  return `${/[.e]/.test(text) ? text : `${text}.0`}f`;
}

function wideLiteral(value: bigint): string {
  return value === -(2n ** 63n) ? 'INT64_MIN' : `INT64_C(${value})`;
}

type Values = ConstArray['values'];

/** C element type of constant data. */
export function elementType(values: Values): string {
  if (values instanceof Int8Array) return 'int8_t';
  if (values instanceof Uint8Array) return 'uint8_t';
  if (values instanceof Int16Array) return 'int16_t';
  if (values instanceof Int32Array) return 'int32_t';
  if (values instanceof BigInt64Array) return 'int64_t';
  return 'float';
}

/** The elements, comma separated, wrapped at about 120 columns with four spaces in front. */
export function arrayBody(values: Values): string {
  const lines: string[] = [];
  let line = '   ';
  for (const value of values) {
    const text =
      typeof value === 'bigint'
        ? wideLiteral(value)
        : values instanceof Float32Array
          ? floatLiteral(value)
          : intLiteral(value);
    if (line.length + text.length + 2 > 120) {
      lines.push(line);
      line = '   ';
    }
    line += ` ${text},`;
  }
  lines.push(line);
  return lines.join('\n');
}

/** Text that may stand inside a C comment or string: printable ASCII without the sequences that end one. */
export function plainText(text: string): string {
  return text
    .replace(/[^\x20-\x7e]/g, '?')
    .replace(/[\\"]/g, "'")
    .replace(/\*\//g, '* /')
    .replace(/\/\*/g, '/ *')
    .replace(/\?(?=\?)/g, '? ');
}
