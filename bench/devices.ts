/**
 * `npx tsx bench/devices.ts [--models test/golden/models/tiny-a,models/demo] [--clips 12] [--steps 2]`: clips a minute of one,
 * two and three render processes on the CPU, each with its part of the threads (DEVICES=cpu, cpu,cpu and cpu,cpu,cpu), over
 * the bot's own queue, and how long each of four people waits for theirs. Takes a minute or two. Writes its part of
 * bench/RESULTS.md; what it says is in the ratios, since other work on the machine slows all of them.
 */
import { readFileSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { serveLocally } from '../src/cli/bot-parts.ts';
import { createLocalEngine } from '../src/queue/engine/local-engine.ts';
import { createEstimates } from '../src/queue/estimates.ts';
import { createJobQueue } from '../src/queue/job-queue.ts';
import { openDatabase } from '../src/storage/database.ts';
import { openStorage } from '../src/storage/open-storage.ts';
import { foregroundClock } from '../src/util/clock.ts';
import { devicesOf } from '../src/worker/devices.ts';
import { createFleet } from '../src/worker/fleet.ts';
import { newJob, tinyModel } from '../test/support/jobs.ts';
import { writePart } from './report/keep-parts.ts';
import { machine } from './report/machine.ts';
import { markdownTable, median } from './report/tables.ts';
import { tell } from './sections/section.ts';

const { values } = parseArgs({
  options: {
    models: { type: 'string', default: 'test/golden/models/tiny-a,models/demo' },
    clips: { type: 'string', default: '12' },
    steps: { type: 'string', default: '2' },
  },
});
const counts = [1, 2, 3];
const people = 4;
/** Small clips: it is the processes that are compared. */
const size = { width: 128, height: 128, numFrames: 6 };
const clips = Number(values.clips);
const log = { debug() {}, info() {}, warn: console.warn, error: console.error };
const picture = readFileSync('assets/rocket.jpg');

/** Renders `clips` clips of four people; every process has rendered one before. */
async function measure(modelDir: string, processes: number) {
  const folder = join(tmpdir(), `kinora-devices-${process.pid}-${processes}`);
  const database = openDatabase(folder);
  const { store, estimates } = openStorage(database);
  const execution = { provider: 'cpu' } as const;
  const devices = devicesOf({ wanted: Array<'cpu'>(processes).fill('cpu'), execution, gpus: [] });
  const fleet = createFleet(
    {
      modelDir: resolve(modelDir),
      execution,
      environment: process.env,
      log,
      idleSeconds: 60,
      pictures: { from: 'strangers', maxPixels: 25_000_000 },
      loras: undefined,
      ffmpegPath: undefined,
      safety: undefined,
    },
    devices,
  );
  const workers = fleet.members.filter(({ lane }) => lane === 'render');
  let delivered = 0;
  let onDelivered = () => {};
  /** By job, how long it waited until it was begun, in milliseconds. */
  const waits = new Map<string, { userId: string; ms: number }>();
  let failure: unknown;
  const clock = foregroundClock;
  const engine = createLocalEngine({ log });
  const queue = createJobQueue({
    store,
    estimates: createEstimates({ store: estimates, model: tinyModel, provider: 'cpu' }),
    engine,
    listener: {
      waiting() {},
      progress({ id, userId, createdAtMs }) {
        if (!waits.has(id)) waits.set(id, { userId, ms: clock.now() - createdAtMs });
      },
      postponed() {},
      async deliver() {
        delivered++;
        onDelivered();
      },
      async failed(_, error) {
        failure = error;
        onDelivered();
      },
      async cancelled() {},
    },
    model: tinyModel,
    clock,
    log,
  });
  serveLocally(engine, workers, { access: queue.access, clock, log });

  async function renderAll(users: readonly string[]): Promise<void> {
    const wanted = delivered + users.length;
    const done = new Promise<void>((fulfil, reject) => {
      onDelivered = () => {
        if (failure !== undefined) reject(failure);
        else if (delivered === wanted) fulfil();
      };
    });
    for (const [seed, userId] of users.entries()) {
      const settings = { seed, numInferenceSteps: Number(values.steps), ...size };
      await queue.submit(newJob({ userId, picture, settings, maxBytes: 20_000_000 }));
    }
    await done;
  }

  await renderAll(workers.map(({ name }) => name));
  waits.clear();
  // One after another they ask for all of theirs: the first is not to be served before the others come.
  const users = Array.from({ length: clips }, (_, index) => `user ${Math.floor((index * people) / clips)}`);
  const beganMs = performance.now();
  await renderAll(users);
  const seconds = (performance.now() - beganMs) / 1_000;
  await queue.close();
  await fleet.close();
  database.close();
  rmSync(folder, { recursive: true });
  const perUser = [...new Set(users)].map((user) => {
    const own = [...waits.values()].filter(({ userId }) => userId === user);
    return own.reduce((sum, { ms }) => sum + ms, 0) / own.length;
  });
  return { perMinute: (60 * clips) / seconds, unfairness: Math.max(...perUser) / median(perUser) };
}

const rows: (string | number)[][] = [];
const loads = [loadavg()[0] ?? 0];
for (const model of values.models.split(',')) {
  let alone: number | undefined;
  for (const count of counts) {
    const { perMinute, unfairness } = await measure(model, count);
    tell(`${model}, ${count}: ${perMinute.toFixed(1)} clips a minute`);
    alone ??= perMinute;
    rows.push([basename(model), count, perMinute.toFixed(1), (perMinute / alone).toFixed(2), unfairness.toFixed(2)]);
  }
}
loads.push(loadavg()[0] ?? 0);
const head = ['model', 'render processes', 'clips a minute', 'of one process', 'largest wait / median'];
writePart(
  'devices',
  `## Several render processes on one machine

Written by \`npx tsx bench/devices.ts\`: ${clips} clips of ${size.numFrames} frames of ${size.width}×${size.height} in ${values.steps} steps, asked for by
${people} people, each for all of theirs at once, one person after another. The processes share ${availableParallelism()} threads of
${machine()}; load average ${loads.map((load) => load.toFixed(1)).join(' to ')}. The wait is what a person's clips waited on average until they were begun.

${markdownTable(head, rows)}
`,
);
