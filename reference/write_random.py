"""Writes test/golden/random.json: what torch's CPU generator draws.

Run: python reference/write_random.py
"""

import hashlib
import json
from pathlib import Path

import torch

SEEDS = [0, 1, 7, 20240229, 2**31, 2**32 - 1]
# Sizes of successive calls: below 16 (one by one, the second of a pair kept for the next call), 16 and multiples
# (blocks), and sizes with a tail.
CALLS = [[1], [15], [16], [17], [3, 20, 2, 15, 48, 1], [100, 4, 4, 33], [1, 1, 1, 640]]
LARGE = 25 * 4 * 72 * 128 + 5

OUTPUT = Path(__file__).parent.parent / "test" / "golden" / "random.json"


def draw(seed: int, sizes: list[int]) -> list[list[float]]:
    generator = torch.Generator("cpu").manual_seed(seed)
    return [torch.randn(size, generator=generator).tolist() for size in sizes]


def large(seed: int) -> dict:
    values = torch.randn(LARGE, generator=torch.Generator("cpu").manual_seed(seed)).numpy()
    return {"seed": seed, "size": LARGE, "sha256": hashlib.sha256(values.astype("<f4").tobytes()).hexdigest()}


def main() -> None:
    golden = {
        "command": "python reference/write_random.py",
        "torch": torch.__version__,
        "capability": torch.backends.cpu.get_cpu_capability(),
        "runs": [
            {"seed": seed, "sizes": sizes, "values": draw(seed, sizes)} for seed in SEEDS for sizes in CALLS
        ],
        "large": [large(seed) for seed in (7, 2**32 - 1)],
    }
    OUTPUT.write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
