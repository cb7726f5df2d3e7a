import { renameSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { FakeDiscord } from '../../src/fake-discord/types.ts';
import type { Fault } from './faults.ts';
import type { SoakBot } from './soak-bot.ts';

/** How long a fault of the host and an outage last: long enough for several renders to be finished meanwhile. */
const faultMs = 8_000;

/** What {@link localFaults} works with. */
export interface LocalFaultsOptions {
  discord: FakeDiscord;
  modelDir: string;
  bot: () => SoakBot;
  killBot: () => Promise<unknown>;
  startBot: () => Promise<void>;
}

/** All that can go wrong with a bot that makes its clips itself. */
export function localFaults({ discord, modelDir, bot, killBot, startBot }: LocalFaultsOptions): Fault[] {
  const renderProcess = (name: string, signal: 'SIGKILL' | 'SIGSTOP'): Fault => ({
    name,
    isQuiet: true,
    async run() {
      bot().killRenderProcess(signal);
      return { sinceMs: Date.now() };
    },
  });
  return [
    renderProcess('the render process killed', 'SIGKILL'),
    {
      name: `Discord out of reach for ${faultMs / 1000} s`,
      isQuiet: true,
      async run() {
        discord.setOutage('unreachable');
        await delay(faultMs);
        const ready = bot().ready();
        discord.setOutage('none');
        const sinceMs = Date.now();
        await ready;
        return { sinceMs };
      },
    },
    {
      name: `the model folder gone for ${faultMs / 1000} s`,
      isQuiet: true,
      async run() {
        renameSync(modelDir, `${modelDir}-gone`);
        await delay(faultMs);
        renameSync(`${modelDir}-gone`, modelDir);
        return { sinceMs: Date.now() };
      },
    },
    {
      name: 'the bot killed',
      isQuiet: true,
      async run() {
        const sinceMs = Date.now();
        await killBot();
        await startBot();
        return { sinceMs };
      },
    },
    renderProcess('the render process stopped (STALL_SECONDS=20)', 'SIGSTOP'),
  ];
}
