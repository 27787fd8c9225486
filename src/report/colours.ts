/** One colour per kind of operator, the same in the memory map and in the table. */

/** Number of hues in the style sheet; kinds beyond share them. */
export const colourCount = 8;

/** CSS class of each label, in the order of first appearance. */
export function colourClasses(labels: readonly string[]): ReadonlyMap<string, string> {
  const distinct = [...new Set(labels)];
  return new Map(distinct.map((label, i) => [label, `k${i % colourCount}`]));
}
