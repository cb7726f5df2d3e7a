"""`python -m training.check`: what is written into the first weights by hand holds. Takes seconds and needs no pictures."""

import torch

from .motion import FRAMES, pan
from .unet_model import make_unet
from .vae_model import LATENT_CHANNELS, SCALING_FACTOR, bands, decode_stills, make_vae


def smooth(*shape: int) -> torch.Tensor:
    """Random pictures without much fine texture, [*shape] in -1..1."""
    rough = torch.randn(shape[0], shape[1], shape[2] // 8, shape[3] // 8) * 0.4
    return torch.nn.functional.interpolate(rough, size=shape[2:], mode="bicubic").clamp(-1, 1)


def report(what: str, value: float, limit: float) -> None:
    """Print a figure and stop where it is above its limit."""
    print(f"{what}: {value:.2g} (limit {limit:.2g})")
    if not value <= limit:
        raise SystemExit(f"{what} is above its limit")


@torch.no_grad()
def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    pictures = smooth(2, 3, 64, 64)
    vae = make_vae()
    latents = vae.encode(pictures).latent_dist.mode() * SCALING_FACTOR
    report("the encoder against the bands it is meant to compute", float((latents - bands(pictures)).abs().max()), 0.02)
    whole = vae.decode(latents / SCALING_FACTOR, num_frames=2).sample
    report("the decoder without its temporal branches", float((whole - decode_stills(vae, latents)).abs().max()), 1e-4)
    error = whole - pictures
    report("the untrained decoder as an upsampler, mean squared error", float((error**2).mean()), 0.01)

    unet = make_unet()
    still = bands(smooth(6, 3, 32, 64))[:, None].expand(-1, FRAMES, -1, -1, -1)
    noise = torch.randn(6, FRAMES, LATENT_CHANNELS, 8, 16)
    for sigma in (700.0, 100.0, 25.0):  # below that the noise prediction differs from the picture
        inputs = torch.cat([(still + sigma * noise) / (sigma**2 + 1) ** 0.5, still / SCALING_FACTOR], 2)
        level = torch.full((6,), 0.25) * torch.tensor(sigma).log()
        found = unet(inputs, level, torch.randn(6, 1, 64), torch.rand(6, 3) * 100, return_dict=False)[0]
        report(f"the untrained UNet as a still, sigma {sigma:g}", float(((found + still) ** 2).mean()), 1e-2)

    wide = smooth(2, 3, 32, 96)
    clip = pan(wide, torch.tensor([255.0, 127.5]), 64)
    report("a pan starts at the left", float((clip[0, 0] - wide[0, :, :, :64]).abs().max()), 1e-3)
    report("a pan ends 8 pixels further right", float((clip[0, -1] - wide[0, :, :, 8:72]).abs().max()), 1e-3)
    report("half as strong, 4 pixels", float((clip[1, -1] - wide[1, :, :, 4:68]).abs().max()), 1e-3)


if __name__ == "__main__":
    main()
