import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../../errors.ts';
import { type StyleName, styleNamePattern } from '../../settings/style.ts';

/** Larger files are no networks for a picture, and would not fit in memory beside the video model. */
const mostBytes = { network: 2 ** 29, description: 2 ** 16 } as const;

const triple = z.tuple([z.number(), z.number(), z.number()]).readonly();

/** How levels of 0 to 1 become a network's values: from `range[0]` to `range[1]`, then (value − mean) / std per channel. */
const valuesSchema = z.strictObject({
  range: z
    .tuple([z.number(), z.number()])
    .readonly()
    .refine(([from, to]) => from !== to, 'the two ends of a range differ')
    .default([0, 1]),
  order: z.enum(['RGB', 'BGR']).default('RGB'),
  mean: triple.default([0, 0, 0]),
  std: triple.refine((values) => values.every((value) => value !== 0), 'no std is 0').default([1, 1, 1]),
});

const descriptionSchema = z.strictObject({
  /** Left out: the file's name. */
  name: z.string().regex(styleNamePattern, 'letters, digits, - and _, 32 at most').optional(),
  input: valuesSchema.prefault({}),
  output: valuesSchema.prefault({}),
  /** A network that takes any size takes sides that are multiples of this. */
  multipleOf: z.number().int().min(1).max(256).default(8),
  /** For people: where it is from, and whose. */
  source: z.string().max(500).optional(),
  licence: z.string().max(200).optional(),
});

/** What a network takes or gives, see {@link valuesSchema}. */
export type PixelValues = Readonly<z.output<typeof valuesSchema>>;

/** One network of STYLE_DIR. */
export interface Style extends StyleName {
  /** The .onnx file. */
  file: string;
  input: PixelValues;
  output: PixelValues;
  multipleOf: number;
}

/** The styles of a folder, by name, and why the others of its networks are none. */
export interface StyleList {
  styles: Style[];
  problems: { file: string; reason: string }[];
}

/**
 * The networks of a folder: its .onnx files, each with a .json of the same name beside it that says what it takes and gives.
 * None is loaded: see `openStyle`. Files that cannot be used are problems and keep no other from being used.
 * @throws ConfigError `style-folder`: the folder cannot be read
 */
export async function listStyles(folder: string | undefined): Promise<StyleList> {
  const list: StyleList = { styles: [], problems: [] };
  if (folder === undefined) return list;
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new ConfigError('style-folder', `STYLE_DIR ${folder} cannot be read.`, { cause });
  });
  for (const name of names.filter((each) => each.endsWith('.onnx')).sort()) {
    const file = join(folder, name);
    try {
      const style = await readStyle(file);
      if (list.styles.some((other) => other.name === style.name)) throw new Error(`another has the name ${style.name}`);
      list.styles.push(style);
    } catch (error) {
      list.problems.push({ file, reason: reasonOf(error) });
    }
  }
  return list;
}

async function readStyle(file: string): Promise<Style> {
  const json = file.replace(/\.onnx$/, '.json');
  const [network, text] = [await readCapped(file, mostBytes.network), await readCapped(json, mostBytes.description)];
  const {
    name = basename(file, '.onnx'),
    input,
    output,
    multipleOf,
  } = descriptionSchema.parse(JSON.parse(text.toString('utf8')));
  if (!styleNamePattern.test(name)) {
    throw new Error(`${name} is no name for a style (letters, digits, - and _, 32 at most): give it one by "name"`);
  }
  const hash = createHash('sha256').update(text).update('\0').update(network).digest('hex').slice(0, 16);
  return { name, hash, file, input, output, multipleOf };
}

async function readCapped(file: string, most: number): Promise<Buffer> {
  const { size } = await stat(file);
  if (size > most) throw new Error(`${basename(file)} has ${size} bytes, ${most} are the most`);
  return readFile(file);
}

function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError) {
    const [issue] = error.issues;
    return `${issue?.path.join('.') || 'the JSON'}: ${issue?.message}`;
  }
  return error instanceof Error ? error.message : String(error);
}
