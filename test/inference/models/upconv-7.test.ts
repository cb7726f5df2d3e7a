import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { enlarger } from '../../../src/inference/models/upconv-7.ts';
import { openWeights } from '../../../src/inference/safetensors/open-weights.ts';
import { expectClose } from '../../support/expect-close.ts';
import { openGolden } from '../../support/golden.ts';
import { runGraph } from '../../support/run-graph.ts';

const golden = await openGolden('upscale');

describe('the shipped enlarging networks give what the PyTorch module gives', () => {
  it('has three sizes of both', () => {
    expect(Object.keys(golden.manifest.modules)).toHaveLength(6);
  });

  it.each(Object.keys(golden.manifest.modules))('%s', async (name) => {
    const [network = '', size = ''] = name.split(' ');
    const [height = 0, width = 0] = size.split('x').map(Number);
    const file = fileURLToPath(new URL(`../../../models/upscale/${network}.safetensors`, import.meta.url));
    const inputs = { sample: golden.floats(`${name}/enlarger/in/x`) };
    const weights = await openWeights(file, '');
    const { enlarged } = await runGraph(weights, inputs, (graph) => enlarger(graph, { height, width }), {
      strict: true,
    });
    expectClose(enlarged!, golden.floats(`${name}/enlarger/out`), { tolerance: 1e-4, name });
  });
});
