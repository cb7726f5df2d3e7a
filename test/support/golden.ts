import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { readSafetensors } from '../../src/inference/safetensors/read-safetensors.ts';
import { readTensor } from '../../src/inference/safetensors/read-tensor.ts';

/** Values with their shape, row-major. */
interface GoldenTensor {
  shape: readonly number[];
  data: Float32Array | Uint8Array;
}

/** What stands beside the numbers; see reference/README.md. */
interface GoldenManifest {
  command: string;
  versions: Record<string, string>;
  /** Names of the layouts, in words. */
  layouts?: Record<string, string>;
  /** Of each case, the recorded modules and their diffusers or transformers class. */
  modules: Record<string, Record<string, string>>;
  /** Whole-number and fractional arguments, e.g. `decode/in/num_frames`. */
  scalars: Record<string, number>;
  /** Tensors equal to one already stored, by its name. */
  aliases: Record<string, string>;
  /** Settings of each case of a pipeline golden. */
  cases?: Record<string, Record<string, unknown>>;
}

/** One golden file, read whole. */
export interface Golden {
  manifest: GoldenManifest;
  /** Every name, aliases included. */
  names: readonly string[];
  /** A tensor as recorded. @throws Error there is none of that name */
  tensor(name: string): GoldenTensor;
  /** A float32 tensor's values. @throws Error there is none of that name, or it is uint8 */
  floats(name: string): { shape: readonly number[]; data: Float32Array };
}

/** Absolute path of something under test/golden, e.g. `goldenPath('models/tiny-a')`. */
export function goldenPath(relative: string): string {
  return fileURLToPath(new URL(`../golden/${relative}`, import.meta.url));
}

/** Reads `test/golden/<name>.safetensors` and the manifest beside it, e.g. `openGolden('networks/tiny-a.unet')`. */
export async function openGolden(name: string): Promise<Golden> {
  const path = goldenPath(`${name}.safetensors`);
  const manifest = JSON.parse(await readFile(goldenPath(`${name}.json`), 'utf8')) as GoldenManifest;
  const file = await readSafetensors(path);
  const bytes = await readFile(path);
  const tensors = new Map<string, GoldenTensor>();
  for (const entry of file.tensors.values()) {
    const isPicture = entry.dtype === 'U8';
    const data = isPicture
      ? new Uint8Array(bytes.subarray(entry.offset, entry.offset + entry.sizeBytes))
      : await readTensor(entry);
    tensors.set(entry.name, { shape: entry.shape, data });
  }

  const tensor = (wanted: string): GoldenTensor => {
    const found = tensors.get(manifest.aliases[wanted] ?? wanted);
    if (found === undefined) throw new Error(`${name} has no tensor ${wanted}.`);
    return found;
  };
  return {
    manifest,
    names: [...tensors.keys(), ...Object.keys(manifest.aliases)],
    tensor,
    floats(wanted) {
      const { shape, data } = tensor(wanted);
      if (data instanceof Uint8Array) throw new Error(`${name}: ${wanted} is uint8.`);
      return { shape, data };
    },
  };
}
