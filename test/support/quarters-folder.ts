import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { quartersPicture } from '../media/pictures.ts';
import { tempFolder } from './temp-folder.ts';

/** 120×90 pixels. */
export const quartersPng: Buffer = await quartersPicture(120, 90).png().toBuffer();

/** A folder with the picture in it, and the words that name it and a clip beside it. */
export function quartersFolder(): { folder: string; output: string; words: string[] } {
  const folder = tempFolder();
  writeFileSync(join(folder, 'quarters.png'), quartersPng);
  const output = join(folder, 'clips', 'quarters.mp4');
  return { folder, output, words: [join(folder, 'quarters.png'), '--output', output] };
}
