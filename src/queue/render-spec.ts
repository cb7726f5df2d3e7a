import { InferenceError, UserError } from '../errors.ts';
import { isRenderedBetween, type Job } from '../storage/job.ts';
import type { JobStore } from '../storage/job-store.ts';
import type { RenderSpec } from '../worker/types.ts';
import { stateOf } from '../worker/variation-states.ts';

/**
 * What a stored job asks of the renderer.
 *
 * Rejects with UserError `clip-expired`: it goes on from frames that are not kept any more; `picture-forgotten`: whoever handed
 * the picture in had it deleted
 * Rejects with InferenceError `picture-lost`: the store has lost it
 */
export async function specOf(job: Job, store: JobStore): Promise<RenderSpec> {
  const { id, settings, fit, form, parent, maxBytes } = job;
  const picture = await store.picture(id);
  const isEndNeeded = job.hasEndPicture === true && isRenderedBetween(job);
  const endPicture = isEndNeeded ? await store.endPicture(id) : undefined;
  if (picture === undefined || (isEndNeeded && endPicture === undefined)) throw await pictureGone(id, store);
  const checkpoint = (await store.checkpoint(id)) ?? (await variationOf(job, store));
  const spec = {
    picture,
    ...(endPicture && { endPicture }),
    settings,
    fit,
    maxBytes,
    keepMaster: true,
    ...(form && { form }),
    ...(checkpoint && { checkpoint }),
  };
  if (parent === undefined || parent.use === 'render') return spec;
  const clip = await store.clip(parent.id);
  if (clip?.master === undefined) {
    throw new UserError('clip-expired', `The frames of job ${parent.id} are not kept any more.`);
  }
  const { settings: made, model, provider, extended } = clip;
  // Frames of a seamless loop in another form end with the picture all the same, which is then a last picture like another.
  const wasSeamless = clip.form.loop === 'seamless' && form?.loop !== 'seamless';
  const hasEndPicture = clip.hasEndPicture ?? (wasSeamless ? true : undefined);
  const metadata = {
    settings: made,
    model,
    provider,
    ...(extended && { extended }),
    ...(hasEndPicture && { hasEndPicture }),
  };
  return { ...spec, base: { master: clip.master, use: parent.use, metadata } };
}

/** How far the variation had come that a job goes on from. Without it the job begins anew, and gives the same clip. */
async function variationOf({ parent }: Job, store: JobStore): Promise<Uint8Array | undefined> {
  if (parent?.variation === undefined) return undefined;
  const states = (await store.clip(parent.id))?.master;
  return states && stateOf(states, parent.variation.number);
}

async function pictureGone(id: string, store: JobStore): Promise<Error> {
  if (await store.pictureWasForgotten(id)) {
    return new UserError('picture-forgotten', 'The person who handed the picture in had it deleted.');
  }
  return new InferenceError('picture-lost', `The picture of job ${id} is not in the store.`, { scope: 'job' });
}
