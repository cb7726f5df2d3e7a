import { isDeepStrictEqual } from 'node:util';
import { afterAll, expect } from 'vitest';
import { type AnimateTools, run } from '../../src/cli/animate.ts';
import type { CliIo } from '../../src/cli/io.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import { type Subcommand, subcommands } from '../../src/cli/subcommands.ts';
import type { Log } from '../../src/util/log.ts';
import { createPictureChecker, type PictureChecker } from '../../src/worker/picture-checker.ts';
import type { Renderer } from '../../src/worker/types.ts';
import { createWorkerPool, type WorkerPoolOptions } from '../../src/worker/worker-pool.ts';

/** `kinora` and its `animate`, with processes that go on from one call to the next. */
export interface KeptCli {
  /** As `runCli` of src/cli. */
  runCli(argv: string[], io: CliIo): Promise<number>;
  /** As `run` of `kinora animate`. */
  animate(argv: string[], io: CliIo): Promise<number>;
}

/** With these, the networks of one tiny clip stay for the next. */
export const keptEnvironment = {
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  PROVIDER: 'cpu',
  THREADS: '1',
  MEMORY_MODE: 'resident',
} as const;

interface Kept {
  options: Omit<WorkerPoolOptions, 'log'>;
  renderer: Renderer;
  /** Where what happens is told just now: by the command that works with it. */
  log: Log;
}

/**
 * The command line for the tests of one file. The real renderer serves all calls that ask for the same model and the same
 * options: to start its process and to load the model is most of what a tiny clip costs. So does the checker of pictures,
 * with the same limits. That a process ends with its command is left to main.test.ts, whose program ends only then; here each
 * command must at least close what it was given.
 */
export function keepRenderers(): KeptCli {
  const all: Kept[] = [];
  const checkers = new Map<string, PictureChecker>();
  afterAll(async () => {
    for (const checker of checkers.values()) checker.close();
    await Promise.all(all.map(({ renderer }) => renderer.close()));
  });

  async function animate(argv: string[], io: CliIo): Promise<number> {
    const open = new Set<object>();
    const tools: AnimateTools = {
      createRenderer({ log, ...options }) {
        const lent = { render: keptFor(all, options, log).renderer.render, close: async () => void open.delete(lent) };
        open.add(lent);
        return lent;
      },
      createChecker(options) {
        const limits = JSON.stringify(options.pictures);
        const checker = checkers.get(limits) ?? createPictureChecker(options);
        checkers.set(limits, checker);
        const lent = { ...checker, close: () => void open.delete(lent) };
        open.add(lent);
        return lent;
      },
    };
    return run(argv, io, tools).finally(() => expect(open.size, 'what the command has not closed').toBe(0));
  }
  const table = subcommands.map(
    (entry): Subcommand => (entry.name === 'animate' ? { ...entry, load: async () => ({ run: animate }) } : entry),
  );
  return { animate, runCli: (argv, io) => runCli(argv, io, table) };
}

function keptFor(all: Kept[], options: Kept['options'], log: Log): Kept {
  const known = all.find((kept) => isDeepStrictEqual(kept.options, options));
  if (known !== undefined) return Object.assign(known, { log });
  const kept: Kept = { options, log, renderer: undefined as unknown as Renderer };
  const relayed: Log = {
    debug: (...words) => kept.log.debug(...words),
    info: (...words) => kept.log.info(...words),
    warn: (...words) => kept.log.warn(...words),
    error: (...words) => kept.log.error(...words),
  };
  kept.renderer = createWorkerPool({ ...options, log: relayed });
  all.push(kept);
  return kept;
}
