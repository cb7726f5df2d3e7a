"""`python -m training.check`: what is written into the first weights by hand holds. Takes seconds and needs no pictures."""

import torch

from .linear_pan import fit_move
from .motion import FRAMES, TRAVEL, known, pan
from .unet_model import make_unet
from .vae_model import DOWN, SCALING_FACTOR, bands, decode_stills, make_vae


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

    wide = smooth(48, 3, 48, 96)
    unet = make_unet(fit_move(wide))
    width = 18
    seen = known(torch.tensor([200.0]), width)[:, :, None, None]
    clip = bands(pan(wide[:1], torch.tensor([200.0]), width * DOWN))
    noise = torch.randn_like(clip)
    for sigma in (700.0, 10.0, 1.0, 0.3):
        norm = (sigma**2 + 1) ** 0.5
        still = (clip[:, :1] / SCALING_FACTOR).expand(-1, FRAMES, -1, -1, -1)
        inputs = torch.cat([(clip + sigma * noise) / norm, still], 2)
        level = torch.tensor([0.25]) * torch.tensor(sigma).log()
        found = unet(inputs, level, torch.randn(1, 1, 64), torch.tensor([[6.0, 200.0, 0.02]]), return_dict=False)[0]
        error = (clip + sigma * noise) / norm**2 - found * sigma / norm - clip
        report(f"the untrained UNet as a pan, sigma {sigma:g}", float(((error * seen) ** 2).mean()), 5e-3)

    wide = smooth(2, 3, 32, 96)
    clip = pan(wide, torch.tensor([255.0, 127.5]), 64)
    report("a pan starts at the left", float((clip[0, 0] - wide[0, :, :, :64]).abs().max()), 1e-3)
    far = int(TRAVEL * DOWN)
    report(f"a pan ends {far} pixels further right", float((clip[0, -1] - wide[0, :, :, far : far + 64]).abs().max()), 1e-3)
    report("half as strong, half as far", float((clip[1, -1] - wide[1, :, :, far // 2 : far // 2 + 64]).abs().max()), 1e-3)


if __name__ == "__main__":
    main()
