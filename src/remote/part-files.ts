import type { Attempt } from '../storage/attempts.ts';
import type { Clock } from '../util/clock.ts';
import { type FileFacts, factsOf, type OutputFile } from './protocol.ts';

/** Files that are being sent. */
export interface PartFiles {
  /** How much of a file is there. */
  offset(attempt: Attempt, name: OutputFile, sha256: string): number;
  /**
   * Adds what follows at `at`; a file with another digest begins anew. Returns how much is there then: less than wanted
   * where `at` was another place.
   */
  add(part: { attempt: Attempt; name: OutputFile; sha256: string; at: number; bytes: Uint8Array }): number;
  /** The whole file, which is then held no more; undefined where it is not whole or not what it was said to be. */
  take(attempt: Attempt, name: OutputFile, facts: FileFacts): Promise<Uint8Array | undefined>;
  /** What an attempt sent is not wanted any more. */
  drop(jobId: string): void;
  /** Whether so much more can be held. */
  hasRoom(bytes: number): boolean;
}

interface Part {
  fence: number;
  sha256: string;
  chunks: Uint8Array[];
  bytes: number;
  touchedMs: number;
}

/** What is held at most, in bytes: the frames of some dozen clips. */
const mostHeld = 2 ** 30;

/** Whoever sent a part and then nothing for so long is gone. */
const forgottenAfterMs = 600_000;

/**
 * Holds files while they are sent, in memory: the store wants them whole, and a file on the disk would have to be overwritten
 * once it is deleted. What a restart loses is sent again.
 */
export function createPartFiles(clock: Clock): PartFiles {
  const parts = new Map<string, Part>();
  const keyOf = (jobId: string, name: OutputFile) => `${name} ${jobId}`;
  const held = () => [...parts.values()].reduce((sum, { bytes }) => sum + bytes, 0);

  function find({ jobId, number }: Attempt, name: OutputFile, sha256: string): Part | undefined {
    const part = parts.get(keyOf(jobId, name));
    return part?.fence === number && part.sha256 === sha256 ? part : undefined;
  }

  return {
    offset: (attempt, name, sha256) => find(attempt, name, sha256)?.bytes ?? 0,
    add({ attempt, name, sha256, at, bytes }) {
      const part = find(attempt, name, sha256) ?? {
        fence: attempt.number,
        sha256,
        chunks: [],
        bytes: 0,
        touchedMs: 0,
      };
      part.touchedMs = clock.now();
      if (at === part.bytes) {
        part.chunks.push(bytes);
        part.bytes += bytes.byteLength;
      }
      parts.set(keyOf(attempt.jobId, name), part);
      return part.bytes;
    },
    async take(attempt, name, facts) {
      const part = find(attempt, name, facts.sha256);
      if (part === undefined || part.bytes < facts.bytes) return undefined;
      parts.delete(keyOf(attempt.jobId, name));
      const bytes = Buffer.concat(part.chunks);
      const found = await factsOf(bytes);
      return found.bytes === facts.bytes && found.sha256 === facts.sha256 ? bytes : undefined;
    },
    drop(jobId) {
      for (const name of ['clip', 'master', 'checkpoint'] as const) parts.delete(keyOf(jobId, name));
    },
    hasRoom(bytes) {
      const oldestMs = clock.now() - forgottenAfterMs;
      for (const [key, { touchedMs }] of parts) if (touchedMs < oldestMs) parts.delete(key);
      return held() + bytes <= mostHeld;
    },
  };
}
