import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from './describe.ts';

/** What one section has measured so far, as its file holds it. */
interface SectionRecord {
  /** By name, in the order in which they were taken. */
  measures: Record<string, unknown>;
  /** Why a measure could not be taken; it is tried again when the section is run again. */
  failures: Record<string, string>;
  /** Whether the section came to its end with every measure taken. */
  isWhole: boolean;
}

/** The results of all sections, each in a file of its own, which is written anew after every measure. */
export interface Results {
  read(section: string): SectionRecord;
  /**
   * A measure that was kept from an earlier run, or else taken now and kept at once. One that fails is noted, and others go on;
   * an abort is no failure.
   */
  measure<T>(section: string, name: string, take: () => Promise<T>): Promise<T | undefined>;
  /** Marks a section as ended; one with failures is not whole. */
  finish(section: string): void;
  /** Forgets a section. */
  forget(section: string): void;
}

/** Opens the folder of results, which need not be there. */
export function openResults(
  folder: string,
  { signal, tell }: { signal: AbortSignal; tell: (line: string) => void },
): Results {
  const fileOf = (section: string) => join(folder, `${section}.json`);

  function read(section: string): SectionRecord {
    try {
      return JSON.parse(readFileSync(fileOf(section), 'utf8')) as SectionRecord;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
        return { measures: {}, failures: {}, isWhole: false };
      }
      throw new Error(`${fileOf(section)} cannot be read; delete it to measure again.`, { cause: error });
    }
  }

  /** Whole or not at all: a run may be stopped at any moment. */
  function write(section: string, record: SectionRecord): void {
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${fileOf(section)}.new`, `${JSON.stringify(record, undefined, 1)}\n`);
    renameSync(`${fileOf(section)}.new`, fileOf(section));
  }

  return {
    read,
    async measure<T>(section: string, name: string, take: () => Promise<T>) {
      const known = read(section).measures[name];
      if (known !== undefined) return known as T;
      signal.throwIfAborted();
      try {
        const taken = await take();
        const { measures, failures } = read(section);
        const { [name]: _, ...others } = failures;
        write(section, { measures: { ...measures, [name]: taken }, failures: others, isWhole: false });
        return taken;
      } catch (error) {
        signal.throwIfAborted();
        const { measures, failures } = read(section);
        const reason = describe(error);
        write(section, { measures, failures: { ...failures, [name]: reason }, isWhole: false });
        tell(`${name} failed: ${reason}`);
        return undefined;
      }
    },
    finish(section) {
      const record = read(section);
      write(section, { ...record, isWhole: Object.keys(record.failures).length === 0 });
    },
    forget(section) {
      rmSync(fileOf(section), { force: true });
    },
  };
}
