import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readEnvironment } from '../../src/config/environment.ts';

describe('readEnvironment', () => {
  const home = process.cwd();
  let folder = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kinora-environment-'));
    process.chdir(folder);
  });
  afterEach(() => {
    process.chdir(home);
    rmSync(folder, { recursive: true });
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  it('merges .env below what is already set, silently and without touching the process', () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    writeFileSync(join(folder, '.env'), 'DISCORD_TOKEN=from-file\nPROVIDER=cpu\n');
    vi.stubEnv('PROVIDER', 'cuda');
    vi.stubEnv('DISCORD_TOKEN', undefined);
    expect(readEnvironment()).toMatchObject({ DISCORD_TOKEN: 'from-file', PROVIDER: 'cuda' });
    expect(process.env.DISCORD_TOKEN).toBeUndefined();
    expect(log).not.toHaveBeenCalled();
  });

  it.each([
    ['UTF-8 with a mark', (text: string) => Buffer.from(`\ufeff${text}`)],
    ['UTF-16 of Windows, with its mark', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['UTF-16 without a mark', (text: string) => Buffer.from(text, 'utf16le')],
    ['UTF-16 in the other order of bytes', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
  ])('reads .env in %s', (_, encode) => {
    writeFileSync(join(folder, '.env'), encode('DISCORD_TOKEN=from-file\r\nREACTION_EMOJI=🎬\r\n'));
    vi.stubEnv('DISCORD_TOKEN', undefined);
    expect(readEnvironment()).toMatchObject({ DISCORD_TOKEN: 'from-file', REACTION_EMOJI: '🎬' });
  });

  it('does without a file', () => {
    vi.stubEnv('PROVIDER', 'cpu');
    expect(readEnvironment().PROVIDER).toBe('cpu');
  });
});
