import { statSync } from 'node:fs';
import { basename, extname, join, resolve, sep } from 'node:path';
import { clipFormats } from '../settings/clip-form.ts';
import { usageError } from './usage-error.ts';

/** One clip of `kinora animate`; paths are absolute. */
export interface ClipPlan {
  /** A file's path, an address (`https://…`), or `-` for standard input. */
  picture: string;
  output: string;
  framesDir: string | undefined;
}

/** What was written on the command line. */
interface Words {
  pictures: readonly string[];
  output: string | undefined;
  framesDir: string | undefined;
  format: (typeof clipFormats)[number] | undefined;
}

/** Where clips go unless something else is said. */
const defaultFolder = 'out';

/**
 * Which picture becomes which file. One picture's clip may be named; those of several go into a folder, under the
 * pictures' names. The file's name and its format follow each other.
 * @throws UserError wrong usage: a name that says another format than was asked for, or one name for several clips
 */
export function planClips(words: Words): { clips: ClipPlan[]; format: (typeof clipFormats)[number] } {
  const { pictures, output = `${defaultFolder}/`, framesDir } = words;
  const isSeveral = pictures.length > 1;
  if (!isFolder(output)) {
    const format = formatOf(output, words.format);
    if (isSeveral)
      throw usageError(`--output must name a folder for ${pictures.length} clips, such as clips/, not "${output}".`);
    return { clips: [{ picture: absolute(pictures[0]!), output: resolve(output), framesDir }], format };
  }
  const { format = 'mp4' } = words;
  const taken = new Set<string>();
  const clips = pictures.map((picture): ClipPlan => {
    const name = freeName(nameOf(picture), taken);
    return {
      picture: absolute(picture),
      output: resolve(output, `${name}.${format}`),
      framesDir: framesDir !== undefined && isSeveral ? join(framesDir, name) : framesDir,
    };
  });
  return { clips, format };
}

/** Whether a picture is to be fetched. */
export function isAddress(picture: string): boolean {
  return /^https?:\/\//i.test(picture);
}

/** The picture's path from the root; addresses and `-` as they are. */
export function absolute(picture: string): string {
  return picture === '-' || isAddress(picture) ? picture : resolve(picture);
}

function isFolder(output: string): boolean {
  if (output.endsWith('/') || output.endsWith(sep)) return true;
  return statSync(output, { throwIfNoEntry: false })?.isDirectory() === true;
}

function formatOf(output: string, asked: Words['format']): (typeof clipFormats)[number] {
  const format = clipFormats.find((name) => new RegExp(`[^/\\\\]\\.${name}$`, 'i').test(output));
  if (format !== undefined && (asked === undefined || asked === format)) return format;
  const endings = asked === undefined ? clipFormats.map((name) => `.${name}`).join(', ') : `.${asked}`;
  throw usageError(`--output must name a file that ends in ${endings}, not "${output}".`);
}

/** A picture's name without folders and ending; of an address only what a file system takes. */
function nameOf(picture: string): string {
  if (picture === '-') return 'picture';
  const path = isAddress(picture) && URL.canParse(picture) ? new URL(picture).pathname : picture;
  const name = basename(path, extname(path));
  return (isAddress(picture) ? name.replace(/[^\w.-]+/g, '-') : name) || 'picture';
}

/** The name, or with a number behind it where another clip has it. */
function freeName(name: string, taken: Set<string>): string {
  let free = name;
  // Compared without case: some file systems do not tell names apart by it.
  for (let number = 2; taken.has(free.toLowerCase()); number += 1) free = `${name}-${number}`;
  taken.add(free.toLowerCase());
  return free;
}
