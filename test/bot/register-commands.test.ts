import type { REST } from 'discord.js';
import { describe, expect, it } from 'vitest';
import { registerCommands } from '../../src/bot/register-commands.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { createFactStore } from '../../src/storage/facts.ts';
import { createRecordingLog } from '../support/recording-log.ts';
import { tempFolder } from '../support/temp-folder.ts';

describe('registerCommands', () => {
  it('registers what is new, changed or missing, and nothing that Discord has already', async () => {
    let known: { name: string }[] = [];
    let puts = 0;
    const rest = {
      get: async () => known,
      put: async (_route: string, { body }: { body: { name: string }[] }) => {
        puts++;
        known = body;
      },
    } as unknown as REST;
    const facts = createFactStore(openDatabase(tempFolder()));
    const register = (description: string, applicationId = 'app') =>
      registerCommands([{ name: 'animate', description }], { rest, applicationId, facts, log: createRecordingLog() });

    await register('one');
    expect(puts).toBe(1);
    await register('one');
    expect(puts).toBe(1);
    await register('two');
    expect(puts).toBe(2);
    known = [];
    await register('two');
    expect(puts).toBe(3);
    await register('two', 'another app');
    expect(puts).toBe(4);
  });
});
