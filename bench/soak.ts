import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startFakeDiscord } from '../src/fake-discord/start-fake-discord.ts';
import { readBooks } from './soak/read-books.ts';
import { type SoakBot, startSoakBot } from './soak/soak-bot.ts';
import { createSoakPeople } from './soak/soak-people.ts';
import { createTroubles } from './soak/troubles.ts';

// `npm run soak [interactions] [seed]`: the whole bot as `npm start` runs it, with real renders of a tiny checkpoint,
// against the local stand-in of Discord: 40 people, every door, cancels, and everything going wrong that may: errors of
// Discord and an outage, a model folder that goes and comes back, a render process that is killed or hangs, a bot that is
// killed. The stand-in keeps Discord's rate limits and strays from the documentation at random. At the end the store is compared with what people saw; whatever is missing or there twice, and memory that grows
// with the number of clips, makes the exit code 1.

const [interactions = 200, seed = 1] = process.argv.slice(2).map(Number);

/** Jobs and other presses under way at once: the queue is never empty, and never turns everybody away. */
const underWayAtOnce = 12;

/** What the bot's process may grow by after its first quarter: about the noise of its garbage collector. */
const allowedGrowthMb = 60;
/** The slowest of a hundred first answers may take so long. */
const longestAcknowledgementMs = 100;
/** How long a fault of the host and an outage last: long enough for several renders to be finished meanwhile. */
const faultMs = 8_000;

const folder = mkdtempSync(join(tmpdir(), 'kinora-soak-'));
const modelDir = join(folder, 'model');
const dataDir = join(folder, 'data');
cpSync('test/golden/models/tiny-a', modelDir, { recursive: true });
const proposals = { name: 'tiny', width: 24, height: 24, num_frames: 2, num_inference_steps: 2 };
writeFileSync(join(modelDir, 'kinora.json'), JSON.stringify(proposals));

// With the intent, without which reactions bring no pictures.
const discord = await startFakeDiscord({ messageContentIntent: true });
let bot: SoakBot = await startSoakBot(discord, { modelDir, dataDir });
let memoryBeforeMb = 0;
const leaks: string[] = [];
discord.setRateLimits('discord');
// All of what it can be told to stray in, also what discord.js cannot parse.
discord.deviate({ seed, rate: 0.1, kinds: ['missing', 'null', 'unknown-field', 'unknown-event', 'unparseable'] });
const startedMs = Date.now();
const troubles = createTroubles(discord, seed);
const people = createSoakPeople(discord, { seed, picture: readFileSync('assets/rocket.jpg') });

/** Nobody acts meanwhile: an interaction that nobody hears was not accepted. */
async function whileNobodyActs(work: () => Promise<void>): Promise<void> {
  await people.answered();
  await work();
}

const atShare = (share: number) => Math.floor(interactions * share);
const events = new Map<number, () => Promise<void>>([
  [atShare(0.2), async () => bot.killRenderProcess('SIGKILL')],
  [
    atShare(0.3),
    () =>
      whileNobodyActs(async () => {
        discord.setOutage('unreachable');
        await delay(faultMs);
        const ready = bot.ready();
        discord.setOutage('none');
        await ready;
      }),
  ],
  [
    atShare(0.45),
    async () => {
      renameSync(modelDir, `${modelDir}-gone`);
      await delay(faultMs);
      renameSync(`${modelDir}-gone`, modelDir);
    },
  ],
  [
    atShare(0.6),
    () =>
      whileNobodyActs(async () => {
        bot.kill();
        leaks.push(...bot.leaks());
        bot = await startSoakBot(discord, { modelDir, dataDir });
        memoryBeforeMb = 0;
      }),
  ],
  [atShare(0.8), async () => bot.killRenderProcess('SIGSTOP')],
]);

for (let index = 0; index < interactions; index++) {
  await people.fewerUnderWay(underWayAtOnce);
  await people.act(index);
  troubles.maybe(index, people.jobs());
  await events.get(index)?.();
  // Of the bot that was started last, once it has met everything once.
  if (index === atShare(0.7)) memoryBeforeMb = bot.memoryMb();
  if (index % 10 === 9) console.log(`${index + 1} of ${interactions} · ${people.summary()}`);
}
await people.settled();
const memoryAfterMb = bot.memoryMb();
await bot.stop();
leaks.push(...bot.leaks());

const books = readBooks(dataDir, discord);
const { median, p99, count, unanswered } = people.latencies();
const violations = discord.violations();
const invalid = invalidRequests();
await discord.close();
rmSync(folder, { recursive: true });

/** What Discord would count as invalid, beyond what was provoked here; a line each. */
function invalidRequests(): string[] {
  let provoked = troubles.expiredTokens();
  return Object.entries(discord.invalidRequests().unprovoked).flatMap(([name, times]) => {
    const isOfToken = name.startsWith('401') && name.includes(':token');
    const excused = isOfToken ? Math.min(provoked, times) : 0;
    provoked -= excused;
    return times > excused ? [`${times - excused} × ${name}`] : [];
  });
}

console.log(`
${interactions} interactions of 40 people (seed ${seed}) in ${Math.round((Date.now() - startedMs) / 1000)} s
doors           ${people.doorsUsed()}
trouble         ${troubles.summary()}, an outage of ${faultMs / 1000} s, the model gone for ${faultMs / 1000} s, render process killed
                once and stopped once, bot killed once
accepted        ${books.accepted}
delivered       ${books.delivered}
failed          ${books.failed} (each explained)
cancelled       ${books.cancelled}
lost            ${books.lost.length}${books.lost.map((line) => `\n  ${line}`).join('')}
twice           ${books.twice.length}${books.twice.map((line) => `\n  ${line}`).join('')}
acknowledgement p50 ${median} ms, p99 ${p99} ms of ${count} while renders run; ${unanswered} unanswered
not seen        ${people.timedOut().length} ends in time${people
  .timedOut()
  .map((line) => `\n  ${line}`)
  .join('')}
machine         ${cpus().length} processors, load average ${loadavg()
  .map((load) => load.toFixed(1))
  .join(' ')}
memory          ${memoryBeforeMb} MB at 70 %, ${memoryAfterMb} MB after (the bot's process; may grow by ${allowedGrowthMb})
leaks           ${leaks.length} lines of the log with a token, a signed link or a picture${leaks.map((line) => `\n  ${line}`).join('')}
invalid         ${invalid.length} requests beyond those provoked${invalid.map((line) => `\n  ${line}`).join('')}
violations      ${violations.length}${violations.map((line) => `\n  ${line}`).join('')}`);

const growthMb = memoryAfterMb - memoryBeforeMb;
const isSound =
  books.lost.length +
    books.twice.length +
    violations.length +
    leaks.length +
    invalid.length +
    unanswered +
    people.timedOut().length ===
    0 &&
  p99 < longestAcknowledgementMs &&
  growthMb < allowedGrowthMb;
process.exitCode = isSound ? 0 : 1;
