import { join } from 'node:path';
import sharp from 'sharp';
import { EncodeError } from '../errors.ts';
import { makeFolder } from '../util/make-folder.ts';
import type { RgbFrames } from '../util/rgb.ts';
import { configureSharp } from './configure-sharp.ts';

/**
 * Writes a clip's frames, as they are, to `folder` as frame-0000.png …; the folder is made if missing and files of
 * these names are replaced.
 * @returns the files' paths in the frames' order
 * @throws EncodeError `frames-not-written`, scope `host`
 */
export async function writeFrames(folder: string, clip: RgbFrames): Promise<string[]> {
  configureSharp();
  return writeAll(folder, clip).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `The frames could not be written to ${folder}: ${reason}`;
    throw new EncodeError('frames-not-written', message, { cause, scope: 'host' });
  });
}

async function writeAll(folder: string, { width, height, frames }: RgbFrames): Promise<string[]> {
  await makeFolder(folder);
  const files: string[] = [];
  for (const [index, frame] of frames.entries()) {
    const file = join(folder, `frame-${String(index).padStart(4, '0')}.png`);
    await sharp(frame, { raw: { width, height, channels: 3 } })
      .png()
      .toFile(file);
    files.push(file);
  }
  return files;
}
