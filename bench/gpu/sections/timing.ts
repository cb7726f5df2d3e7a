import type { NetworkRequest } from '../../../src/inference/pipeline/build-network.ts';
import { type BenchContext, graphForms, usualForm } from '../context.ts';
import { ensureModel } from '../model.ts';
import type { NetworkRun, OperatorTime, Performed } from '../tasks.ts';
import { filesOf, inForm, latentSize } from './networks.ts';

/** The two branches of guidance in one call of the UNet, or in two. */
const guidances = ['batched', 'split'] as const;
export type Guidance = (typeof guidances)[number];

/** What the section keeps for a form and a guidance. */
export type StepFigures = Performed<NetworkRun>;

/** What the section keeps for a form and a chunk. */
export type DecodeFigures = Performed<NetworkRun>;

/** A step of the UNet at the clip's size. */
export function stepRequest({ sizes }: BenchContext, guidance: Guidance): NetworkRequest {
  const { frames } = sizes.clip;
  const batch = guidance === 'batched' ? 2 : 1;
  return { network: 'unet-step', batch, frames, ...latentSize(sizes, sizes.clip) };
}

/** A chunk of frames at the clip's size. */
export function decodeRequest({ sizes }: BenchContext, chunk: number): NetworkRequest {
  return { network: 'vae-decoder', frames: chunk, ...latentSize(sizes, sizes.clip) };
}

/** Seconds of a step and memory, in both forms, with guidance together and apart. */
export async function measureStep(context: BenchContext): Promise<void> {
  const { results, tools, workDir, modelDir, sizes, tell } = context;
  await ensureModel(context);
  for (const form of graphForms) {
    for (const guidance of guidances) {
      const name = inForm(form, guidance);
      tell(`UNet step, ${name}`);
      await results.measure('step', name, () =>
        tools.perform<'network'>({
          kind: 'network',
          modelDir,
          request: stepRequest(context, guidance),
          inputs: filesOf(workDir, `step-${guidance}`, '').inputs,
          calls: sizes.calls.step,
          ...usualForm(context, form),
        }),
      );
    }
  }
}

/** Seconds of decoding and memory, in both forms, by frames at once. */
export async function measureDecode(context: BenchContext): Promise<void> {
  const { results, tools, workDir, modelDir, sizes, tell } = context;
  await ensureModel(context);
  for (const chunk of sizes.decodeChunks) {
    for (const form of graphForms) {
      const name = inForm(form, `${chunk}`);
      tell(`decoder, ${name} frames at once`);
      await results.measure('decode', name, () =>
        tools.perform<'network'>({
          kind: 'network',
          modelDir,
          request: decodeRequest(context, chunk),
          inputs: filesOf(workDir, `decode-${chunk}`, '').inputs,
          calls: sizes.calls.decode,
          ...usualForm(context, form),
        }),
      );
    }
  }
}

/** What the section `profile` keeps for a network and a form. */
export interface ProfileFigures {
  /** Of a call while it is profiled, which slows it down. */
  seconds: number;
  operators: OperatorTime[];
}

/** Where the time goes, by operator. */
export async function measureProfile(context: BenchContext): Promise<void> {
  const { results, tools, workDir, modelDir, sizes, tell } = context;
  await ensureModel(context);
  const { decodeChunk } = sizes.clip;
  const profiled = {
    'UNet step': { request: stepRequest(context, 'batched'), inputs: 'step-batched' },
    decoder: { request: decodeRequest(context, decodeChunk), inputs: `decode-${decodeChunk}` },
  };
  for (const [network, { request, inputs }] of Object.entries(profiled)) {
    for (const form of graphForms) {
      const name = inForm(form, network);
      tell(`profile: ${name}`);
      await results.measure('profile', name, async (): Promise<ProfileFigures> => {
        const { answer } = await tools.perform<'network'>({
          kind: 'network',
          modelDir,
          request,
          inputs: filesOf(workDir, inputs, '').inputs,
          calls: 2,
          profiled: true,
          ...usualForm(context, form),
        });
        return { seconds: Math.min(...answer.seconds), operators: answer.operators ?? [] };
      });
    }
  }
}
