"""Stretches as the second look hears them, many at once and on any device: cut, varied, spoiled, then silence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from export.corpus import RATE
from export.look import audio
from export.look.spoil import Spoiler
from kwsd.second_look.span import EDGE, HOP, LEAD, SILENCE, TAIL

LONGEST = 1.6  # s of a phrase after its tempo was changed
VECTORS = round((LEAD + LONGEST + TAIL) / HOP)
SAMPLES = round((LEAD + LONGEST + TAIL + SILENCE) * RATE)
TEMPO = (0.9, 1.12)  # by which, and higher or lower, a stretch is said
JITTER = 0.02  # s, deviation of where a phrase is taken to begin and end
SHORTEST = 0.12  # s
ALONE = 0.25  # share of stretches before which there is no speech, as in a recording of them alone
UNKNOWN = -1  # of a phone


@dataclass(frozen=True)
class Heard:
    """Stretches [b] to be heard.

    Attributes:
        samples: [b, SAMPLES].
        states, vectors: how many of Whisper's, and of ours, each has.
        first, last: the vectors of its phrase, from and to.
        low, high: the same with EDGE around it.
        phones: [b, VECTORS, 3] before, in and after the middle of each vector; UNKNOWN where that is not known.
    """

    samples: Tensor
    states: Tensor
    vectors: Tensor
    first: Tensor
    last: Tensor
    low: Tensor
    high: Tensor
    phones: Tensor


class Data:
    """Everything that training needs, in the memory of a device.

    Args:
        folder: as `export.look.pack` wrote it.
        device: where it is kept.
        processes: that decode.
    """

    def __init__(self, folder: Path, device: torch.device, processes: int) -> None:
        samples, starts = audio.load(folder, processes)
        self.samples, self.starts = (torch.from_numpy(one).to(device) for one in (samples, starts))
        with np.load(folder / "table.npz") as table:
            self.clip = torch.from_numpy(table["clip"]).to(device).long()
            self.place = torch.from_numpy(table["place"]).to(device)
            tracks = phone_tracks(table["sound_clip"], table["sound"], table["sound_place"], starts)
        self.tracks = torch.from_numpy(tracks).to(device)
        with np.load(folder / "trials.npz") as trials:
            noises = int(starts[trials["noises"]])
            self.trials = {name: torch.from_numpy(trials[name]).to(device) for name in trials.files if name != "noises"}
        rooms = torch.from_numpy(np.load(folder / "rooms.npy")).to(device)
        self.spoil = Spoiler(rooms, self.samples[noises:], self.samples[:noises])

    def hear(self, clip: Tensor, place: Tensor, vary: bool = False, detected: bool = False) -> Heard:
        """Stretches of clips.

        Args:
            clip: [b] numbers.
            place: [b, 2] seconds between which they lie.
            vary: their tempo, how well their ends are known, and what is heard beside them.
            detected: their ends are known as a detection has them, where they vary.
        """
        b, device = len(clip), clip.device
        start, end = place[:, 0].double(), place[:, 1].double()
        tempo = torch.ones(b, device=device, dtype=torch.double)
        if vary:
            early, late = (detection_errors if detected else jitter)(b, device)
            start, end = torch.minimum(start + early, end - SHORTEST), torch.maximum(end + late, start + SHORTEST)
            tempo = torch.rand(b, device=device).double() * (TEMPO[1] - TEMPO[0]) + TEMPO[0]
        length = ((end - start) / tempo).clamp(max=LONGEST)
        heard = ((LEAD + length + TAIL) * RATE).round()
        at = torch.arange(SAMPLES, device=device)
        inside = at < heard[:, None]
        x, stop = self._cut(clip, start, tempo) * inside, LEAD + length
        if vary:
            x = self._spoiled(x, round(LEAD * RATE), (stop * RATE).long()) * inside
        vectors = (heard / (HOP * RATE)).floor().long()
        return Heard(
            samples=x,
            states=torch.div(heard + SILENCE * RATE, HOP / 2 * RATE, rounding_mode="floor").long(),
            vectors=vectors,
            first=torch.full_like(vectors, round(LEAD / HOP)),
            last=torch.minimum((stop / HOP).round().long(), vectors),
            low=torch.full_like(vectors, round((LEAD - EDGE) / HOP)),
            high=torch.minimum(((stop + EDGE) / HOP).round().long(), vectors),
            phones=self._phones(clip, start, stop, tempo),
        )

    def _cut(self, clip: Tensor, start: Tensor, tempo: Tensor) -> Tensor:
        """Samples from LEAD before a start on; nothing where the clip has none."""
        at = torch.arange(SAMPLES, device=clip.device) - LEAD * RATE
        source = self.starts[clip][:, None] + start[:, None] * RATE + at * tempo[:, None]
        low = source.floor().long()
        share = (source - low).float()
        inside = (low >= self.starts[clip][:, None]) & (low + 1 < self.starts[clip + 1][:, None])
        low = low.clamp(0, len(self.samples) - 2)
        between = self.samples[low].float() * (1 - share) + self.samples[low + 1].float() * share
        return between * inside / 32768

    def _spoiled(self, x: Tensor, first: int, last: Tensor) -> Tensor:
        """What is heard beside them, and faint noise of any level."""
        b, device = len(x), x.device
        before = first - (torch.rand(b, 1, device=device) * 0.2 + 0.02) * RATE
        alone = (torch.rand(b, 1, device=device) < ALONE) & (torch.arange(SAMPLES, device=device) < before)
        x = self.spoil(torch.where(alone, 0.001 * torch.randn_like(x), x), torch.full_like(last, first), last)
        return x + 10 ** (torch.rand(b, 1, device=device) * -2 - 2.5) * torch.randn_like(x)

    def _phones(self, clip: Tensor, start: Tensor, stop: Tensor, tempo: Tensor) -> Tensor:
        middle = (torch.arange(VECTORS, device=clip.device) + 0.5) * HOP
        at = self.starts[clip][:, None] / RATE + start[:, None] + (middle - LEAD) * tempo[:, None]
        known = self.tracks[(at * 100).long().clamp(0, len(self.tracks) - 1)].long()
        return torch.where((middle < stop[:, None] + EDGE)[..., None], known, torch.full_like(known, UNKNOWN))


def jitter(b: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """[b] s by which the ends of aligned phrases are changed."""
    early, late = (torch.randn(b, device=device).clamp(-2, 2) * JITTER for _ in range(2))
    return early, late


def detection_errors(b: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """[b] s by which detections begin and end beside where phrases do: mostly a little, sometimes a lot too short."""
    start, end = 0.02 + 0.035 * torch.randn(b, device=device), -0.02 + 0.05 * torch.randn(b, device=device)
    start = torch.where(torch.rand(b, device=device) < 0.1, 0.15 * torch.rand(b, device=device), start)
    end = torch.where(torch.rand(b, device=device) < 0.15, -0.25 * torch.rand(b, device=device), end)
    return start.clamp(-0.15, 0.15), end.clamp(-0.25, 0.15)


def phone_tracks(
    clip: NDArray[np.int32], sound: NDArray[np.int8], place: NDArray[np.float32], starts: NDArray[np.int64]
) -> NDArray[np.int8]:
    """[n, 3] phones before, in and after each hundredth of a second of all clips in a row.

    Args:
        clip, sound, place: [m] of each phone, and [m, 2] its seconds in the clip.
        starts: [clips + 1] samples at which clips begin.
    """
    tracks = np.full((int(starts[-1]) // (RATE // 100) + 1, 3), UNKNOWN, np.int8)
    first, last = (np.round((starts[clip] / RATE + place[:, i]) * 100).astype(int) for i in range(2))
    joined = (clip[1:] == clip[:-1]) & (first[1:] - last[:-1] < 5)
    before = np.where(np.append(False, joined), np.roll(sound, 1), 0)
    after = np.where(np.append(joined, False), np.roll(sound, -1), 0)
    for a, b, *three in zip(first, last, before, sound, after, strict=True):
        tracks[a:b] = three
    return tracks
