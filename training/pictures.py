"""Reads the prepared pictures: random training crops, and the held-out pictures at model size."""

import pickle
import queue
import random
import threading
from pathlib import Path

import numpy as np
import torch
from PIL import Image

SIZES = ((256, 144), (192, 192), (144, 256))  # width, height


def read(work: Path, part: str) -> list[dict]:
    """Entries of `pictures.pkl`, part "train" or "held"."""
    with open(work / "pictures.pkl", "rb") as file:
        return pickle.load(file)[part]


def to_tensor(pixels: np.ndarray) -> torch.Tensor:
    """uint8 [..., h, w, 3] to float [..., 3, h, w] in -1..1."""
    return torch.from_numpy(np.array(pixels)).movedim(-1, -3).float().div(127.5).sub(1)


def fitted(image: Image.Image, width: int, height: int) -> Image.Image:
    """The largest centred window of this shape, at this size, as the bot's intake makes it."""
    scale = min(image.width / width, image.height / height)
    w, h = width * scale, height * scale
    left, top = max(0.0, (image.width - w) / 2), max(0.0, (image.height - h) / 2)
    return image.resize((width, height), Image.Resampling.LANCZOS, box=(left, top, min(image.width, left + w), min(image.height, top + h)))


class Crops:
    """Random square crops at the scales that the model sizes show, made ahead in a thread."""

    def __init__(self, entries: list[dict], crop: int, batch: int, seed: int):
        self.images = [Image.fromarray(entry["pixels"]) for entry in entries]
        self.weights = [entry["weight"] for entry in entries]
        self.crop, self.batch = crop, batch
        self.random = random.Random(seed)
        self.ready: queue.Queue[torch.Tensor] = queue.Queue(6)
        threading.Thread(target=self._feed, daemon=True).start()

    def one(self) -> np.ndarray:
        """One crop, uint8 [crop, crop, 3]. The short side is shown at 140 to 300 pixels, never enlarged."""
        image = self.random.choices(self.images, self.weights)[0]
        short = min(image.size)
        shown = min(short, self.random.uniform(140, 300))
        window = self.crop * short / shown
        x, y = self.random.uniform(0, image.width - window), self.random.uniform(0, image.height - window)
        box = (x, y, x + window, y + window)
        pixels = np.asarray(image.resize((self.crop, self.crop), Image.Resampling.LANCZOS, box=box))
        return pixels[:, ::-1] if self.random.random() < 0.5 else pixels

    def _feed(self) -> None:
        while True:
            self.ready.put(to_tensor(np.stack([self.one() for _ in range(self.batch)])))

    def next(self) -> torch.Tensor:
        """A batch [b, 3, crop, crop] in -1..1."""
        return self.ready.get()
