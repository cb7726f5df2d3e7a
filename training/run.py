"""What every long run shares: seeds, threads, the time budget, pausing, checkpoints and the moving average."""

import argparse
import os
import random
import signal
import time
from pathlib import Path

import numpy as np
import torch

PAUSE_FILE = Path(os.environ.get("KINORA_TRAINING_PAUSE", "out/training/pause"))


def arguments(description: str, minutes: float) -> argparse.ArgumentParser:
    """The options that every command understands."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--work", type=Path, default=Path("out/training"), help="scratch folder, never committed")
    parser.add_argument("--minutes", type=float, default=minutes, help="budget in minutes of one core; the schedule follows it")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--nice", type=int, default=19, help="priority, from 19 (yields to everything) to 0")
    return parser


def start(options: argparse.Namespace) -> None:
    """Seed everything, limit the threads and set the priority."""
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    random.seed(options.seed)
    np.random.seed(options.seed)
    os.nice(max(0, options.nice - os.nice(0)))
    options.work.mkdir(parents=True, exist_ok=True)


def wait_while_paused() -> None:
    """Compute nothing while the pause file exists."""
    while PAUSE_FILE.exists():
        time.sleep(0.5)


class Clock:
    """Counts the cores' time against a budget, so that a busy machine delays a run but does not shorten it.

    With one thread on an idle machine this is the time on the wall. Time spent paused does not count. A polite request to
    end (SIGTERM) ends the budget, so that the run writes a last checkpoint and can go on from it.
    """

    def __init__(self, minutes: float, spent: float = 0.0):
        self.budget = minutes * 60
        self.spent = spent
        self._computed = time.process_time()
        self._checkpoint = time.monotonic()
        self._asked_to_end = False
        signal.signal(signal.SIGTERM, self._end)

    def _end(self, *_) -> None:
        self._asked_to_end = True

    def tick(self) -> bool:
        """Wait while the pause file exists; return whether computing time is left."""
        now = time.process_time()
        self.spent += now - self._computed
        self._computed = now
        wait_while_paused()
        return self.spent < self.budget and not self._asked_to_end

    def checkpoint_due(self) -> bool:
        """Whether three minutes have passed on the wall since this last said so."""
        if time.monotonic() - self._checkpoint < 170:
            return False
        self._checkpoint = time.monotonic()
        return True

    @property
    def fraction(self) -> float:
        """How much of the budget is used, 0..1."""
        return min(1.0, self.spent / self.budget)


class Average:
    """Exponential moving average of the trainable parameters; `swapped()` puts it in place for a while."""

    def __init__(self, parameters: list[torch.nn.Parameter], decay: float):
        self.parameters = parameters
        self.decay = decay
        self.values = [p.detach().clone() for p in parameters]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Follow the parameters; quicker in the first steps."""
        decay = min(self.decay, (step + 1) / (step + 10))
        torch._foreach_lerp_(self.values, [p.detach() for p in self.parameters], 1 - decay)

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange the parameters and their average; call twice to come back."""
        for parameter, value in zip(self.parameters, self.values):
            kept = parameter.detach().clone()
            parameter.copy_(value)
            value.copy_(kept)


def save(path: Path, state: dict) -> None:
    """Write a checkpoint so that an interrupted run never leaves half a file."""
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


def channels_last(module: torch.nn.Module) -> None:
    """Lay 2-D convolution weights out as the processor likes them best."""
    for layer in module.modules():
        if isinstance(layer, torch.nn.Conv2d):
            layer.weight.data = layer.weight.data.contiguous(memory_format=torch.channels_last)
