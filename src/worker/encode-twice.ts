import { AppError, EncodeError, JobCancelledError, scopeOf } from '../errors.ts';

/** What {@link encodeTwice} works with. */
interface EncodeTwiceOptions {
  /** Called before the second try, with why the first one failed. */
  onRetry: (error: unknown) => void;
}

/**
 * Runs an encoder, and once more where it fails or is killed: the frames, which took long, are still in memory.
 * An error that says whose fault it is (no ffmpeg, a full disk, a clip that cannot be made to fit) is not tried again, nor
 * one that depends on the clip: a long one may run into the time limit on a machine that is well.
 * @throws EncodeError of scope `host`: the encoder failed twice
 * @throws AppError what is not tried again, as it is
 * @throws JobCancelledError the signal was aborted
 */
export async function encodeTwice<T>(encode: () => Promise<T>, { onRetry }: EncodeTwiceOptions): Promise<T> {
  try {
    return await encode();
  } catch (error) {
    if (isSettled(error)) throw error;
    onRetry(error);
  }
  try {
    return await encode();
  } catch (error) {
    if (isSettled(error)) throw error;
    const code = error instanceof AppError ? error.code : 'encode-failed';
    const reason = error instanceof Error ? error.message : String(error);
    throw new EncodeError(code, `The video could not be encoded, twice: ${reason}`, { cause: error, scope: 'host' });
  }
}

/** The next try would end as this one did. */
const lastingCodes = ['encode-timeout', 'encode-bad-frames'];

function isSettled(error: unknown): boolean {
  if (error instanceof JobCancelledError || scopeOf(error) !== undefined) return true;
  return error instanceof EncodeError && lastingCodes.includes(error.code);
}
