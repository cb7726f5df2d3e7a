/** Where a graph will run and in which precision it computes; it decides the form of some operators. */
export interface GraphTarget {
  provider: 'cpu' | 'cuda' | 'webgpu';
  precision: 'float32' | 'float16';
}
