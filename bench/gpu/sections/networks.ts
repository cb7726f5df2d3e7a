import { join } from 'node:path';
import { vaeConfigSchema, vaeScaleFactor } from '../../../src/inference/models/vae-config.ts';
import type { NetworkRequest } from '../../../src/inference/pipeline/build-network.ts';
import { compareFiles, type Difference } from '../../sections/compare.ts';
import { type BenchContext, type GraphForm, graphForms, usualForm } from '../context.ts';
import { ensureModel } from '../model.ts';
import type { NetworkForm, NetworkRun, Performed } from '../tasks.ts';

/** A network's calls, and how far they are from the CPU's in float32. */
export interface ComparedNetwork {
  run: Performed<NetworkRun>;
  difference?: Difference;
}

/** The calls that are compared. */
export const comparedNames = ['image-encoder', 'vae-encoder', 'vae-decoder', 'unet-1', 'unet-2'] as const;
type ComparedName = (typeof comparedNames)[number];

/** What the CPU is called in the results. */
export const referenceForm = 'cpu float32';

/** Where inputs and outputs of a call lie. */
export function filesOf(workDir: string, name: string, form: string): { inputs: string; outputs: string } {
  return {
    inputs: join(workDir, 'inputs', `${name}.safetensors`),
    outputs: join(workDir, 'outputs', `${name}-${form.replaceAll(' ', '-')}.safetensors`),
  };
}

/** The forms that a network is held against the CPU in, by name. */
function comparedForms(context: BenchContext, name: ComparedName): [string, NetworkForm][] {
  const forms = graphForms.map((form): [string, NetworkForm] => [form, usualForm(context, form)]);
  // Where half precision fails, this tells whether it or the form is to blame.
  if (name === 'unet-1' && context.provider !== 'cpu') {
    forms.push(['channels-last float32', { ...usualForm(context, 'channels-last'), precision: 'float32' }]);
  }
  return forms;
}

/** Every network at full size in shapes that the CPU can do: the same inputs on both, in both forms. */
export async function measureNetworks(context: BenchContext): Promise<void> {
  const { results, tools, workDir, modelDir, tell } = context;
  await ensureModel(context);
  for (const name of comparedNames) {
    const request = comparedRequest(context, name);
    const call = (form: string, how: NetworkForm) =>
      tools.perform<'network'>({
        kind: 'network',
        modelDir,
        request,
        ...filesOf(workDir, name, form),
        calls: how.provider === 'cpu' ? 0 : 2,
        ...how,
      });
    tell(`${name} on the CPU`);
    const reference = await results.measure('networks', `${name}, ${referenceForm}`, async () => ({
      run: await call(referenceForm, { provider: 'cpu', precision: 'float32' }),
    }));
    if (reference === undefined) continue;
    for (const [form, how] of comparedForms(context, name)) {
      tell(`${name}, ${form}`);
      await results.measure('networks', `${name}, ${form}`, async (): Promise<ComparedNetwork> => {
        const run = await call(form, how);
        const { outputs } = filesOf(workDir, name, form);
        return { run, difference: await compareFiles(filesOf(workDir, name, referenceForm).outputs, outputs) };
      });
    }
  }
}

function comparedRequest({ sizes }: BenchContext, name: ComparedName): NetworkRequest {
  const { size, unetFrames, decoderFrames } = sizes.compared;
  const latents = latentSize(sizes, { width: size, height: size });
  switch (name) {
    case 'image-encoder':
      return { network: name };
    case 'vae-encoder':
      return { network: name, width: size, height: size };
    case 'vae-decoder':
      return { network: name, frames: decoderFrames, ...latents };
    default:
      return { network: 'unet-step', batch: name === 'unet-2' ? 2 : 1, frames: unetFrames, ...latents };
  }
}

/** Pixels as latents. */
export function latentSize(
  { configs }: BenchContext['sizes'],
  { width, height }: { width: number; height: number },
): { width: number; height: number } {
  const scale = vaeScaleFactor(vaeConfigSchema.parse(configs['vae/config.json']));
  return { width: width / scale, height: height / scale };
}

/** The name of a measure of a form. */
export function inForm(form: GraphForm, what: string): string {
  return `${form}, ${what}`;
}
