import { describe, it } from 'vitest';
import { openRife, openRifeWeights } from '../../../src/inference/pipeline/rife.ts';
import { expectClose } from '../../support/expect-close.ts';
import { openGolden } from '../../support/golden.ts';
import { wavePicture } from '../../support/moving-pictures.ts';

describe('RIFE’s graph against its PyTorch module', () => {
  it.each(['square', 'wide', 'padded', 'padded-late', 'scale-2', 'scale-4', 'scale-half'])('%s', async (name) => {
    const golden = await openGolden('networks/rife');
    const { width, height, timestep, scale } = Object(golden.manifest.cases)[name] as Record<string, number>;
    const size = { width: width!, height: height! };
    const weights = await openRifeWeights('models/rife');
    const rife = await openRife(weights, size, { provider: 'cpu', threads: 2, scale: scale!, bothWays: false });
    try {
      const [from, to] = [0, 6].map((moved) => wavePicture(size.width, size.height, moved)) as [Uint8Array, Uint8Array];
      const data = await rife.between(from, to, timestep!);
      const shape = [1, 3, size.height, size.width];
      expectClose({ shape, data }, golden.floats(`${name}/merged`), { tolerance: 1e-4, name });
    } finally {
      await rife.release();
    }
  });
});
