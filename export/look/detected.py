"""Go on with a trained network, with phrases where detections have them: `python -m export.look.detected`.

A detection ends too early or begins too late, sometimes by far more than an aligned phrase does. Each stretch is heard
ahead by the encoder as kwsd runs it, once as it is enrolled and once as it is detected, so that a machine without a
graphics card can do it; what was heard is kept.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import click
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from export.look import audio
from export.look.draw import Draw
from export.look.hearing import VECTORS, Data, Heard
from export.look.loss import distances, losses, spelled, total
from export.look.net import KERNEL, Comparison
from export.look.to_onnx import load
from export.look.train import DECAY, SCALE, rate_at
from export.look.whisper import WIDTH
from kwsd.second_look.distance import USUAL
from kwsd.second_look.encoder import Encoder

ROLES = ("enrolled", "detected")
PARTS = 2  # processes that hear stretches
AT_ONCE = 32
MEMORY = 0.99  # of the mean of the weights that is kept
COUNTS = ("vectors", "first", "last", "low", "high")
EVERY = 20  # steps between two lines of the log
APART = KERNEL // 2  # vectors of nothing between stretches in a row, so that no block looks from one into the next


def drawn(table: Path, count: int, seed: int) -> NDArray[np.int64]:
    """Numbers of so many stretches, as batches have them."""
    draw, rng, chosen = Draw(table, 448, seed), np.random.default_rng(seed), set[int]()
    while len(chosen) < count:
        chosen.update(draw.batch(rng)[0].tolist())
    order = np.array(sorted(chosen))
    rng.shuffle(order)
    return order[:count]


def hear(folder: Path, out: Path, count: int, seed: int, part: int) -> None:
    """Hear every PARTS-th stretch in each role."""
    torch.set_num_threads(1)
    torch.manual_seed(seed + part)
    wanted = {role: path for role in ROLES if not (path := out / f"{role}-{part}.npz").exists()}
    if not wanted:
        return
    rows = drawn(folder / "table.npz", count, seed)[part::PARTS]
    data, encoder = Data(folder, torch.device("cpu"), 1), Encoder()
    for role, path in wanted.items():
        kind, shape = np.dtype(np.float16), (len(rows), 2 * VECTORS, WIDTH)
        states = np.lib.format.open_memmap(path.with_suffix(".npy"), mode="w+", dtype=kind, shape=shape)
        counts, phones = np.zeros((len(rows), len(COUNTS)), np.int16), np.zeros((len(rows), VECTORS, 3), np.int8)
        for first in tqdm(range(0, len(rows), AT_ONCE), desc=role, disable=part > 0):
            some = torch.from_numpy(rows[first : first + AT_ONCE])
            heard = data.hear(data.clip[some], data.place[some], vary=True, detected=role == "detected")
            for i in range(len(some)):
                two, size = 2 * int(heard.vectors[i]), 320 * int(heard.states[i])
                states[first + i, :two] = encoder.states(heard.samples[i, :size].numpy())[:two]
            counts[first : first + AT_ONCE] = torch.stack([vars(heard)[name] for name in COUNTS], 1)
            phones[first : first + AT_ONCE] = heard.phones
        np.savez(path, stretches=rows, counts=counts, phones=phones)


class Views:
    """What was heard in a role.

    Attributes:
        stretches: [n] their numbers.
    """

    def __init__(self, out: Path, role: str) -> None:
        tables = [np.load(out / f"{role}-{part}.npz") for part in range(PARTS)]
        self.stretches, self._counts, self._phones = (
            np.concatenate([table[name] for table in tables]) for name in ("stretches", "counts", "phones")
        )
        self._states = [np.load(out / f"{role}-{part}.npy", mmap_mode="r") for part in range(PARTS)]

    def of(self, rows: NDArray[np.int64]) -> tuple[Row, Heard]:
        """Whisper's vectors of some stretches, and which of ours count."""
        counts = torch.from_numpy(self._counts[rows].astype(np.int64))
        named = dict(zip(COUNTS, counts.T, strict=True))
        size = len(self._states[0])
        row = Row([self._states[i // size][i % size] for i in rows], named["vectors"])
        phones = torch.from_numpy(self._phones[rows][:, : row.most].astype(np.int64))
        return row, Heard(torch.zeros(len(rows), 0), 2 * named["vectors"], **named, phones=phones)


class Row:
    """Stretches one after the other, so that none is filled up to the length of the longest.

    Args:
        states: [m, WIDTH] of each stretch.
        vectors: [b] how many of ours count, of two states each.

    Attributes:
        most: vectors of the longest stretch.
    """

    def __init__(self, states: Sequence[NDArray[np.float16]], vectors: Tensor) -> None:
        self.most = int(vectors.max())
        ends = (vectors + APART).cumsum(0)
        starts, size = ends - vectors - APART, int(ends[-1])
        every = np.zeros((2 * size, WIDTH), np.float32)
        for one, first, count in zip(states, starts.tolist(), vectors.tolist(), strict=True):
            every[2 * first : 2 * (first + count)] = one[: 2 * count]
        self._states = torch.from_numpy(every)
        at = torch.arange(self.most)
        self._index = (starts[:, None] + at).clamp(max=size - 1)
        self._held = torch.zeros(size)
        self._held[self._index[at < vectors[:, None]]] = 1

    def heard_by(self, net: Comparison) -> tuple[Tensor, Tensor]:
        """Unit vectors [b, most, DIM], and logits of phones; only the first `vectors` of each count."""
        vectors, phones = net(self._states[None], self._held[None])
        return vectors[0][self._index], phones[0][self._index]


def of_those(table: Path, stretches: NDArray[np.int64], out: Path) -> None:
    """Write the part of a table that is of some stretches, in their order, with texts that two speakers still say."""
    with np.load(table) as known:
        text, speaker, near = known["text"][stretches], known["speaker"][stretches], known["near"]
        speakers: list[set[int]] = [set() for _ in known["kind"]]
        for one, who in zip(text, speaker, strict=True):
            speakers[one].add(int(who))
        usable = np.array([len(who) > 1 for who in speakers])
        kind = np.where(usable, known["kind"], -1)
    np.savez(out, text=text, speaker=speaker, kind=kind, near=near[usable[near].all(axis=1)])


def of_distances(start: Path) -> tuple[Tensor, Tensor]:
    """Scale and limit of distances, see `losses`; a graph has none, and what is usual in kwsd takes their place."""
    if start.suffix == ".onnx":
        return torch.tensor(SCALE), torch.tensor(USUAL)
    saved = torch.load(start, weights_only=True)
    return saved["scale"].float(), saved["limit"].float()


@click.command()
@click.option("--data", "folder", type=click.Path(path_type=Path), required=True, help="What was packed.")
@click.option("--start", type=click.Path(path_type=Path), required=True, help="A trained network, or its graph.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of the run.")
@click.option("--stretches", "count", default=20_000, show_default=True, help="That are heard.")
@click.option("--size", default=160, show_default=True, help="Stretches of a batch.")
@click.option("--minutes", default=12.0, show_default=True, help="Train so long by the clock.")
@click.option("--rate", default=4e-4, show_default=True)
@click.option("--seed", default=20261130, show_default=True)
def main(folder: Path, start: Path, out: Path, count: int, size: int, minutes: float, rate: float, seed: int) -> None:
    """Hear, and train."""
    out.mkdir(parents=True, exist_ok=True)
    audio.load(folder, PARTS)
    with ProcessPoolExecutor(PARTS) as pool:
        list(pool.map(partial(hear, folder, out, count, seed), range(PARTS)))
    torch.manual_seed(seed)
    enrolled, detected = (Views(out, role) for role in ROLES)
    of_those(folder / "table.npz", enrolled.stretches, out / "table.npz")
    draw, rng = Draw(out / "table.npz", size, seed), np.random.default_rng(seed)
    net, (scale, limit) = load(start).train(), map(nn.Parameter, of_distances(start))
    optimizer = torch.optim.AdamW([*net.parameters(), scale, limit], lr=rate, weight_decay=DECAY)
    mean = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(MEMORY))  # type: ignore[no-untyped-call]
    begun, number, sums = time.monotonic(), 0, dict[str, float]()
    while (done := (time.monotonic() - begun) / 60 / minutes) < 1:
        for group in optimizer.param_groups:
            group["lr"] = rate_at(10 * number, done, rate)
        rows, *asked = draw.batch(rng)
        pairs, same, near = map(torch.from_numpy, asked)
        (states, template), (others, heard) = enrolled.of(rows), detected.of(rows)
        vectors, _ = states.heard_by(net)
        around, phones = others.heard_by(net)
        distance = distances(vectors, around, template, heard, pairs)
        parts = losses(distance, pairs, same, near, scale, limit, len(rows))
        parts["phones"] = spelled(phones, heard.phones)
        optimizer.zero_grad()
        total(parts).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        mean.update_parameters(net)
        number += 1
        for name, value in parts.items():
            sums[name] = sums.get(name, 0.0) + value.item() / EVERY
        if number % EVERY == 0:
            told = " ".join(f"{name} {value:.3f}" for name, value in sums.items())
            click.echo(f"{number} {told} scale {scale.item():.1f} limit {limit.item():.3f}")
            sums.clear()
            kept = {"net": mean.module.state_dict(), "scale": scale.detach(), "limit": limit.detach()}
            torch.save(kept, out / "net.pt")
    click.echo(f"{out / 'net.pt'}: {number} steps")


if __name__ == "__main__":
    main()
