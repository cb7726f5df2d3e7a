import { describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/run-cli.ts';
import { type Subcommand, subcommands } from '../../src/cli/subcommands.ts';
import { usageError } from '../../src/cli/usage-error.ts';
import { ConfigError, JobCancelledError } from '../../src/errors.ts';
import { createMemoryIo } from '../support/cli-io.ts';

function commandThat(run: Awaited<ReturnType<Subcommand['load']>>['run']): Subcommand[] {
  return [{ name: 'do', description: 'Does it', load: async () => ({ run }) }];
}

const failing = (error: unknown) => commandThat(() => Promise.reject(error));

describe('runCli', () => {
  it('hands the rest of the line to the subcommand and returns its exit code', async () => {
    const io = createMemoryIo();
    const seen: unknown[] = [];
    const table = commandThat(async (argv, given) => {
      seen.push(argv, given);
      return 5;
    });
    expect(await runCli(['do', 'a', '--b'], io, table)).toBe(5);
    expect(seen).toEqual([['a', '--b'], io]);
  });

  it.each([['--help'], ['-h'], ['help']])('%s lists the commands on stdout', async (word) => {
    const io = createMemoryIo();
    expect(await runCli([word], io)).toBe(0);
    for (const { name, description } of subcommands)
      expect(io.out()).toMatch(new RegExp(`^  ${name} +${description}$`, 'm'));
    expect(io.err()).toBe('');
  });

  it('prints its version', async () => {
    const io = createMemoryIo();
    expect(await runCli(['--version'], io)).toBe(0);
    expect(io.out()).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('takes no command for wrong usage', async () => {
    const io = createMemoryIo();
    expect(await runCli([], io)).toBe(2);
    expect(io.out()).toBe('');
    expect(io.err()).toContain('Usage: kinora');
  });

  it('names the commands there are for one that is not', async () => {
    const io = createMemoryIo();
    expect(await runCli(['dance'], io, failing('never'))).toBe(2);
    expect(io.err()).toBe('kinora: there is no command "dance"; the commands are do.\n');
  });

  it.each([
    [usageError('--seed must be a number.'), 2, 'kinora: --seed must be a number.\n'],
    [new ConfigError('c', 'PROVIDER is wrong.'), 1, 'kinora: PROVIDER is wrong.\n'],
    [new JobCancelledError('Interrupted.'), 130, 'kinora: Interrupted.\n'],
    [new TypeError('x is undefined'), 1, 'kinora: x is undefined (LOG_LEVEL=debug shows where)\n'],
    ['just a word', 1, 'kinora: just a word (LOG_LEVEL=debug shows where)\n'],
  ])('tells %o in one line', async (error, exitCode, line) => {
    const io = createMemoryIo();
    expect(await runCli(['do'], io, failing(error))).toBe(exitCode);
    expect(io.err()).toBe(line);
    expect(io.out()).toBe('');
  });

  it('keeps to one line and away from the terminal, whatever a file is called', async () => {
    const io = createMemoryIo();
    await runCli(['do'], io, failing(new ConfigError('c', 'bad \u001b[2Jname\r\nsecond line')));
    expect(io.err()).toBe('kinora: bad [2Jname second line\n');
  });

  it('shows the chain of causes with LOG_LEVEL=debug', async () => {
    const io = createMemoryIo({ environment: { LOG_LEVEL: 'debug' } });
    const cause = new Error('the file ended', { cause: 'a word' });
    await runCli(['do'], io, failing(new ConfigError('c', 'The model is broken.', { cause })));
    expect(io.err()).toMatch(
      /^kinora: The model is broken\.\n {4}at .*\ncaused by: the file ended\n {4}at .*\ncaused by: a word\n$/s,
    );
  });

  it('ends for an error that causes itself', async () => {
    const io = createMemoryIo({ environment: { LOG_LEVEL: 'debug' } });
    const ring = new Error('round');
    ring.cause = ring;
    expect(await runCli(['do'], io, failing(ring))).toBe(1);
  });
});
