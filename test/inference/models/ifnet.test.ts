import { describe, expect, it } from 'vitest';
import { buildGraph } from '../../../src/inference/graph/graph-builder.ts';
import { ifnet } from '../../../src/inference/models/ifnet.ts';
import { openRife, openRifeWeights } from '../../../src/inference/pipeline/rife.ts';
import { expectClose, type Numbers } from '../../support/expect-close.ts';
import { openGolden } from '../../support/golden.ts';
import { wavePicture } from '../../support/moving-pictures.ts';
import { runBuilt } from '../../support/run-graph.ts';

/** RGB as three planes in [0, 1]. */
function planesOf(pixels: Uint8Array): Numbers {
  const area = pixels.length / 3;
  const data = Float32Array.from({ length: pixels.length }, (_, at) => {
    const place = (at % area) * 3 + Math.floor(at / area);
    return pixels[place]! / 255;
  });
  return { shape: [data.length], data };
}

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

  it.each(['square', 'wide'])('without GridSample, as WebGPU takes it: %s', async (name) => {
    const golden = await openGolden('networks/rife');
    const { width = 0, height = 0, timestep = 0 } = Object(golden.manifest.cases)[name] as Record<string, number>;
    const target = { provider: 'webgpu', precision: 'float32', foldsWeights: true } as const;
    const built = buildGraph('rife', { weights: await openRifeWeights('models/rife'), target }, (graph) =>
      ifnet(graph, { width, height, scale: 1 }),
    );
    expect(built.nodes.map(({ opType }) => opType)).not.toContain('GridSample');
    const [img0, img1] = [0, 6].map((moved) => planesOf(wavePicture(width, height, moved))) as [Numbers, Numbers];
    const inputs = { img0, img1, timestep: { shape: [1], data: [timestep] } };
    const { merged } = await runBuilt(built, inputs, { asWritten: true });
    expectClose(merged!, golden.floats(`${name}/merged`), { tolerance: 1e-4, name });
  });
});
