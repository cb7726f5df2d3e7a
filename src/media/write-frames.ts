import { readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { EncodeError } from '../errors.ts';
import type { RgbFrames } from '../util/rgb.ts';
import { makeFolder, whyNotWritten } from '../util/write-folder.ts';
import { configureSharp } from './configure-sharp.ts';

/**
 * Writes a clip's frames, as they are, to `folder` as frame-0000.png …; the folder is made if missing, and frames of an
 * earlier clip there are removed first. A file has its name only when it is whole.
 * @returns the files' paths in the frames' order
 * @throws EncodeError `frames-not-written`, scope `host`
 */
export async function writeFrames(folder: string, clip: RgbFrames): Promise<string[]> {
  configureSharp();
  try {
    await makeFolder(folder);
    await removeFrames(folder);
    const files: string[] = [];
    for (const [index, frame] of clip.frames.entries()) {
      const file = join(folder, `frame-${String(index).padStart(4, '0')}.png`);
      await writeFrame(file, frame, clip);
      files.push(file);
    }
    return files;
  } catch (cause) {
    const message = `The frames cannot be written to ${folder}: ${whyNotWritten(cause)}.`;
    throw new EncodeError('frames-not-written', message, { cause, scope: 'host' });
  }
}

/** Removes the frames of an earlier clip: of a longer one some would be left beside the new ones. */
async function removeFrames(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (/^frame-\d{4,}\.png$/.test(name)) await rm(join(folder, name));
  }
}

async function writeFrame(file: string, frame: Uint8Array, { width, height }: RgbFrames): Promise<void> {
  const bytes = await sharp(frame, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  const begun = `${file}.part`;
  try {
    await writeFile(begun, bytes);
    await rename(begun, file);
  } catch (error) {
    await rm(begun, { force: true, recursive: true });
    throw error;
  }
}
