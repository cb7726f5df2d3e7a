import { type BaseInteraction, type ButtonInteraction, PermissionFlagsBits } from 'discord.js';
import { UserError } from '../errors.ts';
import type { Job } from '../storage/job.ts';
import type { ButtonAction } from './command.ts';

/** The Cancel button: ends a waiting or running job, for the one who asked for it and for moderators. */
export const cancel = {
  action: 'cancel',
  async execute(interaction, jobId, { jobs }) {
    const job = await jobs.find(jobId);
    if (job === undefined) throw new UserError('job-unknown', 'That job is not known.');
    if (!mayCancel(interaction, job)) throw new UserError('not-yours', 'Only requester and moderators can cancel.');
    // The deed first: an acknowledgement that Discord refuses must not let the job run on.
    if ((await jobs.cancel(jobId)) !== 'cancelled') throw new UserError('too-late', 'The job has ended already.');
    await acknowledge(interaction);
  },
} satisfies ButtonAction;

/** Tells Discord that a press was heard. Never rejects: where Discord refuses that, the press's deed counts all the same. */
export async function acknowledge(interaction: ButtonInteraction): Promise<void> {
  await interaction.deferUpdate().catch(() => {});
}

/** Whether somebody may end a job: its requester, and in its guild whoever may delete messages there. */
export function mayCancel(
  interaction: Pick<BaseInteraction, 'user' | 'guildId' | 'memberPermissions'>,
  job: Job,
): boolean {
  if (job.userId === interaction.user.id) return true;
  const isHere = job.guildId !== null && job.guildId === interaction.guildId;
  return isHere && interaction.memberPermissions?.has(PermissionFlagsBits.ManageMessages) === true;
}
