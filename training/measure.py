"""`python -m training.measure PICTURE FRAMES...`: the figures of clips that Kinora itself made of one picture.

PICTURE has the clip's size; FRAMES are folders that `kinora animate --frames-dir` wrote, of a seed whose pan goes to the right
(a multiple of six) or, with `--zoom`, whose zoom goes to the right side (four more).
"""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from .evaluate import figures
from .fit import psnr
from .motion import view
from .run import arguments, start


def read_picture(path: Path) -> torch.Tensor:
    """[3, h, w] in 0..1."""
    return torch.from_numpy(np.array(Image.open(path).convert("RGB"))).movedim(-1, 0).float() / 255


def fit_zoom(picture: torch.Tensor, frame: torch.Tensor) -> tuple[float, float]:
    """The share by which the view has shrunk towards the middle of the right side, and the PSNR of the frame against that."""
    best = (0.0, -1.0)
    # A coarse search, then a fine one around what it found.
    for reach, step in ((0.15, 0.0025), (0.0025, 0.0005)):
        shares = torch.arange(max(0.0, best[0] - reach), best[0] + reach, step)
        views = view(picture.expand(len(shares), -1, -1, -1), torch.zeros(len(shares)), shares)
        errors = [psnr(frame - seen) for seen in views]
        at = int(np.argmax(errors))
        best = (float(shares[at]), errors[at])
    return best


def main() -> None:
    parser = arguments(__doc__ or "", minutes=1)
    parser.add_argument("picture", type=Path)
    parser.add_argument("frames", type=Path, nargs="+")
    parser.add_argument("--zoom", action="store_true")
    options = parser.parse_args()
    start(options)
    still = read_picture(options.picture)
    for folder in options.frames:
        clip = torch.stack([read_picture(path) for path in sorted(folder.glob("frame-*.png"))])
        if options.zoom:
            share, last = fit_zoom(still, clip[-1])
            found = {"frame0": psnr(clip[0] - still), "shrunk": share, "last": last}
        else:
            found = figures(Image.open(options.picture).convert("RGB"), clip)
            found["share of the width"] = found["shift"] / still.shape[-1]
        print(folder.name, " ".join(f"{name} {value:.3f}" for name, value in found.items()), flush=True)


if __name__ == "__main__":
    main()
