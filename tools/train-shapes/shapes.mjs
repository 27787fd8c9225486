/**
 * The pictures that the small ResNet and the small ViT learn: one of ten shapes, 32 x 32 grey pixels, drawn from a seed, so
 * that training, calibration and tests need no files. What varies: place, size, turn, brightness of shape and ground (the
 * shape may be the darker one), a gradient over the ground, a line that is in the way, and noise.
 */
export const size = 32;
export const classes = [
  'disc',
  'ring',
  'square',
  'frame',
  'triangle',
  'plus',
  'ell',
  'bars',
  'moon',
  'hourglass',
];

/** Mulberry32: a generator of 32 bits of state, public domain; the same numbers in every engine. */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Whether a point lies in a shape of half-width 1 around the origin. */
const inside = [
  (x, y) => x * x + y * y < 1,
  (x, y) => x * x + y * y < 1 && x * x + y * y > 0.36,
  (x, y) => Math.abs(x) < 0.85 && Math.abs(y) < 0.85,
  (x, y) => Math.max(Math.abs(x), Math.abs(y)) < 0.88 && Math.max(Math.abs(x), Math.abs(y)) > 0.52,
  (x, y) => y < 0.75 && y > -1 + 2.1 * Math.abs(x) * 0.95 - 0.05,
  (x, y) => Math.max(Math.abs(x), Math.abs(y)) < 1 && Math.min(Math.abs(x), Math.abs(y)) < 0.3,
  (x, y) => Math.max(Math.abs(x), Math.abs(y)) < 0.9 && (x < -0.3 || y > 0.3),
  (x, y) => Math.max(Math.abs(x), Math.abs(y)) < 0.9 && Math.abs(x) > 0.25,
  (x, y) => x * x + y * y < 1 && (x - 0.55) ** 2 + y * y > 0.72,
  (x, y) => Math.abs(y) < 0.95 && Math.abs(x) < Math.abs(y) + 0.05,
];

/** One picture as size * size bytes, and its class. */
export function draw(random) {
  const label = Math.floor(random() * classes.length);
  const between = (low, high) => low + (high - low) * random();
  const radius = between(6, 12.5);
  const [cx, cy] = [between(radius, size - radius), between(radius, size - radius)];
  const angle = between(-0.45, 0.45);
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  const ground = between(30, 225);
  const contrast = between(35, 110) * (ground > 128 ? -1 : 1);
  const [gx, gy] = [between(-1.5, 1.5), between(-1.5, 1.5)];
  const line = { angle: between(0, Math.PI), offset: between(-14, 14), depth: between(-60, 60) };
  const noise = between(2, 22);
  const pixels = new Uint8Array(size * size);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) {
      // Four points a pixel, so that edges are soft.
      let covered = 0;
      for (const [ox, oy] of [
        [0.25, 0.25],
        [0.75, 0.25],
        [0.25, 0.75],
        [0.75, 0.75],
      ]) {
        const [dx, dy] = [(x + ox - cx) / radius, (y + oy - cy) / radius];
        if (inside[label](cos * dx + sin * dy, cos * dy - sin * dx)) covered += 0.25;
      }
      const [fx, fy] = [x - size / 2, y - size / 2];
      const off = Math.abs(Math.cos(line.angle) * fx + Math.sin(line.angle) * fy - line.offset);
      const value =
        ground +
        contrast * covered +
        gx * fx +
        gy * fy +
        (off < 0.8 ? line.depth : 0) +
        noise * (random() + random() + random() - 1.5);
      pixels[y * size + x] = Math.min(255, Math.max(0, Math.round(value)));
    }
  return { pixels, label };
}

/** `count` pictures as bytes one after the other, with their classes. */
export function drawMany(count, seed) {
  const random = randomFrom(seed);
  const pixels = new Uint8Array(count * size * size);
  const labels = new Uint8Array(count);
  for (let index = 0; index < count; index++) {
    const made = draw(random);
    pixels.set(made.pixels, index * size * size);
    labels[index] = made.label;
  }
  return { pixels, labels };
}
