import { randomBytes } from 'node:crypto';
import { constants, mkdir, open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Attempt } from '../storage/attempts.ts';
import { eraseFile } from '../storage/erase-file.ts';
import type { Clock } from '../util/clock.ts';
import { type FileFacts, factsOf, type OutputFile, outputFiles } from './protocol.ts';
import { HttpRefusal } from './request-parts.ts';

/** A piece of a file: from `at` up to and without `end`. */
interface Piece {
  attempt: Attempt;
  name: OutputFile;
  sha256: string;
  at: number;
  end: number;
}

/** Files that are being sent. */
export interface PartFiles {
  /** How much of a file is there. */
  offset(attempt: Attempt, name: OutputFile, sha256: string): number;
  /**
   * Writes what follows at `at` as it comes; a file with another digest begins anew. Returns how much is there then: less than
   * wanted where `at` was another place. What came before a connection broke stays.
   * @throws HttpRefusal 400: more or less came than the piece has; 503: no more can be held
   */
  add(piece: Piece, body: AsyncIterable<Uint8Array>): Promise<number>;
  /** The whole file, which is then held no more; undefined where it is not whole or not what it was said to be. */
  take(attempt: Attempt, name: OutputFile, facts: FileFacts): Promise<Uint8Array | undefined>;
  /** What attempts of a job up to this one sent is not wanted any more. */
  drop(jobId: string, upTo: number): void;
  /** Resolves when nothing is being erased. */
  onIdle(): Promise<void>;
}

/** What {@link createPartFiles} works with. */
export interface PartFilesOptions {
  /** A folder of its own: what is in it is erased first. */
  folder: string;
  clock: Clock;
  /** What is held at most, in bytes. Default 1 GiB: the frames of some dozen clips. */
  mostHeld?: number;
}

interface Part {
  fence: number;
  sha256: string;
  path: string;
  bytes: number;
  touchedMs: number;
  /** How many requests write at this moment. */
  writers: number;
  isDropped: boolean;
}

/** Whoever sent a part and then nothing for so long is gone. */
const forgottenAfterMs = 600_000;

/**
 * Holds files while they are sent, on the disk, since a fleet of workers brings more at once than should lie in memory. They
 * are overwritten before they are deleted, as the store's are. What a restart loses is sent again.
 */
export function createPartFiles({ folder, clock, mostHeld = 2 ** 30 }: PartFilesOptions): PartFiles {
  const parts = new Map<string, Part>();
  const erasing = new Set<Promise<unknown>>();
  let emptied: Promise<void> | undefined;
  const keyOf = (jobId: string, name: OutputFile) => `${name} ${jobId}`;
  const held = () => [...parts.values()].reduce((sum, { bytes }) => sum + bytes, 0);

  /** Of a process before this one. */
  async function emptyFolder(): Promise<void> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(folder)) await eraseFile(join(folder, name));
  }

  function find({ jobId, number }: Attempt, name: OutputFile, sha256: string): Part | undefined {
    const part = parts.get(keyOf(jobId, name));
    return part?.fence === number && part.sha256 === sha256 ? part : undefined;
  }

  function dropPart(key: string): void {
    const part = parts.get(key);
    if (part === undefined) return;
    parts.delete(key);
    part.isDropped = true;
    if (part.writers === 0) erase(part);
  }

  function erase({ path }: Part): void {
    const done = eraseFile(path).finally(() => erasing.delete(done));
    erasing.add(done);
  }

  function begin({ attempt, name, sha256 }: Piece): Part {
    const key = keyOf(attempt.jobId, name);
    dropPart(key);
    const path = join(folder, randomBytes(16).toString('hex'));
    const part = { fence: attempt.number, sha256, path, bytes: 0, touchedMs: 0, writers: 0, isDropped: false };
    parts.set(key, part);
    return part;
  }

  function refuseIfFull(): void {
    const oldestMs = clock.now() - forgottenAfterMs;
    for (const [key, { touchedMs, writers }] of parts) if (writers === 0 && touchedMs < oldestMs) dropPart(key);
    if (held() >= mostHeld) throw new HttpRefusal(503);
  }

  return {
    offset: (attempt, name, sha256) => find(attempt, name, sha256)?.bytes ?? 0,
    async add(piece, body) {
      emptied ??= emptyFolder();
      await emptied;
      refuseIfFull();
      const { attempt, name, sha256, at, end } = piece;
      const part = find(attempt, name, sha256) ?? begin(piece);
      part.touchedMs = clock.now();
      if (at !== part.bytes) return part.bytes;
      part.writers++;
      try {
        const file = await open(part.path, constants.O_WRONLY | constants.O_CREAT, 0o600);
        try {
          // Where two requests bring the same piece both write the same bytes to the same place.
          let position = at;
          for await (const chunk of body) {
            if (part.isDropped) throw new HttpRefusal(409);
            if (position + chunk.byteLength > end) throw new HttpRefusal(400);
            refuseIfFull();
            await file.write(chunk, 0, chunk.byteLength, position);
            position += chunk.byteLength;
            part.bytes = Math.max(part.bytes, position);
          }
          if (position !== end) throw new HttpRefusal(400);
        } finally {
          await file.close();
        }
      } finally {
        part.writers--;
        if (part.isDropped && part.writers === 0) erase(part);
      }
      return part.bytes;
    },
    async take(attempt, name, facts) {
      const part = find(attempt, name, facts.sha256);
      if (part === undefined || part.bytes < facts.bytes) return undefined;
      const bytes = await readFile(part.path);
      dropPart(keyOf(attempt.jobId, name));
      const found = await factsOf(bytes);
      return found.bytes === facts.bytes && found.sha256 === facts.sha256 ? bytes : undefined;
    },
    drop(jobId, upTo) {
      for (const key of outputFiles.map((name) => keyOf(jobId, name))) {
        if ((parts.get(key)?.fence ?? upTo) <= upTo) dropPart(key);
      }
    },
    async onIdle() {
      while (erasing.size > 0) await Promise.all(erasing);
    },
  };
}
