import type { BenchContext } from './context.ts';
import { type SectionName, sectionNames } from './report.ts';
import { measureClip, measureDemo } from './sections/clip.ts';
import { measureDiffusers } from './sections/diffusers.ts';
import { measureDoctor } from './sections/doctor.ts';
import { measureMachine, requireSameMachine } from './sections/machine.ts';
import { measureNetworks } from './sections/networks.ts';
import { measureDecode, measureProfile, measureStep } from './sections/timing.ts';

const sections: Readonly<Record<SectionName, (context: BenchContext) => Promise<void>>> = {
  machine: measureMachine,
  doctor: measureDoctor,
  demo: measureDemo,
  step: measureStep,
  clip: measureClip,
  decode: measureDecode,
  networks: measureNetworks,
  diffusers: measureDiffusers,
  profile: measureProfile,
};

/** The sections that say what the machine is like: they are measured even where the provider does not work. */
const always: readonly SectionName[] = ['machine', 'doctor'];

/** What is to be measured. */
export interface RunOptions {
  names: readonly SectionName[];
  /** Forgets what these sections measured before. */
  again: boolean;
  /** Called after each section. */
  onSection: () => void;
}

/**
 * Measures the sections that are not whole yet, one after another, each measure kept at once.
 * @returns whether everything was measured
 * @throws Error the results that are kept are of another machine; whatever reason the signal has: what was measured is kept
 */
export async function runSections(context: BenchContext, { names, again, onSection }: RunOptions): Promise<boolean> {
  const { results, provider, tell } = context;
  await requireSameMachine(context);
  if (again) for (const name of names) results.forget(name);
  let works: boolean | undefined;
  for (const name of sectionNames.filter((one) => names.includes(one))) {
    if (results.read(name).isWhole) {
      tell(`${name}: measured before`);
      continue;
    }
    if (!always.includes(name)) {
      works ??= await doesWork(context);
      if (!works) {
        tell(`${provider} does not work here; the doctor's findings say why`);
        onSection();
        // They are to be looked at again once somebody has mended it.
        for (const each of always) results.forget(each);
        break;
      }
    }
    tell(`section ${name}`);
    const startedMs = performance.now();
    await sections[name](context);
    results.finish(name);
    tell(`${name}: ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
    onSection();
  }
  return works !== false && names.every((name) => results.read(name).isWhole);
}

/** Why it does not, if it does not, stands among what failed. */
async function doesWork({ results, tools, provider }: BenchContext): Promise<boolean> {
  results.forget('provider');
  const answer = await results.measure('provider', provider, () =>
    tools.perform<'provider'>({ kind: 'provider', provider }),
  );
  return answer !== undefined;
}
