import { UserError } from '../errors.ts';
import { checkFile } from '../media/check-file.ts';
import type { PictureChecker } from '../worker/picture-checker.ts';
import type { BotDependencies } from './app.ts';

/**
 * How the bot looks at pictures: by their first bytes here, then by decoding them elsewhere. Where that process died,
 * which may be the machine's fault, the job is let in: the render, which is tried twice, decides.
 */
export function checkWith(
  checker: Pick<PictureChecker, 'checkBeforeQueueing'>,
  log: BotDependencies['log'],
): BotDependencies['checkPicture'] {
  return async (bytes) => {
    checkFile(bytes);
    try {
      await checker.checkBeforeQueueing(bytes);
    } catch (err) {
      if (err instanceof UserError) throw err;
      log.warn({ err }, 'a picture could not be looked at before it waits');
    }
  };
}
