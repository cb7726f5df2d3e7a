import { UserError } from '../errors.ts';
import { canReseed, maxReseeds } from '../storage/job.ts';
import { acknowledge } from './cancel.ts';
import type { ButtonAction } from './command.ts';

/**
 * 🎲 while a clip is made: it begins anew with another seed, in its place, for the one who asked for it alone. Variations
 * begin anew all of them, from the new seed on.
 */
export const anotherSeed = {
  action: 'another-seed',
  async execute(interaction, jobId, { jobs }) {
    const job = await jobs.find(jobId);
    if (job === undefined) throw new UserError('job-unknown', 'That job is not known.');
    if (job.userId !== interaction.user.id) throw new UserError('requester-only', 'Only the requester can do that.');
    if (!canReseed(job)) {
      throw new UserError('no-other-seed', 'The job may not begin anew.', { details: { limit: maxReseeds } });
    }
    if (!(await jobs.reseed(jobId))) throw new UserError('too-late', 'The job does not run any more.');
    await acknowledge(interaction);
  },
} satisfies ButtonAction;
