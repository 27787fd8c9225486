/** Bytes in, text lines out, whatever the size of the chunks. Lines end in \n; a \r before it is dropped. */

/** No line of any source is longer; a longer one is noise and is cut, so that a stream of garbage cannot eat memory. */
const maxLineChars = 65536;

export class LineSplitter {
  #rest = '';
  readonly #decoder = new TextDecoder('utf-8');

  /** Lines completed by this chunk. */
  push(chunk: Uint8Array | string): string[] {
    this.#rest += typeof chunk === 'string' ? chunk : this.#decoder.decode(chunk, { stream: true });
    if (!this.#rest.includes('\n')) {
      if (this.#rest.length > maxLineChars) this.#rest = this.#rest.slice(-maxLineChars);
      return [];
    }
    const lines = this.#rest.split('\n');
    this.#rest = lines.pop()!;
    return lines.map(withoutCr);
  }

  /** What is left without a line end; empty when nothing is. */
  finish(): string {
    const rest = withoutCr(this.#rest + this.#decoder.decode());
    this.#rest = '';
    return rest;
  }
}

function withoutCr(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
