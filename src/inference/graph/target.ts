/** What a graph computes in. */
export type Precision = 'float32' | 'float16';

/** Where a graph will run and in which precision it computes; it decides the form of some operators. */
export interface GraphTarget {
  provider: 'cpu' | 'cuda' | 'webgpu';
  precision: Precision;
  /** Rows (tokens) that a feed-forward takes at a time, to bound its inner tensor; undefined: all of them. */
  feedForwardChunk?: number | undefined;
  /** Weights may be reckoned into others where that saves work: they are copied anyway when the session is made. */
  foldsWeights?: boolean | undefined;
}
