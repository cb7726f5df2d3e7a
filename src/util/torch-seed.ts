/** What `torch.manual_seed` takes: a signed or an unsigned number of 64 bits. */
export const seedRange = { min: -(2n ** 63n), max: 2n ** 64n - 1n } as const;

/**
 * The seed that torch's CPU generator makes of a number: its lowest 32 bits, so that -1 is 4294967295.
 * @param text a whole number in digits, maybe with a sign
 * @returns 0…2^32−1; undefined where the text is no such number within {@link seedRange}
 */
export function torchSeed(text: string): number | undefined {
  if (!/^[+-]?\d{1,20}$/.test(text)) return undefined;
  const seed = BigInt(text.replace(/^\+/, ''));
  return seed < seedRange.min || seed > seedRange.max ? undefined : Number(BigInt.asUintN(32, seed));
}
