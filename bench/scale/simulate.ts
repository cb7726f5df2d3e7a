import { UserError } from '../../src/errors.ts';
import type { OperatorLimits } from '../../src/storage/limits.ts';
import { newJob } from '../../test/support/jobs.ts';
import { median } from '../report/tables.ts';
import { createRandom } from '../soak/random.ts';
import { jainIndex } from './figures.ts';
import { createSimulatedBot, mediaBytes, secondsPerClip } from './simulated-bot.ts';

const users = 10_000;
const guilds = 500;
const dayMs = 86_400_000;

/** So many times more is asked for than can be made: the queue is always full, and fairness matters. */
const overload = 1.5;

/** Who asks most asks so often as this exponent of Zipf's law says: the first 1,000 of 10,000 ask for about 60 %. */
const zipfExponent = 0.8;

/** An interaction's token is of use for a quarter of an hour. */
const tokenMs = 15 * 60_000;

/** What a simulation came to. */
export interface ScaleFigures {
  workers: number;
  /** How much of the virtual day was simulated. */
  virtualHours: number;
  /** Processor time of this process, for that. */
  cpuSeconds: number;
  wallSeconds: number;
  asked: number;
  /** Clips that were begun. */
  begun: number;
  /** News of workers, and requests. */
  events: number;
  /** Clips that waited, on average. */
  meanWaiting: number;
  /** By user, in seconds: of all, and of the tenth of all users who ask most and the half who ask least. */
  waits: { median: number; largest: number; jain: number; most: number; least: number };
  /** Status edits of Discord messages in a second. */
  edits: { mean: number; peak: number };
  /** Everything that counts against Discord's 50 calls in a second. */
  calls: { peak: number };
  /** Between two edits of the message of one clip, in seconds. */
  secondsBetweenEdits: number;
  /** Longest time that one event kept the process busy, in milliseconds. */
  longestTurnMs: number;
  /** Transactions for each clip. */
  commitsPerClip: number;
  /** Growth of the database for each clip, in bytes, without pictures and clips. */
  bytesPerClip: number;
}

/** What {@link simulate} works with. */
export interface SimulationOptions {
  workers: number;
  /** The operator's. */
  limits: Partial<OperatorLimits>;
  /** The simulation ends after so much time of the machine's own clock, or a virtual day. */
  wallSeconds: number;
  /** Clips that wait when it begins, each of another user. */
  backlog: number;
}

/** Ten thousand users ask a bot for more than its workers can make. */
export async function simulate(options: SimulationOptions): Promise<ScaleFigures> {
  const { workers, limits, wallSeconds, backlog } = options;
  const random = createRandom(1);
  const bot = createSimulatedBot({ workers, limits, random });
  const { queue, clock } = bot;
  const drawUser = zipf(users, random);
  const accepted = new Map<string, { user: number; atMs: number }>();
  let asked = 0;

  async function ask(user: number): Promise<void> {
    asked++;
    const guild = user % guilds;
    const userId = `u${user}`;
    const address = {
      applicationId: 'a',
      channelId: `c${guild}`,
      messageId: `m${asked}`,
      userId,
      token: `t${asked}`,
      tokenExpiresAtMs: clock.now() + tokenMs,
      hasChannelRoute: true,
    };
    const atMs = clock.now();
    const request = newJob({ userId, guildId: `g${guild}`, address, picture: Buffer.alloc(mediaBytes, user % 251) });
    try {
      accepted.set((await queue.submit(request)).id, { user, atMs });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    }
  }

  for (let index = 0; index < backlog; index++) await ask(index);
  const gapMs = (secondsPerClip * 1_000) / (workers * overload);
  const askAgain = () =>
    void clock.after(-Math.log(1 - random()) * gapMs, () => {
      void ask(drawUser());
      askAgain();
    });
  askAgain();
  let waitingSum = 0;
  let samples = 0;
  const sample = () =>
    void clock.after(60_000, () => {
      waitingSum += accepted.size - bot.startedAtMs.size;
      samples++;
      sample();
    });
  sample();

  const [beganMs, startedMs, bytesBefore] = [performance.now(), clock.now(), bot.databaseBytes()];
  const [acceptedBefore, askedBefore, newsBefore, begunBefore] = [
    accepted.size,
    asked,
    bot.news(),
    bot.startedAtMs.size,
  ];
  const commitsBefore = bot.commits();
  const cpuBefore = process.cpuUsage();
  let longestTurnMs = 0;
  for (;;) {
    const turnMs = performance.now();
    if (turnMs - beganMs > wallSeconds * 1_000 || !(await bot.clock.step(startedMs + dayMs))) break;
    longestTurnMs = Math.max(longestTurnMs, performance.now() - turnMs);
  }
  const { user: userTime, system } = process.cpuUsage(cpuBefore);
  const virtualMs = clock.now() - startedMs;
  const meanWaiting = samples === 0 ? accepted.size - bot.startedAtMs.size : waitingSum / samples;
  const figures: ScaleFigures = {
    workers,
    virtualHours: virtualMs / 3_600_000,
    cpuSeconds: (userTime + system) / 1e6,
    wallSeconds: (performance.now() - beganMs) / 1_000,
    asked: asked - askedBefore,
    begun: bot.startedAtMs.size - begunBefore,
    events: bot.news() - newsBefore + asked - askedBefore,
    meanWaiting,
    waits: waitsOf(accepted, bot.startedAtMs, startedMs),
    edits: { mean: bot.statusEdits.count() / (virtualMs / 1_000), peak: bot.statusEdits.peak() },
    calls: { peak: bot.calls.peak() },
    secondsBetweenEdits: ((workers + meanWaiting) * virtualMs) / 1_000 / bot.statusEdits.count(),
    longestTurnMs,
    commitsPerClip: (bot.commits() - commitsBefore) / (bot.startedAtMs.size - begunBefore),
    bytesPerClip: (bot.databaseBytes() - bytesBefore) / (accepted.size - acceptedBefore) - 3 * mediaBytes,
  };
  bot.close();
  return figures;
}

/** Draws users, the first the most often. */
function zipf(count: number, random: () => number): () => number {
  const sums: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= count; rank++) {
    sum += rank ** -zipfExponent;
    sums.push(sum);
  }
  return () => {
    const wanted = random() * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** How long users waited for a clip to be begun, each user's mean. */
function waitsOf(
  accepted: ReadonlyMap<string, { user: number; atMs: number }>,
  begun: ReadonlyMap<string, number>,
  sinceMs: number,
) {
  const byUser = new Map<number, number[]>();
  for (const [id, beganMs] of begun) {
    const request = accepted.get(id);
    // Not of the backlog, which came all at once.
    if (request === undefined || request.atMs <= sinceMs) continue;
    const waits = byUser.get(request.user) ?? [];
    waits.push((beganMs - request.atMs) / 1_000);
    byUser.set(request.user, waits);
  }
  const mean = (waits: readonly number[]) => waits.reduce((sum, wait) => sum + wait, 0) / waits.length;
  const means = [...byUser].map(([user, waits]) => ({ user, wait: mean(waits) }));
  const waits = means.map(({ wait }) => wait);
  const of = (isMeant: (user: number) => boolean) =>
    median(means.filter(({ user }) => isMeant(user)).map(({ wait }) => wait));
  return {
    median: median(waits),
    largest: waits.reduce((largest, wait) => Math.max(largest, wait), 0),
    jain: jainIndex(waits),
    most: of((user) => user < users / 10),
    least: of((user) => user >= users / 2),
  };
}
