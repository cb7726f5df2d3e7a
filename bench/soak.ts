import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFakeDiscord } from '../src/fake-discord/start-fake-discord.ts';
import { readBooks } from './soak/read-books.ts';
import { type SoakBot, startSoakBot } from './soak/soak-bot.ts';
import { createSoakPeople } from './soak/soak-people.ts';
import { createTroubles } from './soak/troubles.ts';

// `npm run soak [interactions] [seed]`: the whole bot as `npm start` runs it, with real renders of a tiny checkpoint,
// against the local stand-in of Discord: 40 people, every door, cancels, and everything going wrong that may. At the end
// the books are compared with what people saw; whatever is missing or there twice makes the exit code 1.

const [interactions = 200, seed = 1] = process.argv.slice(2).map(Number);

/** Jobs and other presses under way at once: the queue is never empty, and never turns everybody away. */
const underWayAtOnce = 12;

const folder = mkdtempSync(join(tmpdir(), 'kinora-soak-'));
const modelDir = join(folder, 'model');
const dataDir = join(folder, 'data');
cpSync('test/golden/models/tiny-a', modelDir, { recursive: true });
const proposals = { name: 'tiny', width: 24, height: 24, num_frames: 2, num_inference_steps: 2 };
writeFileSync(join(modelDir, 'kinora.json'), JSON.stringify(proposals));

// With the intent, without which reactions bring no pictures.
const discord = await startFakeDiscord({ messageContentIntent: true });
let bot: SoakBot = await startSoakBot(discord, { modelDir, dataDir });
const memoryBeforeMb = bot.memoryMb();
const startedMs = Date.now();
const troubles = createTroubles(discord, seed);
const people = createSoakPeople(discord, { seed, picture: readFileSync('assets/rocket.jpg') });

for (let index = 0; index < interactions; index++) {
  await people.fewerUnderWay(underWayAtOnce);
  await people.act(index);
  troubles.maybe(index, people.jobs());
  if (index % 25 === 24) bot.killRenderProcess();
  if (index === Math.floor(interactions / 2)) {
    // Nobody acts while it is away: an interaction that nobody hears was not accepted.
    await people.answered();
    bot.kill();
    bot = await startSoakBot(discord, { modelDir, dataDir });
  }
  if (index % 10 === 9) console.log(`${index + 1} of ${interactions} · ${people.summary()}`);
}
await people.settled();
const memoryAfterMb = bot.memoryMb();
await bot.stop();

const books = readBooks(dataDir, discord);
const { median, p99, count, unanswered } = people.latencies();
const violations = discord.violations();
await discord.close();
rmSync(folder, { recursive: true });

console.log(`
${interactions} interactions of 40 people (seed ${seed}) in ${Math.round((Date.now() - startedMs) / 1000)} s
doors           ${people.doorsUsed()}
trouble         ${troubles.summary()}, render process killed ${Math.floor(interactions / 25)} times, bot killed once
accepted        ${books.accepted}
delivered       ${books.delivered}
failed          ${books.failed} (each explained)
cancelled       ${books.cancelled}
lost            ${books.lost.length}${books.lost.map((line) => `\n  ${line}`).join('')}
twice           ${books.twice.length}${books.twice.map((line) => `\n  ${line}`).join('')}
acknowledgement p50 ${median} ms, p99 ${p99} ms of ${count} while renders run; ${unanswered} unanswered
machine         ${cpus().length} processors, load average ${loadavg()
  .map((load) => load.toFixed(1))
  .join(' ')}
memory          ${memoryBeforeMb} MB before, ${memoryAfterMb} MB after (the bot's process)
violations      ${violations.length}${violations.map((line) => `\n  ${line}`).join('')}`);

const isSound = books.lost.length + books.twice.length + violations.length + unanswered === 0;
process.exitCode = isSound ? 0 : 1;
