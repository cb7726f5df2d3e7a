import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import type { BotConfig } from '../../src/cli/app.ts';
import type { FakeDiscord } from '../../src/fake-discord/types.ts';

/** Moments of a job's life at which the process may kill itself. */
export type DeathPoint =
  | 'answer-broken'
  | 'picture-fetched'
  | 'accepted'
  | 'render-begun'
  | 'rendered'
  | 'upload-broken'
  | 'delivered'
  | 'failed'
  | 'failure-stored'
  | 'resumed';

/** What the process is told when it starts. */
export interface BotProcessOrders {
  config: Omit<BotConfig, 'provider'>;
  /** Renders of this seed and of higher ones wait for `go`. */
  holdFromSeed: number;
  /** Where it kills itself, at which time that it comes there, and whether times before `go` count. */
  dieAt?: { point: DeathPoint; count: number; fromStart: boolean };
}

/** A bot in a process of its own. */
export interface BotProcess {
  /** Lets renders begin. */
  go(): void;
  kill(signal: 'SIGTERM'): void;
  /** Resolves with the signal that ended it, or its exit code. */
  ended: Promise<string | number>;
}

/** Starts the process from a bundle of its fixture, and waits until it is connected, or dead. */
export async function startBotProcess(
  bundled: string,
  { discord, dataDir, ...wishes }: Omit<BotProcessOrders, 'config'> & { discord: FakeDiscord; dataDir: string },
): Promise<BotProcess> {
  const orders: BotProcessOrders = {
    config: {
      discordToken: discord.token,
      discordApiUrl: discord.apiUrl,
      discordCdnUrl: discord.cdnUrl,
      attachmentHosts: [discord.cdnHost],
      maxUploadBytes: 10 * 1024 * 1024,
      dataDir,
      reactionEmoji: '🎬',
    },
    ...wishes,
  };
  const connected = discord.waitForChange((change) => change.kind === 'gateway' && change.state === 'ready', {
    timeoutMs: 300_000,
  });
  const child: ChildProcess = fork(bundled, [JSON.stringify(orders)], { execArgv: [] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'exit').then(([code, signal]) => (signal ?? code) as string | number);
  const ready = connected.then(() => discord.waitForCommands(['animate'], { timeoutMs: 300_000 }));
  ready.catch(() => {});
  await Promise.race([ready, ended]);
  return {
    ended,
    // It may be dead already.
    go: () => void (child.connected && child.send('go', () => {})),
    kill: (signal) => void child.kill(signal),
  };
}
