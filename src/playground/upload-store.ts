import { randomBytes } from 'node:crypto';
import type { FileInput } from '../fake-discord/types.ts';
import type { Clock } from '../util/clock.ts';

/** Files that people gave, until they use them. */
export interface UploadStore {
  /** Makes room by dropping what was not used for longest. Returns the file's id, which cannot be guessed. */
  put(file: FileInput): string;
  /** Undefined where it was dropped. */
  take(id: string): FileInput | undefined;
  clear(): void;
}

/** What a uploads holds at most, and for how long without use. */
export interface FileShelfOptions {
  clock: Clock;
  /** Default 128 MiB. */
  maxBytes?: number;
  /** Default 200. */
  maxFiles?: number;
  /** Default 15 minutes. */
  idleMs?: number;
}

/** An empty uploads. */
export function createUploadStore(options: FileShelfOptions): UploadStore {
  const { clock, maxBytes = 128 * 1024 * 1024, maxFiles = 200, idleMs = 15 * 60_000 } = options;
  /** The first was not used for longest. */
  const kept = new Map<string, { file: FileInput; cancelTimer: () => void }>();
  let sizeBytes = 0;

  function drop(id: string): FileInput | undefined {
    const entry = kept.get(id);
    if (entry === undefined) return undefined;
    entry.cancelTimer();
    kept.delete(id);
    sizeBytes -= entry.file.bytes.byteLength;
    return entry.file;
  }

  function keep(id: string, file: FileInput): void {
    kept.set(id, { file, cancelTimer: clock.after(idleMs, () => drop(id)) });
    sizeBytes += file.bytes.byteLength;
  }

  return {
    put(file) {
      const id = randomBytes(16).toString('base64url');
      keep(id, file);
      for (const oldest of kept.keys()) {
        if (oldest === id || (sizeBytes <= maxBytes && kept.size <= maxFiles)) break;
        drop(oldest);
      }
      return id;
    },
    take(id) {
      const file = drop(id);
      if (file !== undefined) keep(id, file);
      return file;
    },
    clear() {
      for (const id of [...kept.keys()]) drop(id);
    },
  };
}
