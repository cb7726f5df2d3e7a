import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clipRequests, type NetworkRequest } from '../../../src/inference/pipeline/build-network.ts';
import { mostFramesTogether } from '../../../src/inference/pipeline/decode-latents.ts';
import { estimateNetwork } from '../../../src/inference/pipeline/estimate-memory.ts';
import { type ModelConfigs, readModelConfigs } from '../../../src/inference/pipeline/load-model.ts';
import { modelInfo } from '../../../src/inference/pipeline/model-info.ts';
import type { PipelineContext } from '../../../src/inference/pipeline/pipeline-context.ts';
import {
  type CardPlan,
  cardPlanner,
  decodeLimit,
  describePlan,
  evenChunk,
  executionPlanner,
} from '../../../src/inference/pipeline/plan-for-card.ts';
import { goldenPath } from '../../support/golden.ts';
import { writeSparseSvdXt } from '../../support/sparse-model.ts';

const folder = mkdtempSync(join(tmpdir(), 'kinora-card-'));
const target = { provider: 'cuda', precision: 'float16' } as const;
let configs: ModelConfigs;
let plan: (cardBytes: number) => Promise<CardPlan>;
let planWithDeepCache: typeof plan;
beforeAll(async () => {
  await writeSparseSvdXt(folder);
  configs = await readModelConfigs(folder);
  const { defaults } = modelInfo(configs);
  plan = cardPlanner(configs, defaults, { target, chosen: {} });
  planWithDeepCache = cardPlanner(configs, { ...defaults, deepCacheInterval: 3 }, { target, chosen: {} });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What nvidia-smi tells of cards of so many GB, in MiB: a little less, or a little more. */
const cards = { 8: 8188, 12: 12282, 16: 16380, 24: 24564, 80: 81559 } as const;
const bytesOf = (card: keyof typeof cards) => cards[card] * 2 ** 20;

describe('25 frames of 1024×576 by SVD XT', () => {
  it.each([
    [80, { memoryMode: 'resident', guidanceBatch: 'batched', feedForwardChunk: undefined }],
    [24, { memoryMode: 'model-offload', guidanceBatch: 'batched', feedForwardChunk: undefined }],
    [16, { memoryMode: 'model-offload', guidanceBatch: 'split', feedForwardChunk: undefined }],
    [12, { memoryMode: 'model-offload', guidanceBatch: 'split', feedForwardChunk: undefined }],
    [8, { memoryMode: 'sequential-offload', guidanceBatch: 'split', feedForwardChunk: undefined }],
  ] as const)('are run on a card of %i GB by the quickest way that it has memory for', async (card, way) => {
    const found = await plan(bytesOf(card));
    expect(found).toMatchObject({ ...way, fits: true });
    expect(found.neededBytes).toBeLessThan(bytesOf(card));
  });

  it('fit no card of 4 GB, which is said with the least that they take', async () => {
    const found = await plan(4e9);
    expect(found).toMatchObject({ memoryMode: 'sequential-offload', guidanceBatch: 'split', fits: false });
    expect(describePlan(found, modelInfo(configs).defaults, 4e9)).toMatch(
      /^25 frames of 1024×576 take about .* of the card's 4.00 GB even with MEMORY_MODE=sequential-offload, GUIDANCE_BATCH=split, FEED_FORWARD_CHUNK=50000: make smaller clips$/,
    );
  });

  it.each([
    [80, { memoryMode: 'resident', guidanceBatch: 'batched' }],
    [24, { memoryMode: 'model-offload', guidanceBatch: 'split' }],
    [16, { memoryMode: 'sequential-offload', guidanceBatch: 'batched' }],
    [8, { memoryMode: 'sequential-offload', guidanceBatch: 'split' }],
  ] as const)(
    'with a deep cache interval are run on a card of %i GB as two sessions of the UNet at once allow',
    async (card, way) => {
      const found = await planWithDeepCache(bytesOf(card));
      expect(found).toMatchObject({ ...way, fits: true });
    },
  );

  it('with a deep cache interval take what both sessions of the UNet do, whose weights are apart', async () => {
    const settings = modelInfo(configs).defaults;
    const request = clipRequests(configs, settings, 'split').find(({ network }) => network === 'unet-step')!;
    const outer = await estimateNetwork(configs, { ...request, deepFeatures: 'take' } as NetworkRequest, target);
    expect(outer.weightBytes).toBeGreaterThan(50e6);
    const chosen = { memoryMode: 'model-offload', guidanceBatch: 'split', feedForwardChunk: undefined } as const;
    const needed = async (deepCacheInterval: number) =>
      (await cardPlanner(configs, { ...settings, deepCacheInterval }, { target, chosen })(bytesOf(80))).neededBytes;
    const more = (await needed(2)) - (await needed(1));
    expect(more).toBeGreaterThanOrEqual(outer.weightBytes + 1.25 * outer.activationBytes);
    expect(more).toBeLessThan(1.1 * (outer.weightBytes + 1.25 * outer.activationBytes));
  });

  it.each([
    [80, 14, 13],
    [24, 14, 13],
    [16, 9, 9],
    [12, 7, 7],
    [8, 4, 4],
  ] as const)('are decoded on a card of %i GB %i at a time at most, in chunks of %i', async (card, most, chunk) => {
    const settings = modelInfo(configs).defaults;
    expect(await decodeLimit(configs, settings, { target, cardBytes: bytesOf(card) })).toBe(most);
    expect(evenChunk(25, 25, most)).toBe(chunk);
    expect(evenChunk(25, 3, most)).toBe(3);
  });

  it('are never decoded in larger chunks than CUDA counts the elements of, whatever the card', async () => {
    expect(await decodeLimit(configs, { width: 1024, height: 576 }, { target, cardBytes: undefined })).toBe(14);
    expect(await decodeLimit(configs, { width: 512, height: 512 }, { target, cardBytes: undefined })).toBe(31);
    const plain = { ...target, cudaGraph: 'plain' } as const;
    expect(await decodeLimit(configs, { width: 1024, height: 576 }, { target: plain, cardBytes: undefined })).toBe(14);
  });

  it('take less than half of what they take in float32: fused norms and the lack of transposes leave fewer values alive', async () => {
    const decoder = { network: 'vae-decoder', frames: 1, width: 128, height: 72 } as const;
    const [cpu, cuda] = [
      await estimateNetwork(configs, decoder, { provider: 'cpu' }),
      await estimateNetwork(configs, decoder, target),
    ];
    expect(cuda.activationBytes).toBeLessThan(cpu.activationBytes / 2);
    expect(cuda.weightBytes).toBe(cpu.weightBytes / 2);
  });

  it('are decoded as the card allows, which is said in the log, and on other providers as they are asked for', async () => {
    const lines: string[] = [];
    const log = (line: string) => void lines.push(line);
    const settings = { ...modelInfo(configs).defaults, seed: 1 };
    const context = { ...target, configs, settings, log } as unknown as PipelineContext;
    expect(await mostFramesTogether({ ...context, cardBytes: bytesOf(12) })).toBe(7);
    expect(await mostFramesTogether({ ...context, cardBytes: undefined })).toBe(13);
    expect(lines).toEqual([
      'The card takes 7 frames at most; 7 are decoded together.',
      'The card takes 14 frames at most; 13 are decoded together.',
    ]);
    const few = { ...settings, decodeChunkSize: 4 };
    expect(await mostFramesTogether({ ...context, settings: few, cardBytes: bytesOf(12) })).toBe(4);
    expect(await mostFramesTogether({ ...context, provider: 'cpu' })).toBe(25);
    expect(lines.length).toBe(2);
  });

  it('are run as the operator chose, and the rest as suits the card then', async () => {
    const settings = modelInfo(configs).defaults;
    const batched = cardPlanner(configs, settings, { target, chosen: { guidanceBatch: 'batched' } });
    expect(await batched(bytesOf(16))).toMatchObject({ guidanceBatch: 'batched', memoryMode: 'sequential-offload' });
    const whole = cardPlanner(configs, settings, { target, chosen: { memoryMode: 'model-offload' } });
    expect(await whole(bytesOf(8))).toMatchObject({ memoryMode: 'model-offload', guidanceBatch: 'split', fits: false });
  });
});

describe('executionPlanner', () => {
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);

  it('keeps all networks of a toy model on any card, and says so in the log', async () => {
    const toy = await readModelConfigs(goldenPath('models/tiny-a'));
    const planFor = executionPlanner(toy, { target, chosen: {}, cardBytes: bytesOf(8), log });
    const settings = { ...modelInfo(toy).defaults, seed: 1 };
    const found = await planFor(settings);
    expect(await planFor({ ...settings, numInferenceSteps: 3 })).toBe(found);
    expect(found).toMatchObject({ memoryMode: 'resident', guidanceBatch: 'batched' });
    expect(lines).toEqual([
      expect.stringContaining("of the card's 8.59 GB with MEMORY_MODE=resident, GUIDANCE_BATCH=batched"),
    ]);
  });

  it('plans for the size of each clip: a smaller one takes a quicker way on the same card', async () => {
    const planFor = executionPlanner(configs, { target, chosen: {}, cardBytes: bytesOf(8), log });
    const settings = { ...modelInfo(configs).defaults, seed: 1 };
    lines.length = 0;
    expect(await planFor(settings)).toMatchObject({ memoryMode: 'sequential-offload' });
    expect(await planFor({ ...settings, width: 512, height: 512 })).toMatchObject({
      memoryMode: 'model-offload',
      guidanceBatch: 'split',
      feedForwardChunk: undefined,
    });
    expect(lines.map((line) => line.slice(0, line.indexOf(' take')))).toEqual([
      '25 frames of 1024×576',
      '25 frames of 512×512',
    ]);
    const cached = await planFor({ ...settings, width: 512, height: 512, deepCacheInterval: 2 });
    expect(cached).toMatchObject({ memoryMode: 'sequential-offload' });
  });

  it('takes what is usual where no card is known, and where the model cannot be read', async () => {
    const settings = { ...modelInfo(configs).defaults, seed: 1 };
    const usual = { memoryMode: 'model-offload', guidanceBatch: 'batched', feedForwardChunk: undefined };
    expect(await executionPlanner(configs, { target, chosen: {}, cardBytes: undefined, log })(settings)).toEqual(usual);
    const away = { ...configs, dir: join(folder, 'away') };
    expect(await executionPlanner(away, { target, chosen: {}, cardBytes: bytesOf(8), log })(settings)).toEqual(usual);
    const chosen = { memoryMode: 'resident', guidanceBatch: 'split', feedForwardChunk: 7 } as const;
    expect(await executionPlanner(away, { target, chosen, cardBytes: undefined, log })(settings)).toEqual(chosen);
  });
});
