import { readFileSync } from 'node:fs';
import dotenv from 'dotenv';

/** The process's environment with the working folder's `.env` merged in; what is already set wins. */
export function readEnvironment(): Readonly<Record<string, string | undefined>> {
  const text = readEnvironmentFile();
  return Object.freeze({ ...(text !== undefined && dotenv.parse(text)), ...process.env });
}

function readEnvironmentFile(): string | undefined {
  try {
    return decode(readFileSync('.env'));
  } catch {
    // Mostly there is none; what cannot be read counts as none.
    return undefined;
  }
}

/**
 * Text in UTF-8, or in UTF-16 as Windows' Notepad and PowerShell's `>` write it: with its mark, or, without one, known by the
 * zero byte beside each letter.
 */
function decode(bytes: Buffer): string {
  const [first, second] = bytes;
  const isLittleEndian = (first === 0xff && second === 0xfe) || (first !== 0 && second === 0);
  const isBigEndian = (first === 0xfe && second === 0xff) || (first === 0 && second !== 0);
  // The decoder leaves the mark out.
  return new TextDecoder(isLittleEndian ? 'utf-16le' : isBigEndian ? 'utf-16be' : 'utf-8').decode(bytes);
}
