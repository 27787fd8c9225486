/** Text that is safe in HTML and SVG, and the numbers of a report. */

/** Escapes text for element content and for quoted attributes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** 7,696,906; at most `decimals` places. */
export function grouped(value: number, decimals = 0): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: decimals });
}

/** 25x5x64 with real multiplication signs. */
export function shapeHtml(shape: readonly number[]): string {
  return shape.length === 0 ? 'scalar' : shape.join('×');
}

/** CONV_2D as people write it: conv 2d. */
export function labelText(label: string): string {
  return label.toLowerCase().replaceAll('_', ' ');
}
