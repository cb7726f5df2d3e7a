/**
 * `npx tsx bench/scale.ts [--share 1]`: how far one bot goes. Its own queue, store and messages, with 1 to 256
 * simulated workers and 10,000 users who ask for more than can be made; then with thousands of clips that wait. Takes about
 * three minutes; each row ends after its seconds, times `--share`, or a virtual day. Writes its part of bench/RESULTS.md.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openDatabase } from '../src/storage/database.ts';
import { createFactStore } from '../src/storage/facts.ts';
import { writePart } from './report/keep-parts.ts';
import { machine } from './report/machine.ts';
import { type ScaleReport, scalePart } from './report/scale-report.ts';
import { median } from './report/tables.ts';
import { simulate } from './scale/simulate.ts';
import { tell } from './sections/section.ts';

/** The bot's own limits where an operator sets none. */
const defaultLimits = { maxWaitingPerUser: 3, maxWaitingPerGuild: 30, maxWaitingTotal: 100 };

const { values } = parseArgs({
  options: { share: { type: 'string', default: '1' } },
});
const share = Number(values.share);

/** Workers, and the seconds of their row: the more workers, the more happens in a virtual minute. */
const workerRows = [
  [1, 25],
  [4, 20],
  [16, 20],
  [64, 25],
  [256, 35],
] as const;
const backlogSeconds = 8;

/** The median time that one transaction takes on this machine's disk, in milliseconds. */
async function commitMs(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'kinora-commit-'));
  const database = openDatabase(folder);
  const facts = createFactStore(database);
  const times: number[] = [];
  for (let index = 0; index < 100; index++) {
    const beganMs = performance.now();
    await facts.set('bench', String(index));
    times.push(performance.now() - beganMs);
  }
  database.close();
  rmSync(folder, { recursive: true });
  return median(times);
}

const report: ScaleReport = {
  machine: machine(),
  load: loadavg()[0] ?? 0,
  commitMs: await commitMs(),
  rows: [],
  backlogs: [],
};
// Loads and compiles everything once.
await simulate({ workers: 4, limits: defaultLimits, backlog: 20, wallSeconds: 3 });
for (const [workers, seconds] of workerRows) {
  const figures = await simulate({ workers, limits: defaultLimits, backlog: 100, wallSeconds: seconds * share });
  report.rows.push(figures);
  tell(`${workers} workers: ${figures.virtualHours.toFixed(2)} virtual hours in ${figures.cpuSeconds.toFixed(1)} s`);
}
for (const waiting of [100, 500, 1_000]) {
  const figures = await simulate({ workers: 16, limits: {}, backlog: waiting, wallSeconds: backlogSeconds * share });
  report.backlogs.push(figures);
  tell(
    `${waiting} clips wait: ${((1_000 * figures.cpuSeconds) / figures.events).toFixed(2)} ms of the processor an event`,
  );
}
writePart('scale', scalePart(report));
