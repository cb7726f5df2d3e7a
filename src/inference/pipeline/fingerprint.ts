import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { InferenceError } from '../../errors.ts';
import { boxOf, type FramedPicture } from '../../util/rgb.ts';
import { safetensorsError } from '../safetensors/json-cursor.ts';
import { listWeightFiles } from './build-network.ts';
import type { ModelConfigs } from './load-model.ts';
import type { PipelineContext } from './pipeline-context.ts';

/** What a run is made of, a digest for each part. */
export interface Fingerprint {
  /** Of the checkpoints' format and of what a step computes: raised when either changes. */
  version: string;
  model: string;
  settings: string;
  picture: string;
  /** Memory modes and threads are left out: they change no more than rounding, and an operator may change them. */
  execution: string;
}

/** Checkpoints, and the frames that settings come to, are the same among programs that have the same. */
export const framesVersion = '2';

/**
 * The fingerprint of a run.
 * @throws SafetensorsError the weights cannot be found
 * @throws InferenceError `picture-gone`: the run has begun
 */
export async function fingerprintOf({
  configs,
  picture,
  endPicture,
  settings,
  provider,
  precision,
}: PipelineContext): Promise<Fingerprint> {
  if (picture === undefined) throw new InferenceError('picture-gone', 'The picture was encoded before.');
  return {
    version: framesVersion,
    model: await modelDigest(configs),
    settings: digest(Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1))),
    picture: digest([...partsOf(picture), ...(endPicture === undefined ? [] : partsOf(endPicture))]),
    execution: digest([provider, precision]),
  };
}

/**
 * What tells models apart, the same on every host and wherever the files lie. Of weights the names, sizes and samples of
 * what is in them are taken, not all: 5 GB would take seconds. Training or merging changes every sample.
 * @throws SafetensorsError the weights cannot be found
 */
export async function modelDigest(configs: ModelConfigs): Promise<string> {
  const { dir: _, name: __, weights: ___, notes: ____, loras = [], ...model } = configs;
  const files = await Promise.all(
    (await listWeightFiles(configs)).map(async (path) => {
      try {
        return [basename(path), ...(await sampleFile(path))] as const;
      } catch (cause) {
        throw safetensorsError('not-readable', { path }, 'the file cannot be found or read.', cause);
      }
    }),
  );
  return digest({ model, files, loras: loras.map(({ changes }) => [...changes.values()].map(({ scale }) => scale)) });
}

const samples = 256;
const sampleBytes = 4096;

/** A file of that size is read at once: so many reads of little each take longer. */
const readWholeBytes = 8 * 2 ** 20;

/** A file's size, and a digest of evenly spaced parts of it; of a small one, all of it. */
async function sampleFile(path: string): Promise<[number, string]> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const hash = createHash('sha256');
    const gap = Math.max(sampleBytes, Math.floor((size - sampleBytes) / (samples - 1)));
    const whole = size <= readWholeBytes ? await handle.readFile() : undefined;
    const part = Buffer.alloc(sampleBytes);
    for (let at = 0; at < size; at += gap) {
      if (whole !== undefined) {
        hash.update(whole.subarray(at, at + sampleBytes));
        continue;
      }
      const { bytesRead } = await handle.read(part, 0, sampleBytes, at);
      hash.update(part.subarray(0, bytesRead));
    }
    return [size, hash.digest('hex')];
  } finally {
    await handle.close();
  }
}

function partsOf(picture: FramedPicture): unknown[] {
  const pixels = createHash('sha256').update(picture.data).digest('hex');
  return [picture.width, picture.height, boxOf(picture), pixels];
}

/** The parts in which two fingerprints differ; none: a run may go on from the other's checkpoint. */
export function differingParts(a: Fingerprint, b: Fingerprint): string[] {
  return (Object.keys(a) as (keyof Fingerprint)[]).filter((part) => a[part] !== b[part]);
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
