import { networkTarget } from '../../src/inference/pipeline/build-network.ts';
import { decodeSamples } from '../../src/inference/pipeline/decode-latents.ts';
import { denoise } from '../../src/inference/pipeline/denoiser.ts';
import { encodeImages } from '../../src/inference/pipeline/image-to-video.ts';
import { readModelConfigs } from '../../src/inference/pipeline/load-model.ts';
import { modelInfo } from '../../src/inference/pipeline/model-info.ts';
import { modelNetworks } from '../../src/inference/pipeline/networks.ts';
import type { PipelineContext } from '../../src/inference/pipeline/pipeline-context.ts';
import { stageClock } from '../../src/inference/pipeline/stages.ts';
import { torchGenerator } from '../../src/inference/random/torch-generator.ts';
import { createScheduler } from '../../src/inference/schedulers/create-scheduler.ts';
import { readInputs } from './read-inputs.ts';
import type { ClipTask, Made, SideTimes } from './tasks.ts';

/** A clip by the pipeline's own stages, whose latents and samples are kept before they become 8-bit frames. */
export async function runKinoraClip(task: ClipTask): Promise<{ made: Made; times: SideTimes }> {
  const { size, frames: numFrames, steps: numInferenceSteps, decodeChunk: decodeChunkSize, seed, threads } = task;
  const { memoryMode = 'model-offload', cpuMemory, feedForwardChunk, guidanceBatch = 'batched' } = task.execution ?? {};
  const configs = await readModelConfigs(task.modelDir);
  const { picture = new Float32Array() } = await readInputs(task.inputs);
  const target = { provider: 'cpu', precision: 'float32', feedForwardChunk } as const;
  const networks = modelNetworks(configs, {
    target: (request) => networkTarget(request, configs, target),
    session: { provider: 'cpu', threads, mapped: cpuMemory === 'mmap' },
    memoryMode,
  });
  const sizes = { width: size, height: size };
  const settings = { ...modelInfo(configs).defaults, ...sizes, numFrames, numInferenceSteps, decodeChunkSize, seed };
  const job: PipelineContext = {
    configs,
    networks,
    provider: 'cpu',
    precision: 'float32',
    guidanceBatch,
    settings,
    signal: undefined,
    log: (message) => process.stderr.write(`${message}\n`),
    picture: { ...sizes, data: Uint8Array.from(picture) },
  };

  const clock = stageClock(() => performance.now());
  const step = () => clock.stepDone();
  const generator = torchGenerator(seed);
  const scheduler = createScheduler(settings.sampler, configs.scheduler, settings);
  const startedMs = performance.now();
  const since = () => (performance.now() - startedMs) / 1000;
  const times: SideTimes = { readySeconds: startedMs / 1000, seconds: [] };

  clock.begin('encode-image', 2);
  const conditions = await finish(encodeImages(job, { generator, step }));
  clock.begin('denoise', numInferenceSteps);
  const denoising = denoise(job, { generator, scheduler, conditions, step });
  const latents = await finish(denoising, () => {
    times.firstStepSeconds ??= since();
  });
  times.denoiseSeconds = since();
  clock.begin('decode', Math.ceil(numFrames / decodeChunkSize));
  const { samples } = await finish(decodeSamples(job, { latents, step }));
  times.decodeSeconds = since() - times.denoiseSeconds;
  times.seconds.push(since());
  await networks.release();

  const scale = Math.sqrt((numFrames * size * size) / (latents.length / configs.vae.latent_channels));
  const side = size / scale;
  const out = Float32Array.from(samples.flatMap((sample) => [...sample]));
  const channels = configs.vae.latent_channels;
  const made: Made = {
    latents: { shape: [numFrames, channels, side, side], data: latents },
    out: { shape: [numFrames, 3, size, size], data: out },
  };
  return { made, times };
}

/** Runs a stage to its end. */
async function finish<Progress, Result>(
  stage: AsyncGenerator<Progress, Result>,
  onProgress: () => void = () => {},
): Promise<Result> {
  for (;;) {
    const { value, done } = await stage.next();
    if (done === true) return value;
    onProgress();
  }
}
