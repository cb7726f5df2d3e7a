import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFakeDiscord } from '../src/fake-discord/start-fake-discord.ts';
import { foregroundClock } from '../src/util/clock.ts';
import { leaksIn } from '../test/support/find-leaks.ts';
import { createFaultRecords, type Fault } from './soak/faults.ts';
import { type HostFaults, hostFaults } from './soak/host-faults.ts';
import { countJobs, openStoreView, waitForEnds } from './soak/job-counts.ts';
import { localFaults } from './soak/local-faults.ts';
import { readSoakOptions, usage } from './soak/options.ts';
import { type SoakBot, startSoakBot } from './soak/soak-bot.ts';
import { type SoakHosts, startSoakHosts, workerToken } from './soak/soak-hosts.ts';
import { createSoakPeople } from './soak/soak-people.ts';
import { createTroubles } from './soak/troubles.ts';
import { watchWakeDelays } from './soak/wake-delays.ts';

// `npm run soak` (what it takes: soak/options.ts): the whole bot as `npm start` runs it, with real renders of a tiny
// checkpoint, against the local stand-in of Discord: 40 people, every door, cancels, and everything going wrong that may:
// errors of Discord, and the faults of soak/local-faults.ts, or with workers on other hosts those of soak/host-faults.ts.
// The stand-in keeps Discord's rate limits and strays from the documentation at random. At the end the store is compared
// with what people saw; whatever is missing or there twice, and memory that grows with the number of clips, makes the exit
// code 1.

/** Jobs and other presses under way at once: the queue is never empty, and never turns everybody away. */
const underWayAtOnce = 12;

/** What the bot's process may grow by after its first clips: about the noise of its garbage collector. */
const allowedGrowthMb = 60;
/** The slowest of a hundred first answers may take so long. */
const longestAcknowledgementMs = 100;
/** A job whose worker died, or cannot be heard, is begun elsewhere within this time. */
const longestSecondsToGoOn = 20;
/** The bot brings what it has accepted to an end within this time after people have seen theirs. */
const longestUnfinishedMs = 300_000;

const options = await (async () => readSoakOptions(process.argv.slice(2)))().catch((error: Error) => {
  process.stderr.write(`${error.message}\n\n${usage}`);
  process.exit(2);
});
const { engine, goal, seed } = options;

const folder = mkdtempSync(join(tmpdir(), 'kinora-soak-'));
const modelDir = join(folder, 'model');
const dataDir = join(folder, 'data');
cpSync('test/golden/models/tiny-a', modelDir, { recursive: true });
const proposals = { name: 'tiny', width: 24, height: 24, num_frames: 2, num_inference_steps: 2 };
writeFileSync(join(modelDir, 'kinora.json'), JSON.stringify(proposals));

// With the intent, without which reactions bring no pictures.
const discord = await startFakeDiscord({ messageContentIntent: true });
const stored = openStoreView(dataDir);
const people = createSoakPeople(discord, {
  seed,
  picture: readFileSync('assets/rocket.jpg'),
  stored,
});
const leaks: string[] = [];
let memoryBeforeMb = 0;

/** A line of the log of the bot or of a worker. */
function onLine(line: string): void {
  leaks.push(...leaksIn(line, [discord.token, workerToken]));
  if (!line.includes('"job ended"')) return;
  const { job, state } = JSON.parse(line) as { job: string; state: string };
  people.ended(job, state);
}

const fleet: SoakHosts | undefined =
  engine === 'bullmq' ? await startSoakHosts({ workers: options.workers, modelDir, onLine }) : undefined;
const startAnother = () =>
  startSoakBot(discord, { modelDir, dataDir, environment: fleet?.botEnvironment ?? {}, onLine });
let bot: SoakBot = await startAnother();
const killBot = () => bot.kill();
async function startBot(): Promise<void> {
  bot = await startAnother();
  memoryBeforeMb = 0;
}

discord.setRateLimits('discord');
// All of what it can be told to stray in, also what discord.js cannot parse.
discord.deviate({ seed, rate: 0.1, kinds: ['missing', 'null', 'unknown-field', 'unknown-event', 'unparseable'] });
const startedMs = Date.now();
const watched = watchWakeDelays();
const troubles = createTroubles(discord, seed);
const hostile: HostFaults | undefined = fleet && hostFaults({ fleet, stored, killBot, startBot, spare: people.spare });
const faults: Fault[] = hostile?.faults ?? localFaults({ discord, modelDir, bot: () => bot, killBot, startBot });
const records = createFaultRecords({ underWay: stored.underWay, nextClip: people.nextClip });

