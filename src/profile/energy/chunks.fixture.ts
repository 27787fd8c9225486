/** For tests: a byte stream cut at arbitrary places must decode like the whole. */
import fc from 'fast-check';

/** Cuts `bytes` at the given fractions. */
export function cut(bytes: Uint8Array, fractions: readonly number[]): Uint8Array[] {
  const places = [0, ...fractions.map((f) => Math.floor(f * bytes.length)), bytes.length].sort(
    (a, b) => a - b,
  );
  return places.slice(1).map((end, i) => bytes.subarray(places[i]!, end));
}

export const cutPlaces = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

export const utf8 = (text: string) => new TextEncoder().encode(text);
