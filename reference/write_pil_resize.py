"""Writes test/golden/pil-resize.json: what Pillow makes of random pictures, sizes and boxes, as hashes.

Run: python reference/write_pil_resize.py
"""

import hashlib
import json
import random

import PIL
from PIL import Image

from common import GOLDEN
from pictures import noise

FILTERS = {"lanczos": Image.Resampling.LANCZOS, "bicubic": Image.Resampling.BICUBIC}
# From the picture's size to the clip's: one pixel, one row, one column, equal axes, photos, SVD's own sizes.
SIZES = [
    ((1, 1), (64, 48)),
    ((1, 1), (1, 1)),
    ((2, 3), (40, 30)),
    ((1, 700), (64, 64)),
    ((700, 1), (64, 64)),
    ((1, 20000), (64, 48)),
    ((20000, 1), (48, 64)),
    ((64, 48), (64, 48)),
    ((64, 48), (64, 96)),
    ((64, 48), (31, 48)),
    ((4096, 16), (16, 64)),
    ((16, 4096), (64, 16)),
    ((640, 480), (1024, 576)),
    ((1024, 576), (512, 512)),
    ((1600, 1067), (1024, 576)),
    ((6000, 4000), (1024, 576)),
]
# A picture, the box that PIL's crop takes out of it, the clip's size: inside, around, across an edge, beside.
BOXES = [
    ((300, 200), (100, 0, 200, 200), (64, 64)),
    ((300, 200), (0, -50, 300, 250), (96, 96)),
    ((30, 300), (-85, 0, 115, 300), (64, 96)),
    ((50, 40), (-7, 9, 21, 61), (80, 24)),
    ((50, 40), (60, 60, 70, 80), (8, 8)),
    ((1, 1), (0, 0, 2, 1), (16, 8)),
]


def case(size, to, name, box=None, seed=0):
    image = Image.fromarray(noise(*size, seed))
    if box is not None:
        image = image.crop(box)
    resized = image.resize(to, FILTERS[name])
    entry = dict(size=size, to=to, filter=name, seed=seed)
    if box is not None:
        left, top, right, bottom = box
        entry["box"] = dict(left=left, top=top, width=right - left, height=bottom - top)
    return dict(entry, sha256=hashlib.sha256(resized.tobytes()).hexdigest())


def ramp(to, name):
    """A row 0, 4, 8 … of 32 pixels, as tall as one; what comes of its red."""
    image = Image.new("RGB", (32, 1))
    for x in range(32):
        image.putpixel((x, 0), (4 * x, 4 * x, 4 * x))
    return [pixel[0] for pixel in image.resize((to, 1), FILTERS[name]).get_flattened_data()]


def main():
    draw = random.Random(11)
    cases = [case(size, to, name) for size, to in SIZES for name in FILTERS if size[0] < 5000 or name == "lanczos"]
    cases += [case(size, to, name, box) for size, box, to in BOXES for name in FILTERS]
    for index in range(150):
        size, to = [(draw.randint(1, 260), draw.randint(1, 260)) for _ in range(2)]
        box = None
        if index % 3 == 2:
            left, top = draw.randint(-40, size[0] - 1), draw.randint(-40, size[1] - 1)
            box = (left, top, left + draw.randint(1, 200), top + draw.randint(1, 200))
        cases.append(case(size, to, draw.choice(list(FILTERS)), box, seed=index))
    golden = dict(
        command="python reference/write_pil_resize.py",
        versions=dict(pillow=PIL.__version__),
        ramps={name: ramp(64, name) for name in FILTERS},
        cases=cases,
    )
    path = GOLDEN / "pil-resize.json"
    path.write_text(json.dumps(golden) + "\n")
    print(f"{len(cases)} cases, {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
