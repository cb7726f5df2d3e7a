import type { ExecutionOptions } from '../../src/inference/pipeline/types.ts';

interface TaskBase {
  modelDir: string;
  /** A .safetensors file of the call's inputs. */
  inputs: string;
  /** Where to write what was computed; left out, it is not. */
  outputs?: string;
  threads: number;
}

/** One network, called several times. */
export interface NetworkTask extends TaskBase {
  network: 'unet' | 'vae-decoder' | 'vae-encoder' | 'image-encoder';
  case: string;
  batch: number;
  frames: number;
  /** Pixels of a side. */
  size: number;
  runs: number;
  /** Kinora only. */
  mapped?: boolean;
  /** The others only: in bfloat16 instead of float32. */
  bfloat16?: boolean;
}

/** A whole clip. */
export interface ClipTask extends TaskBase {
  network: 'pipeline';
  frames: number;
  size: number;
  steps: number;
  decodeChunk: number;
  seed: number;
  /** Kinora only. */
  execution?: Partial<ExecutionOptions>;
}

export type SideTask = NetworkTask | ClipTask;

/** What a side tells about its task, in seconds. */
export interface SideTimes {
  /** From the process's start until the first call could begin. */
  readySeconds: number;
  /** Of each call. */
  seconds: number[];
  /** Of a clip: until the first step was done, of everything before decoding, and of decoding. */
  firstStepSeconds?: number;
  denoiseSeconds?: number;
  decodeSeconds?: number;
}

/** What a side computed. */
export type Made = Record<string, { shape: readonly number[]; data: Float32Array }>;
