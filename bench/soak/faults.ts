import { markdownTable } from '../report/tables.ts';
import type { JobCounts } from './job-counts.ts';

/** Something that goes wrong with the bot, its workers, or what lies between them. */
export interface Fault {
  name: string;
  /** Nobody acts meanwhile: an interaction that nobody hears was not accepted. */
  isQuiet: boolean;
  /** Waits for jobs that it can happen to. */
  isHungry?: () => boolean;
  /** Resolves when it is over, with the seconds until its jobs went on. */
  run(): Promise<WentOn>;
}

/** `seconds`: measured. `sinceMs`: the next clip tells. Nothing: there is nothing to go on. */
export type WentOn = { seconds: number } | { sinceMs: number } | undefined;

interface FaultRecord {
  name: string;
  /** Ids of the jobs that were under way. */
  jobs: Set<string>;
  seconds?: number;
}

/** What became of each fault. */
export interface FaultRecords {
  /** Makes it happen. */
  suffer(fault: Fault): Promise<void>;
  /** engine × fault × lost × twice × seconds, in Markdown. */
  table(engine: string, counts: JobCounts): string;
}

/** What {@link createFaultRecords} works with. */
export interface FaultRecordsOptions {
  /** Ids of jobs that have not ended. */
  underWay: () => string[];
  /** Resolves with the next clip. */
  nextClip: () => Promise<unknown>;
}

/** No records yet. */
export function createFaultRecords({ underWay, nextClip }: FaultRecordsOptions): FaultRecords {
  const records: FaultRecord[] = [];
  return {
    async suffer(fault) {
      const record: FaultRecord = { name: fault.name, jobs: new Set(underWay()) };
      records.push(record);
      const wentOn = await fault.run();
      for (const id of underWay()) record.jobs.add(id);
      if (wentOn === undefined) return;
      if ('seconds' in wentOn) record.seconds = wentOn.seconds;
      else void nextClip().then(() => (record.seconds = (Date.now() - wentOn.sinceMs) / 1000));
    },
    table(engine, { lost, twice }) {
      const among = (jobs: ReadonlySet<string>, lines: readonly string[]) =>
        lines.filter((line) => jobs.has(line.split(' ')[0]!)).length;
      const head = ['engine', 'fault', 'jobs under way', 'lost', 'twice', 'seconds to go on'];
      const rows = records.map(({ name, jobs, seconds }) => [
        engine,
        name,
        jobs.size,
        among(jobs, lost),
        among(jobs, twice),
        seconds?.toFixed(1) ?? '–',
      ]);
      return markdownTable(head, rows);
    },
  };
}
