"""How well near phrases are told apart while a network is trained: which would fire where so many hits are found."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from export.corpus import RATE
from export.look.hearing import Data, Heard
from export.look.loss import distances
from export.look.trials import ENROLLED, HIT, NEAR
from kwsd.second_look.span import HOP

WAYS = ("clean", "noise", "room")
DECIBELS = 10.0
FOUND = (90, 95, 97)  # percent of the hits
AT_ONCE, PAIRS = 512, 8192
Row = NDArray[np.float64]


@torch.no_grad()
def judged(student: Callable[[Heard], tuple[Tensor, Tensor]], data: Data, way: str) -> dict[str, float]:
    """Near phrases that fire in percent, each phrase counting the same, at the limits that find FOUND of the hits.

    Distances are divided by the mean of those of the recordings from each other.

    Args:
        student: makes the vectors.
        data: holds the trials.
        way: in which hits and near phrases are heard, one of WAYS.
    """
    trials = data.trials
    parts, found = [], []
    for first in range(0, len(trials["clip"]), AT_ONCE):
        rows = slice(first, first + AT_ONCE)
        heard = data.hear(trials["clip"][rows].long(), trials["place"][rows])
        heard = _heard_in(way, heard, trials["role"][rows] != ENROLLED, data, first)
        found.append(student(heard)[0].float())
        parts.append(replace(heard, samples=heard.samples[:, :1]))
    every = Heard(**{name: torch.cat([vars(one)[name] for one in parts]) for name in vars(parts[0])})
    vectors = torch.cat(found)
    trial, role = (trials[name].cpu().numpy() for name in ("trial", "role"))
    pairs = _pairs(trial, role)
    asked = torch.split(torch.from_numpy(pairs).to(vectors.device), PAIRS)
    d = torch.cat([distances(vectors, vectors, every, every, some) for some in asked]).cpu().numpy()
    mean = np.bincount(pairs[:, 1], d, len(trial)) / np.bincount(pairs[:, 1], minlength=len(trial))
    own = role == ENROLLED
    usual = np.bincount(trial[own], mean[own]) / np.bincount(trial[own])
    far = mean / usual[trial]
    near = role == NEAR
    counts = np.bincount(trial[near])
    limits = {share: np.percentile(far[role == HIT], share) for share in FOUND}
    fired = {share: np.bincount(trial[near], far[near] <= limit) for share, limit in limits.items()}
    return {str(share): round(100 * float((one / counts).mean()), 2) for share, one in fired.items()}


def _pairs(trial: NDArray[np.int32], role: NDArray[np.int8]) -> NDArray[np.int64]:
    """[p, 2] each enrolled recording of a trial, and each other stretch of it."""
    pairs: list[tuple[int, int]] = []
    bounds = np.searchsorted(trial, np.arange(trial.max() + 2))
    for begin, end in itertools.pairwise(bounds):
        enrolled = [i for i in range(begin, end) if role[i] == ENROLLED]
        pairs += [(i, j) for j in range(begin, end) for i in enrolled if i != j]
    return np.array(pairs)


def _heard_in(way: str, heard: Heard, chosen: Tensor, data: Data, seed: int) -> Heard:
    """Some of the stretches in another place."""
    if way == "clean":
        return heard
    x, device = heard.samples, heard.samples.device
    drawn: dict[str, Any] = {"device": device, "generator": torch.Generator(device=device).manual_seed(seed)}
    b, n = x.shape
    if way == "noise":
        first = torch.randint(len(data.spoil.noise) - n, (b, 1), **drawn)
        noise = data.spoil.noise[first + torch.arange(n, device=device)].float()
        noise = noise / (noise.square().mean(1, keepdim=True).sqrt() + 1)
        level = 1.4 * x.square().mean(1, keepdim=True).sqrt()  # a part of x is silence
        y = x + noise * level * 10 ** (-DECIBELS / 20)
    else:
        room = data.spoil.rooms[torch.randint(len(data.spoil.rooms), (b,), **drawn)].float()
        y = torch.fft.irfft(torch.fft.rfft(x, 2 * n) * torch.fft.rfft(room, 2 * n), 2 * n)[:, :n]
    inside = torch.arange(n, device=device) < heard.vectors[:, None] * round(HOP * RATE)
    return replace(heard, samples=torch.where(chosen[:, None], y * inside, x))
