/** Named supply rails of one reading, and which of them together are the power of the whole module. */

export interface PowerRail {
  readonly name: string;
  readonly watts: number;
}

/** Input rails by the names that NVIDIA's boards give them, first match wins: Orin, Xavier NX, Nano, TX1/TX2. */
const inputRails = [/^VDD_IN$/, /^VIN_SYS_5V0$/, /^POM_5V_IN$/, /^VDD_5V_IN$/, /_IN$/];

/**
 * Power of the module, watts. The input rail, where there is one: the other rails hang behind it and must not be added.
 * Without one the sum of all rails, which leaves out what no sensor sees. Null when there is no rail.
 */
export function modulePower(rails: readonly PowerRail[]): { watts: number; from: string } | null {
  const valid = rails.filter((rail) => Number.isFinite(rail.watts));
  if (valid.length === 0) return null;
  for (const pattern of inputRails) {
    const input = valid.find((rail) => pattern.test(rail.name));
    if (input) return { watts: input.watts, from: input.name };
  }
  return { watts: valid.reduce((sum, rail) => sum + rail.watts, 0), from: `sum of ${valid.length} rails` };
}
