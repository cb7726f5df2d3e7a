import { promisify } from 'node:util';
import ffmpeg from 'fluent-ffmpeg';
import { EncodeError } from '../errors.ts';

/**
 * The names of the video encoders that an ffmpeg has, e.g. `libx264`.
 * @param ffmpegPath a program that works, as `findFfmpeg` gives it
 * @throws EncodeError it does not tell
 */
export async function listEncoders(ffmpegPath: string): Promise<string[]> {
  const command = ffmpeg().setFfmpegPath(ffmpegPath);
  try {
    const encoders = await promisify(command.getAvailableEncoders.bind(command))();
    return Object.entries(encoders).flatMap(([name, { type }]) => (type === 'video' ? [name] : []));
  } catch (cause) {
    throw new EncodeError('encoders-unknown', `${ffmpegPath} does not tell its encoders.`, { cause });
  }
}
