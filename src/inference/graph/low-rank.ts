import type { Dtype } from '../safetensors/format.ts';

/** A matrix as bytes. */
interface MatrixBytes {
  dtype: Dtype;
  shape: readonly number[];
  bytes: Uint8Array;
}

/** What a LoRA adds to one weight: scale · up · down, of the weight's own elements. */
export interface LowRankUpdate {
  /** The LoRA's name, which names its initializers. */
  name: string;
  scale: number;
  /** [rows of the weight, rank]; more axes of size 1 may follow. */
  up: MatrixBytes;
  /** [rank, elements of a row of the weight]; maybe as the axes of a kernel. */
  down: MatrixBytes;
}

/** What is added to weights when they are loaded, by their key; each is merged where the graph first asks for it. */
export type LowRankUpdates = ReadonlyMap<string, readonly LowRankUpdate[]>;
