import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createJobMessages } from '../../src/bot/job-messages.ts';
import type { MessageSender } from '../../src/bot/message-sender.ts';
import { createAdmission } from '../../src/queue/admission.ts';
import { createLocalEngine } from '../../src/queue/engine/local-engine.ts';
import { createEstimates } from '../../src/queue/estimates.ts';
import { createJobHandler } from '../../src/queue/job-handler.ts';
import { createJobQueue } from '../../src/queue/job-queue.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { guildSettingsSchema } from '../../src/storage/guild-settings.ts';
import type { JobStore } from '../../src/storage/job-store.ts';
import { noLimits, type OperatorLimits } from '../../src/storage/limits.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import { sleep } from '../../src/util/clock.ts';
import type { Renderer } from '../../src/worker/types.ts';
import { tinyModel } from '../../test/support/jobs.ts';
import { makeClip } from '../../test/support/scripted-renderer.ts';
import { createRateMeter } from './figures.ts';
import { createSimulatedClock } from './simulated-clock.ts';

/** Everybody's clip: 25 steps, a minute on average, as of a 24 GB card. */
const steps = 25;
const secondsBefore = 3;
const secondsPerStep = 2;
const secondsAfter = 7;
export const secondsPerClip = secondsBefore + steps * secondsPerStep + secondsAfter;

/** How long Discord takes for an edit, and for one with a clip, in milliseconds. */
const editMs = 150;
const uploadMs = 800;

/** Bytes of every picture, clip and its kept frames: small, since it is the queue that is measured. */
export const mediaBytes = 1_024;

/** Where Linux has it, the store is in memory: waiting for a disk is measured by itself. */
const inMemory = '/dev/shm';

/** The store's methods that commit a transaction. */
const writes: ReadonlySet<string> = new Set([
  'add',
  'claim',
  'heartbeat',
  'keepClip',
  'finish',
  'release',
  'saveCheckpoint',
  'notified',
] as const satisfies readonly (keyof JobStore)[]);

const model = { ...tinyModel, defaults: { ...tinyModel.defaults, numInferenceSteps: steps } };

/** The bot's own queue, store and messages, with simulated workers on one side and a simulated Discord on the other. */
export function createSimulatedBot({
  workers,
  limits,
  random,
}: {
  workers: number;
  limits: Partial<OperatorLimits>;
  random: () => number;
}) {
  const folder = mkdtempSync(join(existsSync(inMemory) ? inMemory : tmpdir(), 'kinora-scale-'));
  const database = openDatabase(folder);
  const clock = createSimulatedClock();
  const log = {
    debug() {},
    info() {},
    warn() {},
    error: (fields: object, text: string) => console.error(text, fields),
  };
  const { store, uses, guildSettings, blocks, estimates: estimateStore } = openStorage(database);
  const statusEdits = createRateMeter();
  const calls = createRateMeter();
  const startedAtMs = new Map<string, number>();
  let news = 0;
  let commits = 0;
  const counted = Object.fromEntries(
    Object.entries(store as unknown as Record<string, (...values: unknown[]) => unknown>).map(([name, method]) => [
      name,
      (...values: unknown[]) => {
        if (writes.has(name)) commits++;
        return method(...values);
      },
    ]),
  ) as unknown as JobStore;
  const heard = () => void news++;

  async function send(kind: 'edit' | 'upload'): Promise<void> {
    calls.add(clock.now());
    if (kind === 'edit') statusEdits.add(clock.now());
    await sleep(clock, kind === 'edit' ? editMs : uploadMs);
  }
  const replies: MessageSender = {
    edit: (_, reply) => send(reply.files === undefined ? 'edit' : 'upload'),
    post: () => send('upload'),
    ping: () => send('upload'),
    direct: () => send('upload'),
    hasToken: () => true,
    whisper: () => send('edit'),
    remove: () => send('edit'),
  };
  const messages = createJobMessages({
    replies,
    shrink: async () => undefined,
    guildSettings: { of: async () => guildSettingsSchema.parse({}) },
    userSettings: { wantsPing: async () => false },
    clock,
    log,
  });
  const engine = createLocalEngine({ log });
  const queue = createJobQueue({
    store: counted,
    estimates: createEstimates({ store: estimateStore, model, provider: 'cpu' }),
    engine,
    listener: {
      ...messages,
      progress(job, progress) {
        if (!startedAtMs.has(job.id)) startedAtMs.set(job.id, clock.now());
        messages.progress(job, progress);
      },
    },
    model,
    clock,
    log,
    random,
    admit: createAdmission({ limits: { ...noLimits, ...limits }, guildSettings, uses, blocks, store, model, clock }),
  });

  const renderer: Pick<Renderer, 'render'> = {
    async render(spec, { signal, onProgress = () => {} } = {}) {
      const speed = 0.8 + 0.4 * random();
      const wait = (seconds: number) => sleep(clock, seconds * 1_000 * speed, signal);
      const tell: typeof onProgress = (progress) => {
        heard();
        onProgress(progress);
      };
      await wait(secondsBefore);
      for (let step = 0; step <= steps; step++) {
        tell({ stage: 'denoise', step, steps, secondsPerStep: step === 0 ? undefined : secondsPerStep * speed });
        if (step < steps) await wait(secondsPerStep);
      }
      tell({ stage: 'decode', step: 1, steps: 1, secondsPerStep: undefined });
      await wait(secondsAfter);
      const bytes = Buffer.alloc(mediaBytes, 1);
      const seconds = { prepare: secondsBefore - 1, 'encode-image': 1, denoise: steps * secondsPerStep };
      const secondsPerStage = { ...seconds, decode: secondsAfter - 1, upscale: 0, 'encode-video': 1 };
      const settings = { ...makeClip(spec).settings, numInferenceSteps: steps };
      return makeClip(spec, { bytes, master: bytes, settings, secondsPerStage });
    },
  };
  for (let index = 1; index <= workers; index++) {
    const handler = createJobHandler({ access: queue.access, renderer, clock, log });
    engine.serve({ name: `device ${index}`, lane: 'render' }, (delivery) => {
      heard();
      return handler(delivery);
    });
  }
  const pragma = (name: string): number => {
    const row = database.prepare(`PRAGMA ${name}`).get() as Record<string, number>;
    return row[name]!;
  };
  return {
    queue,
    clock,
    statusEdits,
    calls,
    /** When each job was begun. */
    startedAtMs,
    /** News of workers so far. */
    news: () => news,
    /** Transactions of the store so far. */
    commits: () => commits,
    databaseBytes: () => pragma('page_count') * pragma('page_size'),
    /** What is under way is left: its timers are never called. */
    close() {
      database.close();
      rmSync(folder, { recursive: true });
    },
  };
}
