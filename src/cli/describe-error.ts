/**
 * An error as one line for a person, without control characters; `withCauses` appends the chain of causes,
 * each on its own line with its stack.
 */
export function describeError(error: unknown, { withCauses }: { withCauses: boolean }): string {
  const line = oneLine(messageOf(error));
  if (!withCauses) return line;
  const lines = [line, ...stackLines(error)];
  // A cause may, by mistake, lead back to itself: stop at a depth that no honest chain reaches.
  for (let cause = causeOf(error), depth = 0; cause !== undefined && depth < 16; cause = causeOf(cause), depth++) {
    lines.push(`caused by: ${oneLine(messageOf(cause))}`, ...stackLines(cause));
  }
  return lines.join('\n');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

function stackLines(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  return (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
}

function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a file name in a message must not drive the terminal
  return text.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
}
