import { expect, onTestFinished } from 'vitest';
import { type OpenedPlayground, type OpenPlaygroundOptions, openPlayground } from '../../src/cli/open-playground.ts';
import { readConfig } from '../../src/config/config.ts';
import { createPictureChecker } from '../../src/worker/picture-checker.ts';
import type { TinyRenderer } from '../e2e/tiny-renderer.ts';
import { dataFolder } from '../support/data-folder.ts';
import { discordDeviations } from '../support/discord-schemas.ts';
import { createRecordingLog } from '../support/recording-log.ts';
import { stubPage } from './stub-page.ts';

/**
 * Looks at the pictures of all playgrounds of this process but those that ask for their own: its process starts once, and
 * ends after a minute without a picture, or with this one.
 */
const { checkBeforeQueueing } = createPictureChecker({ environment: process.env });

/** For `bot`: the playground's own process looks at its pictures. */
export const ownChecker = { editGapMs: 0 };

/** A playground with the real bot over a tiny model. It ends with the test, or when `whenDone` says; violations fail it. */
export async function playground(
  renderer: TinyRenderer,
  options: Partial<OpenPlaygroundOptions> = {},
  whenDone: (end: () => Promise<void>) => void = onTestFinished,
): Promise<OpenedPlayground & { log: ReturnType<typeof createRecordingLog> }> {
  const log = createRecordingLog();
  const opened = await openPlayground({
    config: readConfig({ MODEL_DIR: renderer.modelDir, PROVIDER: 'cpu' }),
    environment: {},
    page: stubPage,
    dataDir: dataFolder(whenDone),
    log,
    renderer,
    listenAt: { host: '127.0.0.1', port: 0, mustBePort: true },
    // Discord's own limit of calls, and the pause between edits, would only make the tests wait.
    discord: { validate: discordDeviations, rateLimit: { limit: 50, windowSeconds: 1 } },
    bot: { editGapMs: 0, checkPicture: checkBeforeQueueing },
    ...options,
  });
  whenDone(async () => {
    const violations = opened.discord.violations();
    await opened.close();
    expect(violations).toEqual([]);
  });
  return { ...opened, log };
}
