"""Procedural scenes: flat landscapes, blobs and textures drawn by our own code, so that skies, edges and
gradients are seen in every colour. They are nobody's work but this file's, so they need no licence."""

import numpy as np
from PIL import Image, ImageDraw


def _noise(rng: np.random.Generator, height: int, width: int, slope: float) -> np.ndarray:
    """Random field with a 1/f^slope spectrum, mean 0, deviation 1."""
    fy, fx = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    spectrum = np.fft.rfft2(rng.standard_normal((height, width))) / np.maximum(np.hypot(fy, fx), 1 / width) ** slope
    field = np.fft.irfft2(spectrum, s=(height, width))
    return (field - field.mean()) / field.std()


def _colour(rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(0, 255, 3)


def landscape(rng: np.random.Generator, height: int, width: int) -> Image.Image:
    """A sky gradient, clouds, ridges that get darker towards the viewer, and a sun."""
    mix = np.linspace(0, 1, height)[:, None, None]
    picture = np.broadcast_to(_colour(rng) * (1 - mix) + _colour(rng) * mix, (height, width, 3)).copy()
    clouds = np.clip(_noise(rng, height, width, 1.6) - 0.3, 0, 1)[..., None]
    picture = picture * (1 - 0.6 * clouds) + 245 * 0.6 * clouds
    base, far = _colour(rng) * 0.6, _colour(rng)
    rows = np.arange(height)[:, None]
    for layer in range(1, rng.integers(3, 6)):
        ridge = height * (0.35 + 0.13 * layer) + _noise(rng, 4, width, 1.4)[0] * height * 0.06
        edge = np.clip(rows - ridge[None] + 0.5, 0, 1)[..., None]
        shade = (far * (1 - layer / 5) + base * layer / 5) + 14 * _noise(rng, height, width, 0.9)[..., None]
        picture = picture * (1 - edge) + shade * edge
    return Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))


def texture(rng: np.random.Generator, height: int, width: int) -> Image.Image:
    """Correlated colour noise of a random slope, as bark, stone or foliage would have."""
    slope = rng.uniform(0.8, 1.8)
    shared = _noise(rng, height, width, slope)
    fields = [0.8 * shared + 0.4 * _noise(rng, height, width, slope) for _ in range(3)]
    picture = _colour(rng) + rng.uniform(20, 60) * np.stack(fields, -1)
    return Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))


def shapes(rng: np.random.Generator, height: int, width: int) -> Image.Image:
    """Overlapping flat shapes with outlines over a plain ground, drawn at twice the size for clean edges."""
    picture = Image.new("RGB", (width * 2, height * 2), tuple(int(v) for v in _colour(rng)))
    draw = ImageDraw.Draw(picture)
    for _ in range(rng.integers(4, 16)):
        x, y = rng.uniform(-0.1, 1, 2) * (width * 2, height * 2)
        w, h = rng.uniform(0.08, 0.6, 2) * height * 2
        fill = tuple(int(v) for v in _colour(rng))
        outline = (0, 0, 0) if rng.random() < 0.5 else None
        box = (x, y, x + w, y + h)
        kind = rng.integers(4)
        if kind == 0:
            draw.ellipse(box, fill, outline, width=4)
        elif kind == 1:
            draw.rectangle(box, fill, outline, width=4)
        elif kind == 2:
            draw.polygon([tuple(rng.uniform(0, 1, 2) * (w, h) + (x, y)) for _ in range(4)], fill, outline)
        else:
            draw.line((x, y, x + w, y + h * rng.uniform(-1, 1)), fill, int(rng.integers(2, 14)))
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def scene(seed: int, height: int = 288, width: int = 416) -> Image.Image:
    """The scene of this number; the kinds take turns."""
    rng = np.random.default_rng(seed)
    return (landscape, texture, shapes)[seed % 3](rng, height, width)
