import { type Profile, profileNetwork } from '../profile/profile-network.ts';
import { profileTables } from '../profile/profile-tables.ts';
import { type BenchOptions, saveFigures, tell } from './section.ts';

export interface ProfileFigures {
  tables: { network: string; markdown: string }[];
}

const profiled = [
  { network: 'unet-step', frames: 14, size: 256 },
  { network: 'vae-decoder', frames: 4, size: 256 },
  { network: 'image-encoder', frames: 1, size: 224 },
] as const;

/** Where the time of the three networks that cost most goes. */
export async function measureProfiles({ modelDir, workDir, threads }: BenchOptions): Promise<void> {
  const tables: ProfileFigures['tables'] = [];
  for (const shape of profiled) {
    const profile: Profile = await profileNetwork({ ...shape, modelDir, threads, runs: 1, mapped: false });
    tell(`profile of ${shape.network}: ${profile.secondsPerRun[0]?.toFixed(2)} s`);
    tables.push({ network: shape.network, markdown: profileTables(profile, 15) });
    saveFigures(workDir, 'profiles', { tables });
  }
}
