import { Writable } from 'node:stream';
import type { CliIo } from '../../src/cli/io.ts';

/** An io for a subcommand: what it wrote can be read back. */
export interface MemoryIo extends CliIo {
  out(): string;
  err(): string;
}

/** Streams are terminals only where `isTTY` says so. */
export function createMemoryIo({
  environment = {},
  signal = new AbortController().signal,
  isTTY = false,
}: Partial<Pick<CliIo, 'environment' | 'signal'>> & { isTTY?: boolean } = {}): MemoryIo {
  const stdout = memoryStream(isTTY);
  const stderr = memoryStream(isTTY);
  return { stdout, stderr, signal, environment, out: stdout.text, err: stderr.text };
}

/** A stream that keeps what is written. */
export function memoryStream(isTTY: boolean): Writable & { isTTY: boolean; text(): string } {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  return Object.assign(stream, { isTTY, columns: 80, text: () => text });
}
