import type { Finding } from '../../src/cli/doctor/finding.ts';
import type { RenderClips } from './render-clips.ts';
import type { Results } from './results.ts';
import type { RunPython } from './run-python.ts';
import type { BenchSizes } from './sizes.ts';
import type { BenchProvider, Perform } from './tasks.ts';

/** What measuring is done with; tests put others in its place. */
export interface BenchTools {
  perform: Perform;
  renderClips: RenderClips;
  /** The doctor's findings. */
  doctor: () => Promise<Finding[]>;
  python: RunPython;
}

/** What every section is given. */
export interface BenchContext {
  provider: BenchProvider;
  sizes: BenchSizes;
  /** The model of full size; random weights are made there where there are none. */
  modelDir: string;
  /** Where results, inputs and outputs are kept. */
  workDir: string;
  results: Results;
  tools: BenchTools;
  environment: Readonly<Record<string, string | undefined>>;
  /** Tells what is going on. */
  tell: (line: string) => void;
}

/** Both forms of the graphs on CUDA. */
export const graphForms = ['channels-last', 'plain'] as const;
export type GraphForm = (typeof graphForms)[number];

/** The form in which the provider is used: half precision on a card. */
export function usualForm({ provider }: Pick<BenchContext, 'provider'>, cudaGraph: GraphForm) {
  const precision = provider === 'cpu' ? 'float32' : 'float16';
  return { provider, precision, cudaGraph } as const;
}
