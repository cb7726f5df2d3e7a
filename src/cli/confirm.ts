import { createInterface } from 'node:readline/promises';
import type { CliIo } from './io.ts';

/** Whether a person can be asked: both ends of the conversation are a terminal. */
export function canAsk({ stdin, stderr }: CliIo): boolean {
  return stdin?.isTTY === true && stderr.isTTY === true;
}

/** Asks a yes-or-no question; anything but a yes is a no. The signal ends the wait with its reason. */
export async function confirm(question: string, { stdin, stderr, signal }: CliIo): Promise<boolean> {
  if (stdin === undefined) return false;
  const lines = createInterface({ input: stdin, output: stderr, terminal: false });
  try {
    const answer = await lines.question(`${question} [y/N] `, { signal });
    return /^y(es)?$/i.test(answer.trim());
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    lines.close();
  }
}
