import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runCli } from '../../src/cli/run-cli.ts';
import { makeTinyModel } from '../e2e/tiny-renderer.ts';
import { createMemoryIo, type MemoryIo } from '../support/cli-io.ts';
import { tempFolder } from '../support/temp-folder.ts';

const modelDir = makeTinyModel();
const timeout = 120_000;

/** Resolves when the command has said where the playground is. */
function address(io: MemoryIo): Promise<string> {
  return new Promise((resolve) => {
    const write = io.stdout.write.bind(io.stdout);
    io.stdout.write = ((text: string) => {
      const url = /http:\/\/\S+/.exec(text)?.[0];
      if (url !== undefined) resolve(url);
      return write(text);
    }) as typeof io.stdout.write;
  });
}

it('serves the page until it is interrupted, and leaves the bot’s data where it was told to', { timeout }, async () => {
  const dataDir = join(tempFolder(), 'kept');
  const abort = new AbortController();
  const io = createMemoryIo({ environment: { PROVIDER: 'cpu', DISCORD_TOKEN: 'not-used' }, signal: abort.signal });
  const opened = address(io);
  const argv = ['playground', '--port', '0', '--no-open', '--model', modelDir, '--data-dir', dataDir];
  const code = runCli(argv, io);
  const url = await Promise.race([opened, code.then((exit) => Promise.reject(new Error(`${exit}: ${io.err()}`)))]);
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  expect(await (await fetch(url)).text()).toContain('/page/main.js');
  expect((await (await fetch(`${url}page/main.js`)).arrayBuffer()).byteLength).toBeGreaterThan(10_000);

  const taken = createMemoryIo();
  expect(await runCli(['playground', '--port', new URL(url).port, '--model', modelDir], taken)).toBe(1);
  expect(taken.err()).toMatch(/^kinora: Port \d+ is taken or not allowed; try --port 0 for any free one\.\n$/);

  abort.abort(new Error('interrupted'));
  expect(await code).toBe(0);
  expect(io.err()).toBe('');
  expect(existsSync(dataDir) && readdirSync(dataDir).length).toBeGreaterThan(0);
  await expect(fetch(url)).rejects.toThrow();
});

it('says what it takes, and what it cannot take', { timeout }, async () => {
  const tell = async (...argv: string[]) => {
    const io = createMemoryIo();
    const code = await runCli(['playground', ...argv], io);
    return [code, io.out() + io.err()];
  };
  expect(await tell('--help')).toEqual([0, expect.stringContaining('--no-open')]);
  expect(await tell('--port', '70000')).toEqual([2, expect.stringContaining('from 0 to 65535')]);
  expect(await tell('--prot', '1')).toEqual([2, expect.stringContaining('kinora playground --help')]);
  expect(await tell('--model', '/nowhere')).toEqual([1, expect.stringContaining('/nowhere')]);
});
