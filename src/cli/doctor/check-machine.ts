import { stat } from 'node:fs/promises';
import { availableParallelism, freemem, totalmem } from 'node:os';
import { dirname } from 'node:path';
import type { Config } from '../../config/config.ts';
import { ConfigError } from '../../errors.ts';
import { realDisk } from '../../hub/disk.ts';
import { findModel } from '../../hub/find-model.ts';
import { defaultPrecision } from '../../inference/pipeline/build-network.ts';
import { estimateMemory } from '../../inference/pipeline/estimate-memory.ts';
import { type ModelConfigs, readModelConfigs } from '../../inference/pipeline/load-model.ts';
import { modelInfo } from '../../inference/pipeline/model-info.ts';
import { cardPlanner, decodeLimit, describePlan, evenChunk } from '../../inference/pipeline/plan-for-card.ts';
import type { ProviderName } from '../../inference/pipeline/types.ts';
import { findFfmpeg } from '../../media/ffmpeg-path.ts';
import { listEncoders } from '../../media/run-ffmpeg.ts';
import { formatBytes } from '../../util/format-bytes.ts';
import { type Finding, finding } from './finding.ts';

/** As package.json's `engines` says. */
const oldestNode = { major: 20, minor: 19 } as const;

/** Jobs, pictures and logs need little; a full disk breaks the store. */
const diskLimits = { noteBytes: 2 ** 30, failBytes: 100 * 2 ** 20 } as const;

/** The Node that runs this. */
export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isNew = major > oldestNode.major || (major === oldestNode.major && minor >= oldestNode.minor);
  const text = `${version} on ${process.platform} ${process.arch}, ${availableParallelism()} threads`;
  if (isNew) return { check: 'node', verdict: 'ok', text, facts: { version } };
  const wanted = `${oldestNode.major}.${oldestNode.minor} or newer is needed`;
  return { check: 'node', verdict: 'fails', text: `${text}: ${wanted}`, facts: { version } };
}

/** What {@link checkMemory} looks at. */
interface MemoryCheckOptions {
  /** What the bot would take. */
  provider: Exclude<ProviderName, 'auto'>;
  environment: Readonly<Record<string, string | undefined>>;
  /** Of the card that CUDA takes; undefined: there is none, or it is not known. */
  cardBytes: number | undefined;
  /** Default: the real one. */
  estimate?: typeof estimateMemory | undefined;
}

/** What a clip of the model's own size takes in the configured mode, against what the machine or its card has. */
export function checkMemory(
  { modelDir, execution }: Pick<Config, 'modelDir' | 'execution'>,
  { provider, environment, cardBytes, estimate = estimateMemory }: MemoryCheckOptions,
): Promise<Finding> {
  return finding('memory', async () => {
    const configs = await readModelConfigs(await findModel(modelDir, { environment }));
    if (provider === 'cuda' && cardBytes !== undefined) return cardFinding(configs, execution, cardBytes);
    const { guidanceBatch } = execution;
    const stages = Object.values(await estimate(configs, modelInfo(configs).defaults, { provider, guidanceBatch }));
    const mode = execution.memoryMode ?? 'model-offload';
    const isMapped = provider === 'cpu' && execution.cpuMemory === 'mmap';
    const neededBytes = Math.max(
      ...stages.map(({ [mode]: cost }) => cost.activationBytes + (isMapped ? 0 : cost.weightBytes)),
    );
    const [freeBytes, totalBytes] = [freemem(), totalmem()];
    const facts = { neededBytes, freeBytes, totalBytes, mode };
    const machine = `${formatBytes(freeBytes)} of ${formatBytes(totalBytes)} are free`;
    const clip = `a clip takes about ${formatBytes(neededBytes)} (MEMORY_MODE=${mode})`;
    if (provider !== 'cpu') return { verdict: 'ok', text: `${clip}, most of it on the GPU; here ${machine}`, facts };
    const advice = 'MEMORY_MODE=sequential-offload, CPU_MEMORY=mmap or a smaller clip take less';
    if (neededBytes > totalBytes) return { verdict: 'fails', text: `${clip}, but ${machine}: ${advice}`, facts };
    if (neededBytes > freeBytes) return { verdict: 'note', text: `${clip}, but ${machine}: ${advice}`, facts };
    return { verdict: 'ok', text: `${machine}; ${clip}`, facts };
  });
}

/** How the bot would run the model on the card, as the render process decides it. */
async function cardFinding(
  configs: ModelConfigs,
  execution: Config['execution'],
  cardBytes: number,
): Promise<Omit<Finding, 'check'>> {
  const { precision = defaultPrecision('cuda'), cudaGraph } = execution;
  const target = { provider: 'cuda', precision, cudaGraph } as const;
  const { defaults } = modelInfo(configs);
  const plan = await cardPlanner(configs, defaults, { target, chosen: execution })(cardBytes);
  const most = await decodeLimit(configs, defaults, { target, cardBytes });
  const together = evenChunk(defaults.numFrames, defaults.decodeChunkSize, most);
  const { memoryMode, guidanceBatch, neededBytes, fits } = plan;
  const facts = { neededBytes, cardBytes, mode: memoryMode, guidanceBatch, framesDecodedTogether: together };
  const text = `${describePlan(plan, defaults, cardBytes)}; ${together} frames decoded together`;
  return { verdict: fits ? 'ok' : 'note', text, facts };
}

/** Room for the queue and its pictures. */
export function checkDisk(dataDir: string, freeBytesOf = realDisk.freeBytes): Promise<Finding> {
  return finding('disk', async () => {
    const freeBytes = await freeBytesOf(await existingFolder(dataDir));
    const verdict = freeBytes < diskLimits.failBytes ? 'fails' : freeBytes < diskLimits.noteBytes ? 'note' : 'ok';
    return { verdict, text: `${formatBytes(freeBytes)} free for ${dataDir}`, facts: { freeBytes } };
  });
}

/** The folder itself, or the nearest one above it that is there. */
export async function existingFolder(path: string): Promise<string> {
  for (let folder = path; ; folder = dirname(folder)) {
    const found = await stat(folder).catch(() => undefined);
    if (found?.isDirectory()) return folder;
    if (found !== undefined || folder === dirname(folder)) {
      throw new ConfigError('data-dir', `DATA_DIR ${path} cannot be a folder: ${folder} is a file.`);
    }
  }
}

/** Encoders that Kinora writes with; WebP needs none of ffmpeg's. */
const needed = ['libx264', 'gif'] as const;

/** Whether there is an ffmpeg that writes the clips; a frame is encoded to prove it. */
export function checkFfmpeg(
  { ffmpegPath }: Pick<Config, 'ffmpegPath'>,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Finding> {
  return finding('ffmpeg', async () => {
    const path = await findFfmpeg({ configured: ffmpegPath, path: environment.PATH ?? environment.Path });
    const encoders = await listEncoders(path);
    const missing = needed.filter((name) => !encoders.includes(name));
    const facts = { path, encoders: needed.filter((name) => encoders.includes(name)), missing };
    if (missing.length === 0) return { verdict: 'ok', text: `${path}, with ${needed.join(' and ')}`, facts };
    return { verdict: 'note', text: `${path} lacks ${missing.join(', ')}: clips in that form will fail`, facts };
  });
}
