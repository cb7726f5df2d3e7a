/** What must be in nothing that a bot prints. */
const leaks: readonly RegExp[] = [
  // The signature of an attachment's link.
  /[?&](ex|is|hm)=/,
  // Tokens: in headers, and those of interactions, which are the only words so long.
  /\b(Bot|Bearer) [\w.-]{10}/,
  /[\w-]{100,}/,
  // A PNG or JPEG in base64, in hexadecimal, as a list of numbers, and buffers as Node shows them.
  /iVBORw0KGgo|\/9j\/4|89504e470d0a1a0a|ffd8ffe|137,\s*80,\s*78,\s*71|255,\s*216,\s*255/i,
  /"type":"Buffer"|<Buffer/,
];

/** The lines that hold a token, a signed link or a picture; `tokens` are those that are known. */
export function leaksIn(text: string, tokens: readonly string[]): string[] {
  const isLeak = (line: string) =>
    leaks.some((leak) => leak.test(line)) || tokens.some((token) => line.includes(token));
  return text.split('\n').filter(isLeak);
}
