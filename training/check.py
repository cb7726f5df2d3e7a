"""`python -m training.check`: what is written by hand holds. Takes seconds and needs no pictures."""

import torch

from .camera import FAR, NEAR
from .linear_move import fit_move
from .motion import FRAMES, TRAVEL, ZOOM_BUCKET, clip_of, travel
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

    unet = make_unet(*(fit_move(smooth(24, 3, 48, 96), reach) for reach in (FAR, NEAR)))
    picture = smooth(1, 3, 64, 128)
    for what, bucket in (("pan", 60.0), ("pan", 255.0), ("zoom", ZOOM_BUCKET + 255.0)):
        move = torch.tensor([bucket])
        clip = bands(clip_of(picture, move))
        noise = torch.randn_like(clip)
        seen = clip.shape[-1] - int(travel(move)) - 1  # columns that never show what is beyond the edge
        for sigma in (700.0, 10.0, 1.0, 0.3):
            norm = (sigma**2 + 1) ** 0.5
            still = (clip[:, :1] / SCALING_FACTOR).expand(-1, FRAMES, -1, -1, -1)
            inputs = torch.cat([(clip + sigma * noise) / norm, still], 2)
            level = torch.tensor([0.25]) * torch.tensor(sigma).log()
            found = unet(inputs, level, torch.randn(1, 1, 64), torch.tensor([[6.0, bucket, 0.02]]), return_dict=False)[0]
            error = ((clip + sigma * noise) / norm**2 - found * sigma / norm - clip)[..., :seen]
            report(f"the UNet as a {what} at {bucket:g}, sigma {sigma:g}", float((error**2).mean()), 5e-3)

    far = int(TRAVEL * DOWN)
    pan = clip_of(picture, torch.tensor([255.0]))[0]
    report("a pan starts with the picture", float((pan[0] - picture[0]).abs().max()), 1e-3)
    report(f"a pan ends {far} pixels further right", float((pan[-1, :, :, :-far] - picture[0, :, :, far:]).abs().max()), 1e-3)
    mirrored = picture[0, :, :, -far:].flip(-1)
    report("and mirrored beyond the edge", float((pan[-1, :, :, -far:] - mirrored)[..., 2:-2].abs().max()), 1e-3)


if __name__ == "__main__":
    main()
