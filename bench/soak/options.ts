import { parseArgs } from 'node:util';

/** What is asked for on the command line. */
export interface SoakOptions {
  engine: 'local' | 'bullmq';
  /** Processes that make clips for the bot; with the engine of one host the bot makes them itself. */
  workers: number;
  /** How much people do: interactions of every kind, or as many as bring so many jobs. */
  goal: { what: 'interactions' | 'jobs'; count: number };
  seed: number;
  /** Other work has the machine's processors too: what takes long is told, and does not decide the exit code. */
  isBusy: boolean;
}

export const usage = `npm run soak -- [INTERACTIONS] [SEED] [--engine local|bullmq] [--workers N] [--jobs N] [--busy]

  INTERACTIONS  default 200 with the engine of one host
  SEED          default 1
  --engine      bullmq: the bot makes no clips itself; a Redis and worker processes are started
  --workers     default 3, with bullmq alone
  --jobs        instead of INTERACTIONS: goes on until so many clips were asked for; default 200 with bullmq
  --busy        other work keeps this machine busy: how long answers, ends and dead workers' jobs took is told and decides nothing
`;

/**
 * Reads what stands after `npm run soak --`.
 * @throws Error it makes no sense, with what is wrong
 */
export function readSoakOptions(argv: string[]): SoakOptions {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      engine: { type: 'string' },
      workers: { type: 'string' },
      jobs: { type: 'string' },
      busy: { type: 'boolean', default: false },
    },
  });
  const { engine = 'local' } = values;
  if (engine !== 'local' && engine !== 'bullmq') throw new Error('--engine is local or bullmq.');
  if (positionals.length > 2) throw new Error('There are two numbers at most: INTERACTIONS and SEED.');
  if (engine === 'local' && values.workers !== undefined) throw new Error('--workers goes with --engine bullmq alone.');
  const workers = count('--workers', values.workers ?? '3');
  if (workers < 3) throw new Error('--workers is 3 or more: one is killed, one stands still, one goes on.');
  const [interactions, seed = '1'] = positionals;
  if (interactions !== undefined && values.jobs !== undefined)
    throw new Error('Name INTERACTIONS or --jobs, not both.');
  const isOfJobs = values.jobs !== undefined || (interactions === undefined && engine === 'bullmq');
  return {
    engine,
    workers,
    goal: {
      what: isOfJobs ? 'jobs' : 'interactions',
      count: count('what people do', values.jobs ?? interactions ?? '200'),
    },
    seed: count('SEED', seed),
    isBusy: values.busy,
  };
}

function count(name: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Error(`${name}: ${text} is no whole number above 0.`);
  return number;
}
