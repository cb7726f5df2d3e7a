"""`python -m training.unet`: train the UNet on pans of the training pictures. Resumes from `unet.pt` in the scratch folder.

The bands that the VAE's encoder computes are linear in the pixels, so clips are made on the fly and the decoder is not
needed. The objective is v-prediction over log-normal noise levels, as SVD was trained (Karras et al. 2022).
"""

import random
from pathlib import Path

import torch
from PIL import Image

from .camera import keep_camera
from .clip_tower import embed, make_clip
from .linear_pan import fit_move
from .motion import FRAMES, TRAVEL, known, pan
from .muon import Muon
from .pictures import read, to_tensor
from .run import Average, Clock, arguments, save, start
from .unet_model import make_unet
from .vae_model import DOWN, LATENT_CHANNELS, PIXEL_WEIGHTS, SCALING_FACTOR, bands

BUCKETS = (10.0, 255.0)
DROPPED = 0.03  # share of clips without the picture, for guidance above 1
# Until this share of the budget: windows of these heights and widths in latent pixels, clips per step. The last are the
# sizes of whole clips.
STAGES = (
    (0.5, ((12, 20),), 2),
    (0.9, ((18, 32), (24, 24), (30, 20)), 1),
    (1.0, ((36, 64), (48, 48), (64, 36)), 1),
)
UNKNOWN = 0.1  # what an error counts where the camera shows what was outside of the picture: nothing tells what is there
LEVELS = ((-9.0, -0.5), (-0.5, 0.8), (0.8, 2.2), (2.2, 9.0))  # ranges of ln sigma that are reported


