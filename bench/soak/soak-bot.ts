import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { readEnvironment } from '../../src/config/environment.ts';
import type { FakeDiscord } from '../../src/fake-discord/types.ts';
import { leaksIn } from '../../test/support/find-leaks.ts';

/** The bot in a process of its own, as `npm start` runs it. Memory and render process are found in Linux' /proc. */
export interface SoakBot {
  memoryMb(): number;
  /** Lines of its log that hold a token, a signed link or a picture. */
  leaks(): readonly string[];
  /** To the process that renders, if there is one. */
  killRenderProcess(signal: 'SIGKILL' | 'SIGSTOP'): void;
  /** Resolves when it is connected to the gateway (again). */
  ready(): Promise<unknown>;
  /** SIGKILL to the bot itself. */
  kill(): void;
  /** SIGTERM; rejects when it does not end well. */
  stop(): Promise<void>;
}

/** Starts it and waits until its commands are there. */
export async function startSoakBot(
  discord: FakeDiscord,
  { modelDir, dataDir }: { modelDir: string; dataDir: string },
): Promise<SoakBot> {
  const connected = () =>
    discord.waitForChange((change) => change.kind === 'gateway' && change.state !== 'closed', { timeoutMs: 120_000 });
  const ready = connected();
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/main.ts', 'bot'], {
    env: {
      PATH: readEnvironment().PATH,
      DISCORD_TOKEN: discord.token,
      DISCORD_API_URL: discord.apiUrl,
      ATTACHMENT_HOSTS: discord.cdnHost,
      MODEL_DIR: modelDir,
      DATA_DIR: dataDir,
      PROVIDER: 'cpu',
      THREADS: '1',
      REACTION_EMOJI: '🎬',
      SHUTDOWN_GRACE_SECONDS: '5',
      STALL_SECONDS: '20',
      CHECKPOINT_SECONDS: '1',
      LOG_LEVEL: 'debug',
      LOG_FORMAT: 'json',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const leaks: string[] = [];
  createInterface(child.stdout).on('line', (line) => void leaks.push(...leaksIn(line, [discord.token])));
  const exit = once(child, 'exit');
  await ready;
  await discord.waitForCommands(['animate'], { timeoutMs: 60_000 });
  const pid = child.pid!;
  return {
    memoryMb: () => Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024),
    leaks: () => leaks,
    killRenderProcess(signal) {
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
      for (const id of children) {
        if (readFileSync(`/proc/${id}/cmdline`, 'utf8').includes('worker/child')) process.kill(Number(id), signal);
      }
    },
    kill: () => void child.kill('SIGKILL'),
    ready: connected,
    async stop() {
      child.kill('SIGTERM');
      const [code] = await exit;
      if (code !== 0) throw new Error(`The bot ended with ${code}.`);
    },
  };
}
