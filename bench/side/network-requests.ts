import type { NetworkRequest } from '../../src/inference/pipeline/build-network.ts';

/** The networks that are measured one by one. */
export const networkNames = ['unet-step', 'unet-conditioning', 'vae-decoder', 'vae-encoder', 'image-encoder'] as const;
export type NetworkName = (typeof networkNames)[number];

/** Pixels per latent of SVD's VAE. */
const scale = 8;

/** A network in the shape that a square clip of `size` pixels asks for. */
export function networkRequest(
  network: NetworkName,
  { frames, size, batch = 1 }: { frames: number; size: number; batch?: number },
): NetworkRequest {
  const latents = { width: size / scale, height: size / scale };
  switch (network) {
    case 'image-encoder':
      return { network };
    case 'vae-encoder':
      return { network, width: size, height: size };
    case 'vae-decoder':
      return { network, frames, ...latents };
    default:
      return { network, batch, frames, ...latents };
  }
}
