"""`python -m training.vae`: train the decoder on crops. Resumes from `vae.pt` in the scratch folder.

The latents get a little noise on the way, so that the decoder forgives the UNet its small mistakes. For the first part of
the budget only the half-size picture inside the decoder is trained, at a quarter of the cost.
"""

import math

import torch
import torch.nn.functional as F
from PIL import Image

from .muon import Muon
from .pictures import Crops, fitted, read, to_tensor
from .run import Average, Clock, arguments, save, start
from .vae_model import bands, decode_half, decode_stills, make_vae

NOISE = 0.05  # at most, in units of the latents' deviation
HALF_SIZE_SHARE = 0.25  # of the budget


def losses(vae, x: torch.Tensor, half: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Training loss and mean squared error of one batch of pixels [b, 3, h, w], of the whole decoder or its first half."""
    z = bands(x)
    z = z + torch.randn_like(z) * (NOISE * torch.rand(len(x), 1, 1, 1))
    error = decode_half(vae, z)[:, :3] - F.avg_pool2d(x, 2) if half else decode_stills(vae, z) - x
    gradient = error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
    coarse = F.avg_pool2d(error, 4).abs().mean()
    square = (error**2).mean()
    return error.abs().mean() + 0.3 * gradient + 0.5 * coarse + 4 * square, square


@torch.no_grad()
def held_out(vae, batches: dict[str, torch.Tensor]) -> str:
    """PSNR of the middle of held-out pictures, per kind."""
    words = []
    for kind, pictures in batches.items():
        found = []
        for x in pictures[..., 32:160, 32:160].split(4):
            error = decode_stills(vae, bands(x)).clamp(-1, 1) - x
            found += (10 * torch.log10(4 / (error**2).mean((1, 2, 3)))).tolist()
        words.append(f"{kind} {sum(found) / len(found):.2f} dB (least {min(found):.1f})")
    return ", ".join(words)


def main() -> None:
    parser = arguments(__doc__ or "", minutes=60)
    parser.add_argument("--batch", type=int, default=6)
    parser.add_argument("--crop", type=int, default=64)
    parser.add_argument("--rate", type=float, default=6e-4)
    options = parser.parse_args()
    start(options)
    path = options.work / "vae.pt"
    vae = make_vae()
    named = [(name, p) for name, p in vae.named_parameters() if p.requires_grad]
    optimiser = Muon(named, options.rate, options.rate, ("conv_in", "conv_out", "conv_shortcut"))
    average = Average([p for _, p in named], 0.995)
    step, spent = 0, 0.0
    if path.exists():
        state = torch.load(path)
        vae.load_state_dict(state["vae"])
        optimiser.load_state_dict(state["optimiser"])
        average.values, step, spent = state["average"], state["step"], state["spent"]
    held = read(options.work, "held")
    batches = {
        kind: torch.stack([to_tensor(fitted(Image.fromarray(e["pixels"]), 192, 192)) for e in held if e["kind"] == kind][:count])
        for kind, count in (("photo", 10), ("drawing", 6))
    }
    crops = Crops(read(options.work, "train"), options.crop, options.batch, options.seed + step)
    clock = Clock(options.minutes, spent)

    def keep(measure: bool) -> None:
        state = {"vae": vae.state_dict(), "optimiser": optimiser.state_dict(), "average": average.values}
        save(path, {**state, "step": step, "spent": clock.spent})
        average.swap()
        if measure:
            print("  held out:", held_out(vae, batches), flush=True)
        vae.save_pretrained(options.work / "vae")
        average.swap()

    saves, sums, count = 0, 0.0, 0
    while clock.tick():
        scale = min(1.0, (step + 1) / 40) * (0.5 + 0.5 * math.cos(math.pi * clock.fraction)) + 0.005
        loss, square = losses(vae, crops.next(), clock.fraction < HALF_SIZE_SHARE)
        loss.backward()
        optimiser.step(scale)
        step += 1
        average.update(step)
        sums, count = sums + square.item(), count + 1
        if step % 20 == 0:
            print(f"{step} {clock.spent:.0f} s loss {loss.item():.4f} PSNR {10 * math.log10(4 * count / sums):.2f}", flush=True)
            sums, count = 0.0, 0
        if clock.checkpoint_due():
            saves += 1
            keep(saves % 6 == 0)
    keep(True)


if __name__ == "__main__":
    main()
