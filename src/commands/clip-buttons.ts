import { randomInt } from 'node:crypto';
import { type ButtonInteraction, MessageFlags, type ModalSubmitInteraction } from 'discord.js';
import { UserError } from '../errors.ts';
import { loopNames } from '../settings/clip-form.ts';
import type { Job, JobParent } from '../storage/job.ts';
import { seedCount } from './animate-options.ts';
import type { ButtonAction, CommandContext } from './command.ts';
import { type ClipRequest, enqueueFromInteraction } from './enqueue-from-interaction.ts';

/** What becomes of a clip's request; what is left out stays. */
export type Change = Partial<Pick<ClipRequest, 'settings' | 'form'>> & Pick<JobParent, 'id' | 'use'>;

/** 🎲: the same again with a new seed; of an extended clip, the part that was new. */
const again = remakeButton('again', (job) => ({
  ...renewed(job),
  settings: { ...job.settings, seed: randomInt(seedCount) },
}));

/** ➕: goes on from the last frame. A loop has no end to go on from, so it is opened. */
const extend = remakeButton('extend', (job) => ({
  id: job.id,
  use: 'extend',
  settings: { ...job.settings, seed: randomInt(seedCount) },
  form: { ...job.form, loop: 'none' },
}));

/** 🔁: the same frames in the next kind of loop, and after the last kind without one. */
const loop = remakeButton('loop', (job) => {
  const next = loopNames.indexOf(job.form?.loop ?? 'none') + 1;
  return { id: job.id, use: 'reencode', form: { ...job.form, loop: loopNames[next % loopNames.length]! } };
});

/** ⬆️: the same frames with others computed in between. */
const smooth = remakeButton('smooth', (job) => {
  if (job.form?.smooth) throw new UserError('already-smooth', 'The clip is smooth already.');
  return { id: job.id, use: 'reencode', form: { ...job.form, smooth: true } };
});

/** The buttons that need no form. */
export const clipButtons: readonly ButtonAction[] = [again, extend, loop, smooth];

function remakeButton(action: string, change: (job: Job) => Change): ButtonAction {
  return {
    action,
    execute: (interaction, jobId, context) => remake(interaction, { jobId, change }, context),
  };
}

/** What a clip is rendered anew from: its picture, or the clip that it went on from. */
export function renewed({ id, parent }: Job): Pick<JobParent, 'id' | 'use'> {
  return parent?.use === 'extend' ? { id: parent.id, use: 'extend' } : { id, use: 'render' };
}

/**
 * Makes another clip from a finished one: a job like any other, by whoever pressed, with the same limits.
 *
 * @throws UserError `job-unknown`, `clip-expired`, and what {@link enqueueFromInteraction} throws
 */
export async function remake(
  interaction: ButtonInteraction | ModalSubmitInteraction,
  { jobId, change }: { jobId: string; change: (job: Job) => Change },
  context: CommandContext,
): Promise<void> {
  const { jobs, archive } = context;
  const job = await jobs.find(jobId);
  if (job === undefined) throw new UserError('job-unknown', 'That job is not known.');
  const { id, use, ...changes } = change(job);
  const link = interaction.message?.url;
  const parent: JobParent = { id, use, ...(link !== undefined && { link }) };
  const { settings, fit, form } = job;
  await enqueueFromInteraction(interaction, context, {
    // What was for one person's eyes stays so.
    isPrivate: interaction.message?.flags.has(MessageFlags.Ephemeral) ?? false,
    clipRequest: { settings, fit, ...(form && { form }), ...changes, parent },
    async picture() {
      const isKept = await archive.hasPicture(jobId);
      if (!isKept || (use !== 'render' && (await archive.clip(id))?.master === undefined)) {
        throw new UserError('clip-expired', 'The picture or the frames are not kept any more.');
      }
      return { jobId };
    },
  });
}