async function actOnce(): Promise<void> {
  await people.fewerUnderWay(underWayAtOnce);
  const index = people.done().interactions;
  await people.act(index);
  troubles.maybe(index, people.jobs());
  const done = people.done()[goal.what];
  // Of the bot that was started last, once it has met much of what there is.
  if (memoryBeforeMb === 0 && done >= goal.count * 0.7) memoryBeforeMb = bot.memoryMb();
  if (index % 10 === 9) console.log(`${done} of ${goal.count} ${goal.what} · ${people.summary()}`);
}

async function actUntil(share: number): Promise<void> {
  while (people.done()[goal.what] < Math.floor(goal.count * share)) await actOnce();
}

/** People go on meanwhile: a fault that waits for jobs gets some. */
async function sufferAmongPeople(fault: Fault, share: number): Promise<void> {
  let isOver = false;
  const suffering = records.suffer(fault).finally(() => {
    isOver = true;
  });
  await actUntil(share);
  while (!isOver) {
    if (fault.isHungry?.() && people.jobs().length < underWayAtOnce / 2) await actOnce();
    else await Promise.race([suffering, new Promise((resolve) => setTimeout(resolve, 100))]);
  }
  await suffering;
}

for (const [index, fault] of faults.entries()) {
  const share = (index + 1) / (faults.length + 1);
  console.log(`${Math.round((Date.now() - startedMs) / 1000)} s · ${fault.name}`);
  if (fault.isQuiet) {
    await actUntil(share);
    await people.answered();
    await records.suffer(fault);
  } else await sufferAmongPeople(fault, share);
}
await actUntil(1);
await people.settled();
const wakeDelays = await watched.stop();
const unfinished = await waitForEnds(stored, { clock: foregroundClock, limitMs: longestUnfinishedMs });
const memoryAfterMb = bot.memoryMb();
await bot.stop();
await fleet?.stop();
stored.close();

const ended = countJobs(dataDir, discord);
const { median, p99, count, slow, unanswered } = people.latencies(longestAcknowledgementMs);
const violations = discord.violations();
// What Discord would count as invalid, beyond what was provoked here; a line each.
const invalid = Object.entries(discord.invalidRequests().unprovoked).map(([name, times]) => `${times} × ${name}`);
await discord.close();
rmSync(folder, { recursive: true });

const lines = (all: readonly string[]) => all.map((line) => `\n  ${line}`).join('');
const longest = hostile?.longest();
const load = loadavg().map((each) => each.toFixed(1));
console.log(`
${people.done().interactions} interactions of 40 people (seed ${seed}) in ${Math.round((Date.now() - startedMs) / 1000)} s
engine          ${engine}${fleet ? `, with ${options.workers} workers and a Redis with its append-only file` : ''}
doors           ${people.doorsUsed()}
trouble         ${troubles.summary()}
accepted        ${ended.accepted}
delivered       ${ended.delivered}
failed          ${ended.failed} (each explained)
cancelled       ${ended.cancelled}
not ended       ${unfinished.length} within ${longestUnfinishedMs / 1000} s after all that people saw${lines(ended.unfinished)}
lost            ${ended.lost.length}${lines(ended.lost)}
twice           ${ended.twice.length}${lines(ended.twice)}
previews        ${ended.previews} still to be seen of jobs that have ended
acknowledgement p50 ${median} ms, p99 ${p99} ms of ${count} while renders run; ${unanswered} unanswered${lines(slow)}
not seen        ${people.timedOut().length} ends in time${lines(people.timedOut())}
machine         ${cpus().length} processors (${cpus()[0]?.model.trim()}), load average ${load.join(' ')}; a thread that waits is woken ${wakeDelays.median} ms late (p99 ${wakeDelays.p99})
memory          ${memoryBeforeMb} MB at 70 %, ${memoryAfterMb} MB after (the bot's process; may grow by ${allowedGrowthMb})
leaks           ${leaks.length} lines of the log with a token, a signed link or a picture${lines(leaks)}
invalid         ${invalid.length} requests beyond those provoked${lines(invalid)}
violations      ${violations.length}${lines(violations)}${
  longest
    ? `\nto go on        ${longest.seconds.toFixed(1)} s at most until a dead or silent worker's job was begun elsewhere, of ${longest.count}`
    : ''
}

${records.table(engine, ended)}`);

const isSound =
  ended.unfinished.length +
    ended.lost.length +
    ended.twice.length +
    violations.length +
    leaks.length +
    invalid.length +
    unanswered ===
    0 && memoryAfterMb - memoryBeforeMb < allowedGrowthMb;
// What people saw too late they have seen: else it is lost.
const isQuick =
  people.timedOut().length === 0 && p99 < longestAcknowledgementMs && (longest?.seconds ?? 0) < longestSecondsToGoOn;
process.exitCode = isSound && (isQuick || options.isBusy) ? 0 : 1;
