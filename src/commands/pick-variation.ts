import { MessageFlags } from 'discord.js';
import { parseButtonId } from '../bot/button-id.ts';
import { pickAction } from '../bot/clip-rows.ts';
import { parseReplyAddress } from '../bot/reply-address.ts';
import { UserError } from '../errors.ts';
import { variationSeeds } from '../settings/variations.ts';
import type { Job } from '../storage/job.ts';
import { pickKey } from '../storage/variations.ts';
import type { ButtonAction } from './command.ts';
import { enqueueFromInteraction } from './enqueue-from-interaction.ts';

/**
 * 1 to 4 under variations: the one with that number goes on to be a clip, as if it had been rendered alone. For who asked
 * for them; each once, unless its clip failed or was cancelled.
 */
export const pickVariation = {
  action: pickAction,
  async execute(interaction, jobId, context) {
    const { jobs, archive } = context;
    const { number = 0 } = parseButtonId(interaction.customId) ?? {};
    const job = await jobs.find(jobId);
    if (job === undefined) throw new UserError('job-unknown', 'That job is not known.');
    if (job.userId !== interaction.user.id) throw new UserError('not-yours', 'Only the requester can pick.');
    const { variations: of = 0, ...form } = job.form ?? {};
    const seed = variationSeeds(job.settings.seed ?? 0, of)[number - 1];
    if (seed === undefined) throw new UserError('action-unknown', `Nothing is known of ${interaction.customId}.`);
    const uniqueKey = pickKey(jobId, number);
    if (await archive.hasUniqueKey(uniqueKey)) throw alreadyPicked(number);
    if (!(await archive.hasFrames(jobId)) || !(await archive.hasPicture(jobId))) {
      throw new UserError('variations-expired', 'The variations are not kept any more.', { details: { number, seed } });
    }
    const isPrivate = interaction.message.flags.has(MessageFlags.Ephemeral);
    const parent: Job['parent'] = {
      id: jobId,
      use: 'render',
      change: 'pick',
      variation: { number, of },
      // Nobody else can follow a link to what is for one person's eyes.
      ...(!isPrivate && { link: interaction.message.url }),
    };
    try {
      await enqueueFromInteraction(interaction, context, {
        isPrivate,
        clipRequest: { settings: { ...job.settings, seed }, fit: job.fit, form, parent },
        picture: async () => ({ jobId, isSpoiler: parseReplyAddress(job.address).isSpoiler }),
        ...(job.hasEndPicture && { endPicture: { jobId } }),
        uniqueKey,
      });
    } catch (error) {
      // Pressed twice at once.
      throw error instanceof UserError && error.code === 'already-asked' ? alreadyPicked(number) : error;
    }
  },
} satisfies ButtonAction;

function alreadyPicked(number: number): UserError {
  return new UserError('variation-picked', `Variation ${number} was picked.`, { details: { number } });
}
