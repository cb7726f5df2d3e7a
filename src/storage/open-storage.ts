import { type BlockStore, createBlockStore } from './blocks.ts';
import { createEstimateStore, type EstimateStore } from './estimate-store.ts';
import { createFactStore, type FactStore } from './facts.ts';
import { createGuildSettings, type GuildSettingsStore } from './guild-settings.ts';
import { createJobStore, type JobStore } from './job-store.ts';
import { type JobObservers, observeJobs } from './observe-jobs.ts';
import type { Database } from './sqlite.ts';
import { createUserSettings, type UserSettingsStore } from './user-settings.ts';
import { createUseStore, type UseStore } from './uses.ts';

/** Everything that outlives the process. */
export interface Repositories {
  store: JobStore;
  uses: UseStore;
  guildSettings: GuildSettingsStore;
  userSettings: UserSettingsStore;
  blocks: BlockStore;
  facts: FactStore;
  estimates: EstimateStore;
}

/** The repositories in an open database. What becomes of jobs is told to `observers`. */
export function openStorage(database: Database, observers?: JobObservers): Repositories {
  return {
    store: createJobStore(database, observers && observeJobs(observers)),
    uses: createUseStore(database),
    guildSettings: createGuildSettings(database),
    userSettings: createUserSettings(database),
    blocks: createBlockStore(database),
    facts: createFactStore(database),
    estimates: createEstimateStore(database),
  };
}
