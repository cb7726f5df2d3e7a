import type { BaseClip } from '../settings/clip.ts';
import type { ClipForm, FitName, ShapeName } from '../settings/clip-form.ts';
import type { ImageToVideoSettings } from '../settings/image-to-video.ts';
import type { StyleName } from '../settings/style.ts';
import { type Variation, variationCost } from '../settings/variations.ts';
import type { Size } from '../util/rgb.ts';

/**
 * What can become of a job.
 * `interrupted`: it was running when the process died; it is done again once.
 * `delivering`: the clip is stored and on its way to the requester.
 * `undelivered`: every way to the requester is closed; the clip is kept for them until its retention is over.
 */
export const jobStates = [
  ...(['queued', 'running', 'interrupted', 'delivering', 'undelivered'] as const),
  ...(['done', 'failed', 'cancelled'] as const),
] as const;
type JobState = (typeof jobStates)[number];

/** The states that a job never leaves. */
export type FinalJobState = Extract<JobState, 'done' | 'failed' | 'cancelled'>;

/** What the person chose; what is left out takes the model's defaults. */
export type JobSettings = Partial<ImageToVideoSettings>;

/** What commands and queue need to know of the model: its name, defaults and limits. */
export interface ModelCapabilities {
  name: string;
  defaults: Omit<ImageToVideoSettings, 'seed'>;
  /** How its clips repeat where nobody chooses; left out: they do not. */
  loop?: ClipForm['loop'];
  limits: { maxSteps: number; maxFrames: number };
  /** Networks that redraw a picture first; left out: none. */
  styles?: readonly StyleName[];
  /** Recipes by name: settings that go before the defaults. */
  presets?: Readonly<Record<string, JobSettings>>;
  /**
   * Holds settings, with the model's defaults for what is left out, against what the model can do. Left out: only the
   * renderer knows.
   * @throws UserError what the renderer would refuse
   */
  checkSettings?: (settings: JobSettings) => void;
  /** All settings but the seed that the renderer comes to, shape aside. Left out: defaults stand for what is left out. */
  resolveSettings?: (settings: JobSettings) => ImageToVideoSettings;
  /** The size that a shape comes to for a picture, where the settings' size were `area`. Left out: only the renderer knows. */
  chooseSize?: (shape: ShapeName, picture: Size, area: Size) => Size;
}

/** What can be wanted of a finished clip. */
export const clipChanges = ['again', 'edit', 'end', 'extend', 'loop', 'smooth', 'larger', 'pick'] as const;
export type ClipChange = (typeof clipChanges)[number];

/** The finished job that a job goes on from. */
export interface JobParent {
  id: string;
  /** `render`: the same picture once more; the others take up its frames, which the store must still have. */
  use: 'render' | BaseClip['use'];
  /** What was wanted of it; left out by earlier versions. */
  change?: ClipChange;
  /** The one of its variations that goes on to be a clip. */
  variation?: Variation;
  /** Where its clip is shown. */
  link?: string;
}

/** What decides whether a job is admitted: everything but its picture and where its news goes. */
export interface JobRequest {
  /** Who asked, and who may cancel. */
  userId: string;
  /** Where it was asked; null in direct messages. */
  guildId: string | null;
  settings: JobSettings;
  fit: FitName;
  /** What is left out takes the renderer's defaults. */
  form?: Partial<ClipForm>;
  /** The clip ends with a second picture, which is the job's too. */
  hasEndPicture?: true;
  /** Undefined for a clip made from a picture alone. */
  parent?: JobParent;
  /** The clip must not be larger. */
  maxBytes: number;
  /** How many clips the quota counts it as, where that is not {@link clipCountOf}; not kept with the job. */
  quotaClips?: number;
}

/** A request for a clip with all that it takes to make and deliver it. */
export interface NewJob extends JobRequest {
  /** Where news goes: a JSON value that only the sender understands. */
  address: unknown;
  /** The picture's file as received, or the job whose picture it is once more; that one is then not copied. */
  picture: Uint8Array | { jobId: string };
  /** The picture that the clip ends with, in the same way; left out where {@link JobRequest.hasEndPicture} is. */
  endPicture?: Uint8Array | { jobId: string };
  /** No two jobs have the same, unless the earlier one failed or was cancelled. Left out: any number of such jobs. */
  uniqueKey?: string;
}

/** What of a request says whether the model has to end the clip with a given picture. */
export type BetweenRequest = Pick<JobRequest, 'hasEndPicture' | 'form' | 'parent'>;

/** Whether the model ends the clip with a given picture, its own first one for a seamless loop: twice the work. */
export function isRenderedBetween({ hasEndPicture, form, parent }: BetweenRequest): boolean {
  // Kept frames in another form are not rendered.
  return parent?.use !== 'reencode' && (hasEndPicture === true || form?.loop === 'seamless');
}

/** How many clips a request counts as, for quota and waiting limits. */
export function clipCountOf(request: BetweenRequest): number {
  const weight = isRenderedBetween(request) ? 2 : 1;
  const count = request.form?.variations;
  return count === undefined ? weight : variationClips(weight, { count, picks: 0 });
}

/** How many clips the quota counts a pick as, when so many variations of the same job were picked before. */
export function clipCountOfPick(request: BetweenRequest, { of: count }: Variation, picked: number): number {
  const weight = isRenderedBetween(request) ? 2 : 1;
  return variationClips(weight, { count, picks: picked + 1 }) - variationClips(weight, { count, picks: picked });
}

/**
 * Variations and their picks together, in whole clips: what is rendered, rounded. The first pick is counted with the
 * previews, so that no quota lets somebody look and not choose; when all are picked it is as many clips.
 */
function variationClips(weight: 1 | 2, { count, picks }: { count: number; picks: number }): number {
  return Math.round(weight * variationCost(count, Math.max(1, picks)));
}

/** An accepted request. Its picture stays in the store. */
export interface Job extends Omit<NewJob, 'picture' | 'endPicture' | 'uniqueKey' | 'quotaClips'> {
  /** Eight hexadecimal digits; in logs, in custom ids and in "something broke, id …". */
  id: string;
  state: JobState;
  /** How often rendering was begun. */
  attempts: number;
  createdAtMs: number;
  /** When the clip was ready; left out before. */
  renderedAtMs?: number;
  /** When the job ended; left out before. */
  finishedAtMs?: number;
  /** How often it was begun anew with another seed; left out: never. */
  reseeds?: number;
}

/**
 * How often a job may begin anew with another seed. Each time it drops what was rendered and stays where it is, while others
 * wait, and the quota counts one clip: without an end one person could keep a worker.
 */
export const maxReseeds = 3;

/** Whether another seed makes another clip, and the job has not begun anew too often. */
export function canReseed({ parent, reseeds = 0 }: Pick<Job, 'parent' | 'reseeds'>): boolean {
  // Kept frames are the same with every seed, and a variation was picked for its own.
  return parent?.use !== 'reencode' && parent?.change !== 'pick' && reseeds < maxReseeds;
}
