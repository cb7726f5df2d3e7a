import type { JobStore } from '../storage/job-store.ts';
import type { UserSettingsStore } from '../storage/user-settings.ts';
import type { JobQueue } from './types.ts';

/** What {@link forgetUser} works with. */
export interface ForgetUserOptions {
  jobs: Pick<JobQueue, 'overview' | 'cancel'>;
  store: Pick<JobStore, 'forget'>;
  userSettings: Pick<UserSettingsStore, 'forget'>;
}

/**
 * Ends a user's jobs and deletes what is kept about them: jobs, pictures (from other people's jobs too), clips and
 * settings. Tells how many jobs were deleted, and how many are left because their clip is on its way at this moment. The
 * times of the last day's requests stay until the day is over: deleting one's data lifts no limit.
 */
export async function forgetUser(
  userId: string,
  { jobs, store, userSettings }: ForgetUserOptions,
): Promise<{ deleted: number; left: number }> {
  const { running, waiting } = jobs.overview();
  const own = [...running, ...waiting].filter(({ job }) => job.userId === userId);
  // Stored as ended before what has ended is deleted.
  await Promise.all(own.map(({ job }) => jobs.cancel(job.id)));
  await userSettings.forget(userId);
  return store.forget(userId);
}
