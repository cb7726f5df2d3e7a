import { measureDeepCache } from '../deep-cache/measure.ts';
import { type BenchOptions, saveFigures } from './section.ts';

export interface DeepCacheFigures {
  markdown: string;
}

/** What caching the UNet's inner blocks gains and loses, on the model that ships: its pictures mean something. */
export async function measureDeepCaching({ workDir, threads }: BenchOptions): Promise<void> {
  const options = { modelDir: 'models/demo', pictures: 10, steps: 8, everies: [2, 3], threads };
  saveFigures(workDir, 'deep-cache', { markdown: await measureDeepCache(options) });
}
