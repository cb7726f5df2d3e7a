"""`python -m training.evaluate`: clips of held-out pictures through diffusers' own pipeline, figures and contact sheets.

Prints one line per clip and a summary per size; writes `figures.json`, `figures.md` and `sheet-<size>.webp` into `--to`. A sheet's rows
are the picture and frames 0, 4, 9 and 13 of its clip at normal motion.
"""

import json
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import StableVideoDiffusionPipeline
from PIL import Image

from .fit import fit_shift, psnr
from .motion import ZOOM_BUCKET, travel
from .pictures import SIZES, fitted, read
from .run import arguments, start, wait_while_paused
from .unet_model import quick_on_processors
from .vae_model import DOWN

SPEEDS = {"subtle": 60, "normal": 127, "strong": 180, "wild": 240}
SHOWN = (0, 4, 9, 13)


def with_margin(picture: Image.Image, margin: int) -> Image.Image:
    """The picture mirrored beyond its right edge, as the renderer hands it to the model for a pan."""
    pixels = np.asarray(picture)
    return Image.fromarray(np.concatenate([pixels, pixels[:, ::-1][:, :margin]], 1))


def clip_of(pipeline, picture: Image.Image, preset: dict, bucket: int, seed: int) -> torch.Tensor:
    """Frames [f, 3, h, w] in 0..1: of a pan those that the renderer shows, without its margin."""
    shown = picture.width
    if bucket < ZOOM_BUCKET:
        picture = with_margin(picture, preset["pan_margin"])
    frames = pipeline(
        picture,
        height=picture.height,
        width=picture.width,
        num_frames=preset["num_frames"],
        num_inference_steps=preset["num_inference_steps"],
        min_guidance_scale=preset["min_guidance_scale"],
        max_guidance_scale=preset["max_guidance_scale"],
        fps=preset["fps"],
        motion_bucket_id=bucket,
        noise_aug_strength=preset["noise_aug_strength"],
        generator=torch.Generator().manual_seed(seed),
        output_type="np",
    ).frames[0]
    return torch.from_numpy(np.asarray(frames)).movedim(-1, 1).float()[..., :shown]


def figures(picture: Image.Image, clip: torch.Tensor) -> dict:
    """What is said of one clip: see RESULTS.md for the meaning of each figure."""
    still = torch.from_numpy(np.array(picture)).movedim(-1, 0).float() / 255
    x, y, last = fit_shift(still, clip[-1])
    half, _, _ = fit_shift(still, clip[len(clip) // 2])
    first, second = clip.diff(dim=0), clip.diff(n=2, dim=0)
    return {
        "frame0": psnr(clip[0] - still),
        "shift": x,
        "rise": y,
        "half": half / x if abs(x) > 0.5 else 0.0,
        "last": last,
        "last_still": psnr(clip[-1] - still),
        "flicker": float(second.abs().mean() / first.abs().mean().clamp(min=1e-6)),
    }


def summarise(results: list[dict]) -> None:
    """Means per size, kind and speed; then what has to hold for every picture."""
    for key in sorted({(r["size"], r["kind"], r["speed"]) for r in results}):
        some = [r for r in results if (r["size"], r["kind"], r["speed"]) == key]
        columns = ("frame0", "last", "last_still", "shift", "rise", "flicker", "seconds")
        means = " ".join(f"{k} {sum(r[k] for r in some) / len(some):.2f}" for k in columns)
        print(*key, f"of {len(some)}, meant {some[0]['meant']:.1f} px: {means}, least last {min(r['last'] for r in some):.2f}")
    clips = {(r["size"], r["picture"], r["speed"]): r["shift"] for r in results}
    grown = [
        clips[size, name, "subtle"] < shift < clips[size, name, "strong"]
        for (size, name, speed), shift in clips.items()
        if speed == "normal" and (size, name, "subtle") in clips and (size, name, "strong") in clips
    ]
    print(f"movement grows with the motion option: {sum(grown)} of {len(grown)} pictures")
    worst = max(results, key=lambda r: abs(r["shift"] / r["meant"] - 1))
    print(f"furthest from the move that was trained: {worst['shift'] / worst['meant']:.2f} of it, {worst['picture']}")


def table(results: list[dict]) -> str:
    """The clips as RESULTS.md shows them."""
    lines = ["| size | picture | motion | frame 0 | asked, px | fitted, px | last | still | flicker |", f"|{' --- |' * 9}"]
    for row in results:
        name = f"{row['kind']} `{row['picture'].split('_by_')[0].split('.')[0]}`"
        shown = (row["frame0"], row["meant"], row["shift"], row["last"], row["last_still"])
        words = " | ".join(f"{value:.1f}" for value in shown)
        lines.append(f"| {row['size']} | {name} | {SPEEDS[row['speed']]} | {words} | {row['flicker']:.2f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = arguments(__doc__ or "", minutes=60)
    parser.add_argument("--model", type=Path, default=Path("out/demo-model"))
    parser.add_argument("--to", type=Path, default=Path("out/training/figures"))
    parser.add_argument("--photos", type=int, default=6)
    parser.add_argument("--drawings", type=int, default=2)
    parser.add_argument("--speeds", nargs="*", default=list(SPEEDS))
    parser.add_argument("--sizes", nargs="*", default=[f"{w}x{h}" for w, h in SIZES])
    parser.add_argument("--steps", type=int)
    options = parser.parse_args()
    start(options)
    options.to.mkdir(parents=True, exist_ok=True)
    pipeline = StableVideoDiffusionPipeline.from_pretrained(options.model, variant="fp16", torch_dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    quick_on_processors(pipeline.unet)
    preset = json.loads((options.model / "kinora.json").read_text())
    if options.steps:
        preset["num_inference_steps"] = options.steps
    held = read(options.work, "held")
    chosen = [e for e in held if e["kind"] == "photo"][: options.photos]
    chosen += [e for e in held if e["kind"] == "drawing"][: options.drawings]
    results = []
    for size in options.sizes:
        width, height = (int(side) for side in size.split("x"))
        rows = []
        for index, entry in enumerate(chosen):
            picture = fitted(Image.fromarray(entry["pixels"]), width, height)
            for speed in options.speeds:
                wait_while_paused()
                begun = time.process_time()
                clip = clip_of(pipeline, picture, preset, SPEEDS[speed], options.seed + index)
                meant = float(travel(torch.tensor(float(SPEEDS[speed])))) * DOWN
                row = {"picture": entry["name"], "kind": entry["kind"], "size": size, "speed": speed, "meant": meant}
                row |= figures(picture, clip) | {"seconds": time.process_time() - begun}
                results.append(row)
                print(" ".join(f"{k} {v:.2f}" if isinstance(v, float) else str(v) for k, v in row.items()), flush=True)
                if speed == "normal":
                    frames = [np.array(picture), *((clip[k].movedim(0, -1).numpy() * 255).round().astype(np.uint8) for k in SHOWN)]
                    rows.append(np.concatenate(frames, 1))
                    Image.fromarray(np.concatenate(rows)).save(options.to / f"sheet-{size}.webp", quality=78)
                (options.to / "figures.json").write_text(json.dumps(results, indent=1))
                (options.to / "figures.md").write_text(table(results))
    summarise(results)


if __name__ == "__main__":
    main()
