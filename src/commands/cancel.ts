import { UserError } from '../errors.ts';
import type { ButtonAction } from './command.ts';

/** The Cancel button: ends a waiting or running job, for the one who asked for it. */
export const cancel = {
  action: 'cancel',
  async execute(interaction, jobId, { jobs }) {
    const job = jobs.find(jobId);
    if (job === undefined) throw new UserError('job-unknown', 'That job is not known.');
    if (job.userId !== interaction.user.id) throw new UserError('not-yours', 'Only the requester can cancel.');
    await interaction.deferUpdate();
    if (jobs.cancel(jobId) !== 'cancelled') throw new UserError('too-late', 'The job has ended already.');
  },
} satisfies ButtonAction;
