import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { readEnvironment } from '../../src/config/environment.ts';
import type { FakeDiscord } from '../../src/fake-discord/types.ts';
import { signalRenderProcesses } from '../../test/remote/signal-processes.ts';

/** The bot in a process of its own, as `npm start` runs it. Memory and render process are found in Linux' /proc. */
export interface SoakBot {
  memoryMb(): number;
  /** To the process that renders, if there is one. */
  killRenderProcess(signal: 'SIGKILL' | 'SIGSTOP'): void;
  /** Resolves when it is connected to the gateway (again). */
  ready(): Promise<unknown>;
  /** SIGKILL to the bot itself; resolves when it has ended. */
  kill(): Promise<unknown>;
  /** SIGTERM; rejects when it does not end well. */
  stop(): Promise<void>;
}

/** What {@link startSoakBot} works with. */
export interface SoakBotOptions {
  modelDir: string;
  dataDir: string;
  /** What else the operator set. */
  environment: Readonly<Record<string, string>>;
  /** Hears every line of its log. */
  onLine: (line: string) => void;
}

/** Starts it and waits until its commands are there. */
export async function startSoakBot(
  discord: FakeDiscord,
  { modelDir, dataDir, environment, onLine }: SoakBotOptions,
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
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  createInterface(child.stdout).on('line', onLine);
  const exit = once(child, 'exit');
  await ready;
  await discord.waitForCommands(['animate'], { timeoutMs: 60_000 });
  const pid = child.pid!;
  return {
    memoryMb: () => Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024),
    killRenderProcess: (signal) => signalRenderProcesses(pid, signal),
    async kill() {
      child.kill('SIGKILL');
      await exit;
    },
    ready: connected,
    async stop() {
      child.kill('SIGTERM');
      const [code] = await exit;
      if (code !== 0) throw new Error(`The bot ended with ${code}.`);
    },
  };
}