class Windows:
    """Random wide windows of the training pictures, with the picture's CLIP embedding."""

    def __init__(self, work: Path, seed: int):
        entries = read(work, "train")
        self.images = [Image.fromarray(entry["pixels"]) for entry in entries]
        self.weights = [entry["weight"] for entry in entries]
        self.embeddings = self._embeddings(entries, work / "embeddings.pt")
        self.random = random.Random(seed)

    @staticmethod
    def _embeddings(entries: list[dict], path: Path) -> torch.Tensor:
        if not path.exists():
            tower = make_clip()
            save(path, {"all": torch.cat([embed(tower, to_tensor(entry["pixels"])[None]) for entry in entries])})
        return torch.load(path)["all"]

    def batch(self, count: int, height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Pixels [count, 3, height, width] at the scales that the model sizes show, embeddings [count, 64]."""
        pixels, embeddings = [], []
        while len(pixels) < count:
            index = self.random.choices(range(len(self.images)), self.weights)[0]
            image = self.images[index]
            shown = min(min(image.size), self.random.uniform(140, 300))
            scale = max(shown / min(image.size), height / image.height, width / image.width)
            w, h = width / scale, height / scale
            x, y = self.random.uniform(0, image.width - w), self.random.uniform(0, image.height - h)
            window = image.resize((width, height), Image.Resampling.BICUBIC, box=(x, y, min(image.width, x + w), min(image.height, y + h)))
            if self.random.random() < 0.5:
                window = window.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            pixels.append(to_tensor(window))
            embeddings.append(self.embeddings[index])
        return torch.stack(pixels), torch.stack(embeddings)


def examples(windows: Windows, count: int, height: int, width: int) -> tuple[torch.Tensor, ...]:
    """Noise, clean bands, the picture's bands, embeddings, motion buckets and error weights of `count` clips."""
    noise = torch.randn(count, FRAMES, LATENT_CHANNELS, height, width)
    bucket = torch.empty(count).uniform_(*BUCKETS)
    wide, embedding = windows.batch(count, height * DOWN, (width + int(TRAVEL) + 1) * DOWN)
    clips = pan(wide, bucket, width * DOWN)
    picture = clips[:, 0] + 0.02 * torch.randn_like(clips[:, 0])  # noise_aug_strength
    seen = known(bucket, width)[:, :, None, None]
    weight = torch.where(seen, 1.0, UNKNOWN) * PIXEL_WEIGHTS.view(-1, 1, 1)
    return noise, bands(clips), bands(picture), embedding, bucket, weight


def losses(unet, batch: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, torch.Tensor]:
    """Weighted squared error of the v-prediction for each clip, and its ln sigma."""
    noise, clean, picture, embedding, bucket, weight = batch
    count = len(noise)
    log_sigma = (torch.randn(count) * 1.6 + 0.8).clamp(-4.0, 6.55)
    sigma = log_sigma.exp().view(-1, 1, 1, 1, 1)
    kept = (torch.rand(count) >= DROPPED).float()
    noisy = clean + sigma * noise
    norm = (sigma**2 + 1).sqrt()
    condition = (picture / SCALING_FACTOR * kept.view(-1, 1, 1, 1))[:, None].expand(-1, FRAMES, -1, -1, -1)
    ids = torch.stack([torch.randint(3, 15, (count,)).float(), bucket, torch.rand(count) * 0.1], 1)
    target = (noisy / norm**2 - clean) * norm / sigma
    found = unet(
        torch.cat([noisy / norm, condition], 2),
        0.25 * log_sigma,
        (embedding * kept[:, None])[:, None],
        ids,
        return_dict=False,
    )[0]
    return ((found - target) ** 2 * weight).mean((1, 2, 3, 4)), log_sigma


def main() -> None:
    parser = arguments(__doc__ or "", minutes=12)
    parser.add_argument("--rate", type=float, default=2e-4)
    options = parser.parse_args()
    start(options)
    path = options.work / "unet.pt"
    windows = Windows(options.work, options.seed)
    unet = make_unet(fit_move(windows.batch(48, 64, 96)[0]))
    keep_camera(unet)
    named = list(unet.named_parameters())
    adam_names = ("conv_in", "conv_out", "time_emb_proj", "mix_factor", "conv_shortcut")
    optimiser = Muon(named, options.rate, options.rate * 0.75, adam_names)
    average = Average([p for _, p in named], 0.995)
    step, spent = 0, 0.0
    if path.exists():
        state = torch.load(path)
        unet.load_state_dict(state["unet"])
        optimiser.load_state_dict(state["optimiser"])
        average.values, step, spent = state["average"], state["step"], state["spent"]
        torch.manual_seed(options.seed + step)
    windows.random.seed(options.seed + step)
    clock = Clock(options.minutes, spent)

    def keep() -> None:
        state = {"unet": unet.state_dict(), "optimiser": optimiser.state_dict(), "average": average.values}
        save(path, {**state, "step": step, "spent": clock.spent})
        average.swap()
        unet.save_pretrained(options.work / "unet")
        average.swap()

    seen = []
    while clock.tick():
        _, shapes, count = next(stage for stage in STAGES if clock.fraction <= stage[0])
        height, width = shapes[step % len(shapes)]
        scale = min(1.0, (step + 1) / 30) * min(1.0, 1.6 * (1 - clock.fraction) + 0.01)
        each, log_sigma = losses(unet, examples(windows, count, height, width))
        # Little of what is said at the lowest noise reaches the clip, and it is mostly noise itself.
        (each * (log_sigma.exp() / 0.3).clamp(max=1)).mean().backward()
        optimiser.step(scale)
        step += 1
        average.update(step)
        seen += zip(each.tolist(), log_sigma.tolist())
        if step % 20 == 0:
            parts = [[loss for loss, level in seen if low < level <= high] for low, high in LEVELS]
            words = " ".join(f"{sum(part) / max(1, len(part)):.3f}" for part in parts)
            print(f"{step} {clock.spent:.0f} s window {width}x{height} loss by sigma <.6 .6-2.2 2.2-9 >9: {words}", flush=True)
            seen = []
        if clock.checkpoint_due():
            keep()
    keep()


if __name__ == "__main__":
    main()
