/** Fast kernels read words, whatever the element type. */
export const wordBytes = 4;

/** `KernelCall.scratchBytes` is for memory with this alignment. */
export const scratchAlignment = 8;

export function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}
