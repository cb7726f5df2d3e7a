import { UserError } from '../errors.ts';
import { limitsOf, type PicturePolicy } from '../media/check-file.ts';
import type { PictureChecker } from '../worker/picture-checker.ts';
import { describeError } from './describe-error.ts';
import type { CliIo } from './io.ts';
import { type ClipPlan, isAddress } from './plan-clips.ts';
import { displayName, readPicture } from './read-picture.ts';

/** A clip whose picture is there. */
export type LoadedClip = ClipPlan & LoadedPicture;

/** What is known of a picture that is there. */
interface LoadedPicture {
  /** The picture's bytes. Files are read again when their turn comes; what cannot be read twice is kept. */
  load: () => Promise<Uint8Array>;
}

/**
 * Reads every picture, without decoding any.
 * @throws UserError one of them cannot be read, or is no picture
 */
export async function loadPictures<Named extends Pick<ClipPlan, 'picture'>>(
  clips: readonly Named[],
  pictures: PicturePolicy,
  { stdin, signal }: Pick<CliIo, 'stdin' | 'signal'>,
): Promise<(Named & LoadedPicture)[]> {
  const reading = { limits: limitsOf(pictures), signal, ...(stdin && { stdin }) };
  const loaded: (Named & LoadedPicture)[] = [];
  for (const clip of clips) {
    const bytes = await readPicture(clip.picture, reading);
    const isFile = clip.picture !== '-' && !isAddress(clip.picture);
    loaded.push({ ...clip, load: isFile ? () => readPicture(clip.picture, reading) : async () => bytes });
  }
  return loaded;
}

/**
 * Has every picture decoded once, so that one that is damaged or too large is known before minutes of work for another.
 * One with nothing to see is told of; it is the person's own. The checker is closed.
 * @throws UserError one of them cannot be decoded
 */
export async function checkPictures(
  checker: PictureChecker,
  clips: readonly (Pick<ClipPlan, 'picture'> & LoadedPicture)[],
  { signal, stderr }: Pick<CliIo, 'signal' | 'stderr'>,
): Promise<void> {
  // Whoever interrupts does not wait for a decoder.
  signal.addEventListener('abort', checker.close, { once: true });
  try {
    for (const { load, picture } of clips) {
      const { isBlank } = await checker.check(await load()).catch((error: unknown) => {
        signal.throwIfAborted();
        throw clips.length === 1 ? error : naming(picture, error);
      });
      if (!isBlank) continue;
      const note = `${displayName(picture)} is wholly white or empty: its clip will show nothing.`;
      stderr.write(`kinora: ${describeError(note, { withCauses: false })}\n`);
    }
  } finally {
    signal.removeEventListener('abort', checker.close);
    checker.close();
  }
}

function naming(picture: string, error: unknown): unknown {
  if (!(error instanceof UserError)) return error;
  const message = `${displayName(picture)}: ${error.message}`;
  return new UserError(error.code, message, { cause: error, details: error.details });
}
