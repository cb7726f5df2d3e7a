import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { InferenceError } from '../../errors.ts';
import { boxOf, type FramedPicture } from '../../util/rgb.ts';
import { safetensorsError } from '../safetensors/json-cursor.ts';
import { listWeightFiles } from './build-network.ts';
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

const version = '1';

/**
 * The fingerprint of a run. Weights are known by their files' names, sizes and times, not read.
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
  // The folder may move.
  const { dir: _, weights: __, notes: ___, ...model } = configs;
  const files = await Promise.all(
    (await listWeightFiles(configs)).map(async (path) => {
      const { size, mtimeMs } = await stat(path).catch((cause: unknown) => {
        throw safetensorsError('not-readable', { path }, 'the file cannot be found or read.', cause);
      });
      // Copying a folder keeps no more than the seconds.
      return [basename(path), size, Math.floor(mtimeMs / 1000)] as const;
    }),
  );
  return {
    version,
    model: digest({ model, files }),
    settings: digest(Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1))),
    picture: digest([...partsOf(picture), ...(endPicture === undefined ? [] : partsOf(endPicture))]),
    execution: digest([provider, precision]),
  };
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
