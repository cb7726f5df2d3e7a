"""`python -m training.prepare`: fetch the packages, pick the pictures, split off the held-out ones.

Writes `pictures.pkl` in the scratch folder: {"train": [...], "held": [...]}, each entry a dict with source, name, kind,
weight and pixels (uint8 [h, w, 3], short side at most 512 for photos, 320 for drawings).
"""

import base64
import bz2
import fnmatch
import hashlib
import os
import pickle
import subprocess
import tempfile
import zipfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from .run import arguments, start
from .scenes import scene
from .sources import HELD_OUT_DRAWINGS_EVERY, HELD_OUT_PHOTOS, SOURCES, Source

SCENES = 240
GROUNDS = ((255, 255, 255), (244, 240, 230), (225, 235, 245), (30, 34, 48))


def fetch(source: Source, downloads: Path, folder: Path) -> None:
    """Download the package with its registry's own client and unpack it, unless that was done before."""
    if folder.exists():
        return
    downloads.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=downloads) as inbox:
        command = {
            "debian": ["apt-get", "download", source.package],
            "pypi": ["pip", "download", "--no-deps", "--only-binary", ":all:", "-d", inbox, source.package],
            "npm": ["npm", "pack", source.package],
        }[source.registry]
        subprocess.run(command, cwd=inbox, check=True, stdout=subprocess.DEVNULL)
        (archive,) = Path(inbox).iterdir()
        folder.mkdir(parents=True)
        if source.registry == "debian":
            subprocess.run(["dpkg-deb", "-x", str(archive), str(folder)], check=True)
        elif source.registry == "npm":
            subprocess.run(["tar", "xzf", str(archive), "-C", str(folder)], check=True)
        else:
            with zipfile.ZipFile(archive) as wheel:
                for name in wheel.namelist():
                    if any(fnmatch.fnmatch(name, pattern) for pattern in source.files):
                        wheel.extract(name, folder)


def panorama(path: Path) -> Image.Image:
    """Tone-map an EXR panorama that an npm package wraps in base64, and keep the band around the horizon."""
    import OpenEXR

    text = path.read_text()
    with tempfile.NamedTemporaryFile(suffix=".exr") as file:
        file.write(base64.b64decode(text[text.index("base64,") + 7 :].split("'")[0]))
        file.flush()
        light = OpenEXR.File(file.name).channels()["RGB"].pixels.astype(np.float32)[..., :3]
    light = np.nan_to_num(np.clip(light, 0, 1e4))
    light *= 0.25 / np.exp(np.log(light.mean(-1) + 1e-3).mean())
    tone = np.clip(light * (1 + light / 9) / (1 + light), 0, 1) ** (1 / 2.2)
    return Image.fromarray((tone * 255).astype(np.uint8)[20:220])


def load(path: Path) -> Image.Image:
    """Open one file of any of the sources as a picture."""
    if path.name.endswith(".exr.js"):
        return panorama(path)
    if path.name == "face.dat":
        return Image.fromarray(np.frombuffer(bz2.decompress(path.read_bytes()), np.uint8).reshape(768, 1024, 3))
    return Image.open(path)


def picture(job: tuple[Source, Path]) -> dict | None:
    """Flatten, shrink and check one file; None if it is too small, too long, or nearly empty."""
    source, path = job
    try:
        image = load(path)
        if min(image.size) < 200 or max(image.size) / min(image.size) > 3:
            return None
        ground = GROUNDS[int(hashlib.md5(path.name.encode()).hexdigest(), 16) % len(GROUNDS)]
        scale = (512 if source.kind == "photo" else 320) / min(image.size)
        if image.mode in ("RGBA", "LA", "P"):
            image = image.convert("RGBA")
        if scale < 1:
            image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
        if image.mode == "RGBA":
            behind = Image.new("RGBA", image.size, ground + (255,))
            behind.alpha_composite(image)
            image = behind
        pixels = np.asarray(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    if np.asarray(Image.fromarray(pixels).resize((64, 64), Image.Resampling.BOX)).std() < 12:
        return None
    return {"source": source.name, "name": path.name, "kind": source.kind, "weight": source.weight, "pixels": pixels}


def files(source: Source, folder: Path) -> list[Path]:
    """The files of a source that are used, in an order that depends on their names alone."""
    found = {path for pattern in source.files for path in folder.glob(pattern) if path.is_file() and not path.is_symlink()}
    return sorted(found, key=lambda path: hashlib.md5(path.name.encode()).hexdigest())[: source.limit]


def main() -> None:
    options = arguments(__doc__ or "", minutes=10).parse_args()
    start(options)
    jobs = []
    for source in SOURCES:
        folder = options.work.resolve() / "packages" / source.name
        fetch(source, options.work.resolve() / "downloads", folder)
        jobs += [(source, path) for path in files(source, folder)]
    with ProcessPoolExecutor(options.threads) as pool:
        found = [entry for entry in pool.map(picture, jobs, chunksize=16) if entry is not None]
    seen, unique = set(), []
    for entry in found:
        key = (np.asarray(Image.fromarray(entry["pixels"]).resize((16, 16), Image.Resampling.BOX)) // 24).tobytes()
        if key not in seen:
            seen.add(key)
            unique.append(entry)
    for number in range(SCENES):
        unique.append({"source": "scenes", "name": f"scene-{number}", "kind": "scene", "weight": 0.1, "pixels": np.asarray(scene(number))})
    split = {"train": [], "held": []}
    drawings = 0
    for entry in unique:
        drawings += entry["kind"] == "drawing"
        held = entry["kind"] == "photo" and any(key in entry["name"] for key in HELD_OUT_PHOTOS)
        held |= entry["kind"] == "drawing" and drawings % HELD_OUT_DRAWINGS_EVERY == 0
        split["held" if held else "train"].append(entry)
    with open(options.work / "pictures.pkl", "wb") as file:
        pickle.dump(split, file)
    for part, entries in split.items():
        kinds = {kind: sum(entry["kind"] == kind for entry in entries) for kind in ("photo", "drawing", "scene")}
        print(part, kinds, "share of draws", {k: round(sum(e["weight"] for e in entries if e["kind"] == k)) for k in kinds})


if __name__ == "__main__":
    main()
