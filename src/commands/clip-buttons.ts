import { randomInt } from 'node:crypto';
import { type ButtonInteraction, MessageFlags, type ModalSubmitInteraction } from 'discord.js';
import { seamlessAction } from '../bot/clip-rows.ts';
import { parseReplyAddress } from '../bot/reply-address.ts';
import { UserError } from '../errors.ts';
import { loopNames } from '../settings/clip-form.ts';
import type { ClipChange, Job, JobParent } from '../storage/job.ts';
import { seedCount } from './animate-options.ts';
import type { ButtonAction, CommandContext } from './command.ts';
import { type ClipRequest, enqueueFromInteraction, type SubmitOptions } from './enqueue-from-interaction.ts';

/** What becomes of a clip's request; what is left out stays. */
export type Change = Partial<Pick<ClipRequest, 'settings' | 'form'>> & Pick<JobParent, 'id' | 'use'>;

/** 🎲: the same again with a new seed; of an extended clip, the part that was new. */
const again = remakeButton('again', (job) => ({
  ...renewed(job),
  settings: { ...job.settings, seed: randomInt(seedCount) },
}));

/** ➕: goes on from the last frame that was rendered; what comes of it repeats as the clip did. */
const extend = remakeButton('extend', (job) => ({
  id: job.id,
  use: 'extend',
  settings: { ...job.settings, seed: randomInt(seedCount) },
}));

/** 🔁: the same frames in the next kind of loop, and after the last kind without one. */
const loop = remakeButton('loop', (job) => {
  // What is made of any clip's frames: a seamless loop is rendered, and has a button of its own.
  const loops = loopNames.filter((name) => name !== 'seamless');
  const current = job.form?.loop ?? 'none';
  const next = current === 'seamless' ? 0 : loops.indexOf(current) + 1;
  return { id: job.id, use: 'reencode', form: { ...job.form, loop: loops[next % loops.length]! } };
});

/** Beside what 🔁 made: the same picture and settings, rendered so that the clip ends as it begins. */
const seamless: ButtonAction = {
  ...remakeButton('loop', (job) => ({ ...renewed(job), form: { ...job.form, loop: 'seamless' } })),
  action: seamlessAction,
};

/** ⬆️: the same frames with others computed in between. */
const smooth = remakeButton('smooth', (job) => {
  if (job.form?.smooth) throw new UserError('already-smooth', 'The clip is smooth already.');
  return { id: job.id, use: 'reencode', form: { ...job.form, smooth: true } };
});

/** 🔎: the same frames, twice as wide and tall, and pressed under that clip four times. */
const larger = remakeButton('larger', (job) => {
  const { upscale } = job.form ?? {};
  if (upscale === '4') throw new UserError('already-largest', 'The clip is as large as it gets.');
  return { id: job.id, use: 'reencode', form: { ...job.form, upscale: upscale === '2' ? '4' : '2' } };
});

/** The buttons that need no form. */
export const clipButtons: readonly ButtonAction[] = [again, extend, loop, seamless, smooth, larger];

function remakeButton(action: ClipChange, change: (job: Job) => Change): ButtonAction {
  return {
    action,
    execute: (interaction, jobId, context) => remake(interaction, { action, jobId, change }, context),
  };
}

/** What a clip is rendered anew from: its picture, or the clip that it went on from. */
export function renewed({ id, parent }: Job): Pick<JobParent, 'id' | 'use'> {
  return parent?.use === 'extend' ? { id: parent.id, use: 'extend' } : { id, use: 'render' };
}

/** What {@link remake} makes. */
export interface Remake {
  action: ClipChange;
  jobId: string;
  change: (job: Job) => Change;
  /** What the clip is to end with instead; left out: what the first one ends with. */
  endPicture?: NonNullable<SubmitOptions['endPicture']>;
}

/**
 * Makes another clip from a finished one: a job like any other, by whoever pressed, with the same limits.
 *
 * @throws UserError `job-unknown`, `clip-expired`, `already-under-way`, and what {@link enqueueFromInteraction} throws
 */
export async function remake(
  interaction: ButtonInteraction | ModalSubmitInteraction,
  { action, jobId, change, endPicture }: Remake,
  context: CommandContext,
): Promise<void> {
  const { jobs, archive } = context;
  const job = await jobs.find(jobId);
  if (job === undefined) throw new UserError('job-unknown', 'That job is not known.');
  const { id, use, ...changes } = change(job);
  // Before the first answer, which a clip would need and a refusal must not leave behind.
  if (!(await archive.hasPicture(jobId)) || (use !== 'render' && !(await archive.hasFrames(id)))) {
    throw new UserError('clip-expired', 'The picture or the frames are not kept any more.');
  }
  // What was for one person's eyes stays so, and nobody else can follow a link to it.
  const isPrivate = interaction.message?.flags.has(MessageFlags.Ephemeral) ?? false;
  const link = isPrivate ? undefined : interaction.message?.url;
  const parent: JobParent = { id, use, change: action, ...(link !== undefined && { link }) };
  if (!['again', 'edit', 'end'].includes(action)) refuseTwice(parent, interaction.user.id, context);
  const { settings, fit, form } = job;
  await enqueueFromInteraction(interaction, context, {
    isPrivate,
    clipRequest: { settings, fit, ...(form && { form }), ...changes, parent },
    picture: async () => ({ jobId, isSpoiler: parseReplyAddress(job.address).isSpoiler }),
    // What goes on from the end picture does not end with it once more.
    ...(job.hasEndPicture && use !== 'extend' && { endPicture: { jobId } }),
    ...(endPicture && { endPicture }),
  });
}

/**
 * Pressed once more while the first press's clip is on its way, these would only make a second one like it.
 * @throws UserError `already-under-way`
 */
function refuseTwice({ id, use, change }: JobParent, userId: string, { jobs }: CommandContext): void {
  const { running, waiting } = jobs.overview();
  const isUnderWay = [...running, ...waiting].some(
    ({ job }) =>
      job.userId === userId && job.parent?.id === id && job.parent.use === use && job.parent.change === change,
  );
  if (isUnderWay) throw new UserError('already-under-way', 'The same was asked for a moment ago.');
}
