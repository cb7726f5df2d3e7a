import { measureStepCache } from '../step-cache/measure.ts';
import { type BenchOptions, saveFigures } from './section.ts';

export interface StepCacheFigures {
  markdown: string;
}

/** What caching the UNet's inner blocks gains and loses, on the model that ships: its pictures mean something. */
export async function measureCaching({ workDir, threads }: BenchOptions): Promise<void> {
  const options = { modelDir: 'models/demo', pictures: 10, steps: 8, everies: [2, 3], threads };
  saveFigures(workDir, 'step-cache', { markdown: await measureStepCache(options) });
}
