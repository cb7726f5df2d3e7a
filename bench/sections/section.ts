import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What every section of the bench is given. */
export interface BenchOptions {
  /** The full-size model. */
  modelDir: string;
  /** Where inputs, outputs and figures are kept between sections. */
  workDir: string;
  threads: number;
  /** How often each side has its turn. */
  rounds: number;
  /** The networks that are measured anew; undefined: all. */
  cases?: readonly string[] | undefined;
}

/** Keeps a section's figures, so that sections can be run one at a time and reported together. */
export function saveFigures(workDir: string, section: string, figures: object): void {
  mkdirSync(workDir, { recursive: true });
  writeFileSync(join(workDir, `${section}.json`), `${JSON.stringify(figures, undefined, 1)}\n`);
}

/** What was kept, or undefined where the section has not run. */
export function loadFigures<Figures>(workDir: string, section: string): Figures | undefined {
  try {
    return JSON.parse(readFileSync(join(workDir, `${section}.json`), 'utf8')) as Figures;
  } catch {
    return undefined;
  }
}

/** Tells what is being measured. */
export function tell(message: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${message}\n`);
}
