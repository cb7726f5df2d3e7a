import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import type { BenchContext, BenchTools } from './context.ts';
import { writePack } from './pack/write-pack.ts';
import { renderInPool } from './render-clips.ts';
import { type SectionName, sectionNames, writeReport } from './report.ts';
import { openResults, type Results } from './results.ts';
import { performInChildren } from './run-child.ts';
import { runPython } from './run-python.ts';
import { runSections } from './run-sections.ts';
import type { DemoFigures } from './sections/clip.ts';
import { askDoctor } from './sections/doctor.ts';
import { fullSizes, rehearsalSizes } from './sizes.ts';
import type { BenchProvider } from './tasks.ts';

/** The committed report, which only a run on a card may write. */
const committedReport = fileURLToPath(new URL('../GPU.md', import.meta.url));

const options = {
  sections: { type: 'string', default: sectionNames.join(',') },
  again: { type: 'boolean', default: false },
  provider: { type: 'string', default: 'cuda' },
  work: { type: 'string' },
  model: { type: 'string' },
  output: { type: 'string' },
  collect: { type: 'string' },
  pack: { type: 'string' },
  from: { type: 'string', multiple: true },
  'with-cuda': { type: 'boolean', default: false },
} as const satisfies NonNullable<ParseArgsConfig['options']>;

type Environment = Readonly<Record<string, string | undefined>>;

/** What the command is given besides its words. */
interface MainOptions {
  signal: AbortSignal;
  /** In place of the real ones: tests only. */
  tools?: Partial<BenchTools>;
  /** Tells what is going on; default: on stderr. */
  tell?: (line: string) => void;
}

/**
 * The whole command.
 * @returns the exit code: 1 where something could not be measured
 */
export async function mainOfBench(
  argv: readonly string[],
  environment: Environment,
  { signal, tools: replaced, tell = tellOnStderr }: MainOptions,
): Promise<number> {
  const { values } = parseArgs({ args: [...argv], options });
  if (values.pack !== undefined) {
    await writePack(resolve(values.pack), {
      from: (values.from ?? []).map((path) => resolve(path)),
      withCuda: values['with-cuda'],
      environment,
      signal,
      tell,
    });
    return 0;
  }
  const { provider } = values;
  if (provider !== 'cuda' && provider !== 'cpu') throw new Error(`--provider is cuda or cpu, not ${provider}.`);
  const names = values.sections.split(',').map(sectionName);
  const sizes = provider === 'cuda' ? fullSizes : rehearsalSizes;
  const { collect } = values;
  const workDir = resolve(values.work ?? join('out', provider === 'cuda' ? 'bench-gpu' : 'bench-gpu-rehearsal'));
  const results = openResults(join(workDir, 'results'), { signal, tell });
  const context: BenchContext = {
    provider,
    sizes,
    modelDir: resolve(values.model ?? join(workDir, 'model')),
    workDir,
    results,
    tools: { ...realTools(environment, { provider, signal }), ...replaced },
    environment,
    tell,
  };
  // Neither a rehearsal nor a machine without a card may write what is committed.
  const named = values.output ?? (collect && join(collect, 'GPU.md'));
  const outputNow = () => {
    const isMeasured = provider === 'cuda' && Object.keys(results.read('provider').measures).length > 0;
    return resolve(named ?? (isMeasured ? committedReport : join(workDir, 'GPU.md')));
  };
  const report = () => {
    const output = outputNow();
    mkdirSync(dirname(output), { recursive: true });
    writeFileSync(output, writeReport(results, { provider, sizes }));
    if (collect !== undefined) collectResults(results, resolve(collect));
  };
  const isWhole = await runSections(context, { names, again: values.again, onSection: report });
  tell(`${isWhole ? 'everything was measured' : 'not everything could be measured'}; see ${outputNow()}`);
  return isWhole ? 0 : 1;
}

function tellOnStderr(line: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
}

function realTools(
  environment: Environment,
  { provider, signal }: { provider: BenchProvider; signal: AbortSignal },
): BenchTools {
  return {
    perform: performInChildren(environment, signal),
    renderClips: renderInPool(environment, signal),
    doctor: askDoctor(environment, { provider, signal }),
    python: runPython(environment, signal),
  };
}

/** Puts what was measured into a folder as few files: that of all sections, and the demo model's clip. */
function collectResults(results: Results, folder: string): void {
  const records = Object.fromEntries(sectionNames.map((name) => [name, results.read(name)]));
  writeFileSync(join(folder, 'results.json'), `${JSON.stringify(records, undefined, 1)}\n`);
  const demo = results.read('demo').measures.demo as DemoFigures | undefined;
  if (demo !== undefined && existsSync(demo.file)) copyFileSync(demo.file, join(folder, basename(demo.file)));
}

function sectionName(word: string): SectionName {
  const found = sectionNames.find((name) => name === word);
  if (found === undefined) throw new Error(`There is no section ${word}; there are ${sectionNames.join(', ')}.`);
  return found;
}
