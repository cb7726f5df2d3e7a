import { InferenceError, UserError } from '../errors.ts';
import type { Clip, Renderer, RenderProgress, RenderSpec } from '../render/types.ts';
import type { Log } from '../util/log.ts';
import type { Job } from './job.ts';
import type { JobStore } from './job-store.ts';

/** A job that breaks the render process this often is given up: its picture or the machine cannot do it. */
const maxAttempts = 2;

/** What {@link renderJob} works with. */
export interface RenderJobOptions {
  store: JobStore;
  renderer: Pick<Renderer, 'render'>;
  log: Log;
  signal: AbortSignal;
  onProgress: (progress: RenderProgress) => void;
}

/** Whether a job may be begun once more. */
export function hasAttemptLeft(job: Job): boolean {
  return job.attempts < maxAttempts;
}

/**
 * Renders a stored job; once more when the render process died under it.
 *
 * @throws what `Renderer.render` throws
 */
export async function renderJob(
  id: string,
  { store, renderer, log, signal, onProgress }: RenderJobOptions,
): Promise<Clip> {
  for (;;) {
    const job = store.start(id);
    try {
      return await renderer.render(specOf(job, store), { signal, onProgress });
    } catch (error) {
      if (!didProcessBreak(error) || !hasAttemptLeft(job) || signal.aborted) throw error;
      log.warn({ jobId: id, attempt: job.attempts, err: error }, 'rendering broke; trying once more');
    }
  }
}

/**
 * What a stored job asks of the renderer.
 *
 * @throws UserError `clip-expired`: it goes on from frames that are not kept any more
 */
function specOf({ id, settings, fit, form, parent, maxBytes }: Job, store: JobStore): RenderSpec {
  const picture = store.picture(id);
  if (picture === undefined) throw new InferenceError('picture-lost', `The picture of job ${id} is not in the store.`);
  const spec = { picture, settings, fit, maxBytes, keepMaster: true, ...(form && { form }) };
  if (parent === undefined || parent.use === 'render') return spec;
  const clip = store.clip(parent.id);
  if (clip?.master === undefined) {
    throw new UserError('clip-expired', `The frames of job ${parent.id} are not kept any more.`);
  }
  const made = { settings: clip.settings, model: clip.model, provider: clip.provider };
  return { ...spec, base: { master: clip.master, use: parent.use, made } };
}

/** `render-process-died`, `render-process-start`: bad luck may be over. An error that the process reports comes again. */
function didProcessBreak(error: unknown): boolean {
  return error instanceof InferenceError && error.code.startsWith('render-process-');
}
