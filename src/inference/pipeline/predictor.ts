import { vaeScaleFactor } from '../models/vae-config.ts';
import type { NetworkSession } from '../runtime/session.ts';
import type { Run } from './run.ts';
import { present, withSession } from './use-session.ts';

/** What the picture becomes for the UNet. */
export interface ImageCondition {
  /** CLIP's embedding, [1, 1, cross_attention_dim]. */
  imageEmbeds: Float32Array;
  /** The VAE's, [1, latent_channels, h, w], not scaled. */
  imageLatents: Float32Array;
}

/** The branches of classifier-free guidance; the unconditional one sees neither embedding nor picture. */
export type Branch = 'unconditional' | 'conditional';

/** The UNet, conditioned for one clip. */
export interface Predictor {
  /**
   * @param scaled the noisy latents, scaled for the model, [frames, c, h, w]
   * @returns the prediction of every branch, [branches, frames, c, h, w]
   */
  predict(scaled: Float32Array, timestep: number): Promise<Float32Array>;
  release(): Promise<void>;
}

/** Runs the conditioning graph, once per clip, and loads the UNet for all branches at once or for one at a time. */
export async function openPredictor(
  { configs, networks, settings, guidanceBatch }: Run,
  { imageEmbeds, imageLatents }: ImageCondition,
  branches: readonly Branch[],
): Promise<Predictor> {
  const calls = guidanceBatch === 'together' ? [branches] : branches.map((branch) => [branch]);
  const size = latentSize(configs, settings);
  const sizes = { batch: calls[0]?.length ?? 1, frames: settings.numFrames, ...size };
  const timeIds = [settings.fps - 1, settings.motionBucketId, settings.noiseAugStrength];
  const none = { embeds: new Float32Array(imageEmbeds.length), latents: new Float32Array(imageLatents.length) };

  const conditionings = await withSession(
    networks.open({ network: 'unet-conditioning', ...sizes }),
    async (session) => {
      const results: Record<string, Float32Array>[] = [];
      for (const call of calls) {
        const embeds = call.map((branch) => (branch === 'conditional' ? imageEmbeds : none.embeds));
        const added_time_ids = Float32Array.from(call.flatMap(() => timeIds));
        results.push(await session.run({ encoder_hidden_states: joined(embeds), added_time_ids }));
      }
      return results;
    },
  );

  const session: NetworkSession = await networks.open({ network: 'unet-step', ...sizes });
  return {
    async predict(scaled, timestep) {
      const predictions: Float32Array[] = [];
      for (const [at, call] of calls.entries()) {
        const samples = call.map((branch) =>
          unetSample(scaled, branch === 'conditional' ? imageLatents : none.latents),
        );
        const inputs = { sample: joined(samples), timestep: new Float32Array(call.length).fill(timestep) };
        predictions.push(present((await session.run({ ...conditionings[at], ...inputs })).out_sample));
      }
      return joined(predictions);
    },
    release: () => session.release(),
  };
}

/** A clip's size in latents. */
export function latentSize({ vae }: Run['configs'], { width, height }: Run['settings']) {
  const scale = vaeScaleFactor(vae);
  return { width: width / scale, height: height / scale };
}

/**
 * The UNet's input: per frame, the noisy latents and then the picture's latents.
 * [frames, c, h, w] and [c, h, w] -> [frames, 2c, h, w].
 */
function unetSample(noisy: Float32Array, imageLatents: Float32Array): Float32Array {
  const perFrame = imageLatents.length;
  const out = new Float32Array(noisy.length * 2);
  for (let from = 0; from < noisy.length; from += perFrame) {
    out.set(noisy.subarray(from, from + perFrame), from * 2);
    out.set(imageLatents, from * 2 + perFrame);
  }
  return out;
}

/** Arrays one after another; one alone is not copied. */
function joined(arrays: readonly Float32Array[]): Float32Array {
  const [first, ...rest] = arrays;
  if (first !== undefined && rest.length === 0) return first;
  const out = new Float32Array(arrays.reduce((sum, array) => sum + array.length, 0));
  let at = 0;
  for (const array of arrays) {
    out.set(array, at);
    at += array.length;
  }
  return out;
}
