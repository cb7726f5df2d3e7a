import { describe, expect, it } from 'vitest';
import type { RunSubcommand } from '../../src/cli/io.ts';
import { runCli, UnreadOutput } from '../../src/cli/run-cli.ts';
import { type Subcommand, subcommands } from '../../src/cli/subcommands.ts';
import { usageError } from '../../src/cli/usage-error.ts';
import { ConfigError, JobCancelledError } from '../../src/errors.ts';
import { createMemoryIo } from '../support/cli-io.ts';

function commandThat(run: RunSubcommand): Subcommand[] {
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

  it.each([
    ['dance', "Unknown command 'dance'. kinora --help tells the usage."],
    ['animat', "Unknown command 'animat' (Did you mean animate?). kinora --help tells the usage."],
    ['animat --help', "Unknown command 'animat' (Did you mean animate?). kinora --help tells the usage."],
    ['help animat', "Unknown command 'animat' (Did you mean animate?). kinora --help tells the usage."],
    ['--bogus', "Unknown option '--bogus'. kinora --help tells the usage."],
    ['model pul', "Unknown command 'pul' (Did you mean pull?). kinora model --help tells the usage."],
    ['help model pul', "Unknown command 'pul' (Did you mean pull?). kinora model --help tells the usage."],
    ['model --bogus', "Unknown option '--bogus'. kinora model --help tells the usage."],
    ['setup rocm', "Unknown command 'rocm'. kinora setup --help tells the usage."],
    [
      'model pull --varient fp16',
      "Unknown option '--varient' (Did you mean --variant?). kinora model pull --help tells",
    ],
    ['model pull --variant fp61', '--variant must be one of fp16, fp32, not "fp61". Did you mean fp16?'],
    ['animate a.png --sampler eulr', ', not "eulr". Did you mean euler?'],
    ['animate a.png --provider cdua', ', not "cdua". Did you mean cuda?'],
    [
      'inspect a.mp4 b.mp4 c.mp4',
      'kinora inspect does not know what to do with "b.mp4". kinora inspect --help tells the',
    ],
    ['animate a.png --output=--json', '--output must name a file'],
  ])('says of "kinora %s" what is wrong with it, and exits with 2', async (words, sentence) => {
    const io = createMemoryIo();
    expect(await runCli(words.split(' '), io)).toBe(2);
    expect(io.err()).toMatch(/^kinora: .*\n$/);
    expect(io.err()).toContain(sentence);
    expect(io.out()).toBe('');
  });

  it.each([
    ['model --help', 'Usage: kinora model <command>'],
    ['help model', 'Usage: kinora model <command>'],
    ['model pull --help', 'Usage: kinora model pull'],
    ['help model pull', '--variant fp16|fp32'],
    ['help animate', '--guidance-max'],
    ['setup -h', 'Download the CUDA libraries'],
  ])('"kinora %s" shows the help text on stdout', async (words, text) => {
    const io = createMemoryIo();
    expect(await runCli(words.split(' '), io)).toBe(0);
    expect(io.out()).toContain(text);
    expect(io.err()).toBe('');
  });

  it('hands on every word after the name of a subcommand, -- and options of its own name included', async () => {
    const seen: string[][] = [];
    const leaves = commandThat(async (argv) => {
      seen.push(argv);
      return 0;
    });
    const table: Subcommand[] = [{ name: 'group', description: '', subcommands: leaves }, ...leaves];
    await runCli(['do', '--version', '--help', '--', '-x.png'], createMemoryIo(), table);
    await runCli(['group', 'do', 'help', '--', '--', '-'], createMemoryIo(), table);
    expect(seen).toEqual([
      ['--version', '--help', '--', '-x.png'],
      ['help', '--', '--', '-'],
    ]);
  });

  it('needs the name of a subcommand in a group', async () => {
    const io = createMemoryIo();
    expect(await runCli(['model'], io)).toBe(2);
    expect(io.out()).toBe('');
    expect(io.err()).toContain('Usage: kinora model');
  });

  it('ends without a word where nobody reads the output any more', async () => {
    const io = createMemoryIo();
    expect(await runCli(['do'], io, failing(new UnreadOutput('closed')))).toBe(141);
    expect(io.err()).toBe('');
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
