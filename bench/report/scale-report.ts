import type { ScaleFigures } from '../scale/simulate.ts';
import { markdownTable } from './tables.ts';

/** What bench/scale.ts measures. */
export interface ScaleReport {
  machine: string;
  /** Load average over a minute when it began. */
  load: number;
  /** The median time of one transaction on the disk, in milliseconds. */
  commitMs: number;
  /** By number of workers. */
  rows: ScaleFigures[];
  /** By number of clips that wait. */
  backlogs: ScaleFigures[];
}

const perSecond = (count: number, seconds: number) => Math.round(count / seconds).toLocaleString('en');
/** Processor time for each second that passes; 100 %: one core is all there is. */
const busyPercent = ({ cpuSeconds, virtualHours }: ScaleFigures) =>
  ((100 * cpuSeconds) / (virtualHours * 3_600)).toPrecision(2);

/** Its part of bench/RESULTS.md. */
export function scalePart({ machine, load, commitMs, rows, backlogs }: ScaleReport): string {
  const commitsASecond = (row: ScaleFigures) => (row.commitsPerClip * row.begun) / (row.virtualHours * 3_600);
  return `## How far one bot goes

Written by \`npx tsx bench/scale.ts\`: the bot's own queue, store and messages, with simulated workers that take a minute a
clip of 25 steps, a simulated Discord (0.15 s an edit, 0.8 s an upload) and 10,000 users who ask for 1.5 times what can be
made, by Zipf's law with exponent 0.8; limits as they are set where nobody sets any. Measured by itself on ${machine}, load
average ${load.toFixed(1)}; seconds are those of the processor, in one process. Where less than a day stands under "hours", so much of
the virtual day was simulated.

${markdownTable(
  [
    'workers',
    'hours',
    'clips',
    'clips per CPU s',
    'events per CPU s',
    'of a core, %',
    'commits per s',
    'kB a clip',
    'longest turn, ms',
  ],
  rows.map((row) => [
    row.workers,
    row.virtualHours.toPrecision(2),
    row.begun,
    perSecond(row.begun, row.cpuSeconds),
    perSecond(row.events, row.cpuSeconds),
    busyPercent(row),
    commitsASecond(row).toPrecision(2),
    (row.bytesPerClip / 1e3).toFixed(1),
    row.longestTurnMs.toFixed(0),
  ]),
)}

Events are news of a step and requests. A commit takes ${commitMs.toFixed(1)} ms on this machine's disk, during which the bot waits; the
database of the simulation is in memory. kB are those of the database, without pictures, clips and kept states.

Fairness: what each user waits on average until their clips are begun, in seconds, once the queue is full.

${markdownTable(
  [
    'workers',
    'median',
    'largest',
    'largest / median',
    "Jain's index",
    'busiest tenth',
    'quietest half',
    'edits per s',
    'most in a second',
    'all calls, most',
    's between edits',
  ],
  rows.map((row) => [
    row.workers,
    row.waits.median.toFixed(0),
    row.waits.largest.toFixed(0),
    (row.waits.largest / row.waits.median).toFixed(2),
    row.waits.jain.toFixed(3),
    row.waits.most.toFixed(0),
    row.waits.least.toFixed(0),
    row.edits.mean.toFixed(1),
    row.edits.peak,
    row.calls.peak,
    row.secondsBetweenEdits.toFixed(1),
  ]),
)}

Discord takes 50 calls in a second; status edits may take 25 of them. The last column is what one person sees: the time
between two edits of their message.

With 16 workers and no limit on how many clips wait:

${markdownTable(
  ['clips that wait', 'events per CPU s', 'ms an event', 'of a core, %', 'longest turn, ms'],
  backlogs.map((row) => [
    Math.round(row.meanWaiting).toLocaleString('en'),
    perSecond(row.events, row.cpuSeconds),
    ((1_000 * row.cpuSeconds) / row.events).toFixed(2),
    busyPercent(row),
    row.longestTurnMs.toFixed(0),
  ]),
)}`;
}
