import { UserError } from '../errors.ts';
import type { FlatSettings } from '../settings/flat-settings.ts';
import type { Clock } from '../util/clock.ts';
import { createCooldown } from '../util/cooldown.ts';
import type { FileEnds } from '../util/file-ends.ts';
import { type AttachmentRequest, type AttachmentSource, fetchAttachment, readAtMost, withinTime } from './download.ts';

/** What {@link createClipSettingsReader} works with. */
export interface ClipSettingsOptions extends AttachmentSource {
  /** Looks for settings in a file's ends; undefined where there are none. */
  readSettings: (file: FileEnds) => FlatSettings | undefined;
  clock: Pick<Clock, 'now'>;
  /** For all files together. Default 20,000. */
  timeoutMs?: number;
  /** Aborted when the bot stops: what is being fetched is given up. */
  stopping?: AbortSignal;
  /** Between two looks of one person. Default 5,000. */
  cooldownMs?: number;
}

/**
 * The settings of the first of these files that carries some; undefined where none does.
 *
 * @throws UserError `too-often`, `picture-host`, `picture-unreachable`, `picture-slow`
 */
export type ReadClipSettings = (userId: string, urls: readonly string[]) => Promise<FlatSettings | undefined>;

/** Files of a message that are looked at. */
const maxFiles = 4;

/** Bytes read at each end of a file: with {@link maxFiles} files, 1 MiB at most in all. */
const partBytes = 128 * 1024;

/**
 * A reader of clips' settings that never fetches a whole clip: they stand at the start or at the end of a file, so it
 * asks for those (HTTP range requests) and breaks off what comes besides.
 */
export function createClipSettingsReader(options: ClipSettingsOptions): ReadClipSettings {
  const { readSettings, clock, timeoutMs = 20_000, cooldownMs = 5_000, stopping } = options;
  const cooldown = createCooldown({ periodMs: cooldownMs, clock });

  async function readFrom(url: string, signal: AbortSignal): Promise<FlatSettings | undefined> {
    const start = await readPart(url, options, { signal, start: 0 });
    const { bytes: head, size } = start;
    const settings = readSettings({ head, tail: Buffer.of(), size });
    if (settings !== undefined || !start.isPart || !(size > head.byteLength)) return settings;
    const end = await readPart(url, options, { signal, start: Math.max(head.byteLength, size - partBytes) });
    return end.isPart && end.size === size ? readSettings({ head, tail: end.bytes, size }) : undefined;
  }

  return async (userId, urls) => {
    if (urls.length === 0) return undefined;
    const freeAtMs = cooldown.use(userId);
    if (freeAtMs !== undefined) throw new UserError('too-often', 'A moment ago already.', { details: { freeAtMs } });
    return withinTime({ timeoutMs, stopping }, async (signal) => {
      let failure: unknown;
      for (const url of urls.slice(0, maxFiles)) {
        try {
          const settings = await readFrom(url, signal);
          if (settings !== undefined) return settings;
        } catch (error) {
          // Another file may still be there.
          failure ??= error;
          if (signal.aborted) break;
        }
      }
      if (failure !== undefined) throw failure;
      return undefined;
    });
  };
}

interface Part {
  bytes: Buffer;
  /** Whether the host gave the part that was asked for; else `bytes` is what the file begins with. */
  isPart: boolean;
  /** Of the whole file; Infinity where the host does not say. */
  size: number;
}

/** {@link partBytes} from `start`, or as many of the whole file where the host gives no parts. */
async function readPart(
  url: string,
  source: AttachmentSource,
  { signal, start }: Pick<AttachmentRequest, 'signal'> & { start: number },
): Promise<Part> {
  // A compressed body would be a part of something else.
  const headers = { range: `bytes=${start}-${start + partBytes - 1}`, 'accept-encoding': 'identity' };
  const { body, status, headers: answered } = await fetchAttachment(url, source, { signal, headers });
  const { bytes, isCut } = await readAtMost(body, { limitBytes: partBytes, signal });
  // Cut off, the file is longer than what was read, and nobody said by how much.
  if (status === 200) return { bytes, isPart: false, size: isCut ? Number.POSITIVE_INFINITY : bytes.byteLength };
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(answered.get('content-range') ?? '');
  if (range === null || Number(range[1]) !== start) {
    throw new UserError('picture-unreachable', "The attachment's host gave another part than was asked for.");
  }
  return { bytes, isPart: true, size: Number(range[2]) };
}
