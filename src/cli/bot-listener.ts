import { createJobMessages, type JobMessages } from '../bot/job-messages.ts';
import type { MessageSender } from '../bot/message-sender.ts';
import { type Estimates, seamlessSeconds } from '../queue/estimates.ts';
import type { ModelCapabilities } from '../storage/job.ts';
import type { Repositories } from '../storage/open-storage.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { Metrics } from '../util/metrics.ts';
import { type BotWorker, createShrink } from './bot-parts.ts';

/** What {@link createListener} works with. */
export interface ListenerOptions {
  replies: MessageSender;
  repositories: Pick<Repositories, 'store' | 'guildSettings' | 'userSettings'>;
  workers: readonly BotWorker[];
  estimates: Estimates;
  model: ModelCapabilities;
  /** Who waited longer is mentioned, and whether previews are shown: more than 0. */
  config: { pingAfterMs?: number | undefined; previewSeconds?: number };
  editGapMs: number | undefined;
  clock: Clock;
  log: Log;
  metrics: Metrics;
}

/** The messages of jobs, by what servers and people have chosen. */
export function createListener(options: ListenerOptions): JobMessages {
  const { replies, repositories, workers, estimates, model, config, editGapMs } = options;
  const { clock, log, metrics } = options;
  const { pingAfterMs = Number.POSITIVE_INFINITY, previewSeconds = 0 } = config;
  const { store, guildSettings, userSettings } = repositories;
  return createJobMessages({
    replies,
    shrink: createShrink({ workers, store }),
    clock,
    log,
    metrics,
    ...(editGapMs !== undefined && { editGapMs }),
    isSpoiler: async ({ guildId }) => (await guildSettings.of(guildId)).spoiler,
    wantsPreview: async ({ guildId }) => previewSeconds > 0 && (await guildSettings.of(guildId)).previews,
    seamlessSeconds: (job) => seamlessSeconds(job, { estimates, model }),
    wantsPing: async ({ userId, guildId, createdAtMs }) =>
      clock.now() - createdAtMs > pingAfterMs &&
      (await userSettings.wantsPing(userId)) &&
      (await guildSettings.of(guildId)).ping,
  });
}
