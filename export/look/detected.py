"""Go on with a trained network, with phrases where detections have them: `python -m export.look.detected`.

A detection ends too early or begins too late, sometimes by far more than an aligned phrase does. Each stretch is heard
ahead by the encoder as kwsd runs it, once as it is enrolled and once as it is detected, so that a machine without a
graphics card can do it; what was heard is kept.
"""

from __future__ import annotations

import time
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

from export.look.draw import Draw
from export.look.hearing import VECTORS, Data, Heard
from export.look.loss import distances, losses, spelled, total
from export.look.to_onnx import load
from export.look.train import DECAY, rate_at
from export.look.whisper import WIDTH
from kwsd.second_look.encoder import Encoder

ROLES = ("enrolled", "detected")
STRETCHES = 20_000  # that are heard
PARTS = 2  # processes that hear them
AT_ONCE = 32
MEMORY = 0.99  # of the mean of the weights that is kept
COUNTS = ("vectors", "first", "last", "low", "high")


def drawn(table: Path, seed: int) -> NDArray[np.int64]:
    """Numbers of STRETCHES stretches, as batches have them."""
    draw, rng, chosen = Draw(table, 448, seed), np.random.default_rng(seed), set[int]()
    while len(chosen) < STRETCHES:
        chosen.update(draw.batch(rng)[0].tolist())
    order = np.array(sorted(chosen))
    rng.shuffle(order)
    return order


def hear(folder: Path, out: Path, seed: int, part: int) -> None:
    """Hear every PARTS-th stretch in each role."""
    torch.set_num_threads(1)
    torch.manual_seed(seed + part)
    wanted = {role: path for role in ROLES if not (path := out / f"{role}-{part}.npz").exists()}
    if not wanted:
        return
    rows = drawn(folder / "table.npz", seed)[part::PARTS]
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

    def of(self, rows: NDArray[np.int64]) -> tuple[Tensor, Heard]:
        """Whisper's vectors of some stretches, and which of ours count."""
        counts = torch.from_numpy(self._counts[rows].astype(np.int64))
        most, size = int(counts[:, 0].max()), len(self._states[0])
        states = np.stack([self._states[row // size][row % size][: 2 * most] for row in rows]).astype(np.float32)
        named = dict(zip(COUNTS, counts.T, strict=True))
        phones, none = torch.from_numpy(self._phones[rows][:, :most].astype(np.int64)), torch.zeros(len(rows), 0)
        return torch.from_numpy(states), Heard(none, 2 * named["vectors"], **named, phones=phones)


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


@click.command()
@click.option("--data", "folder", type=click.Path(path_type=Path), required=True, help="What was packed.")
@click.option("--start", type=click.Path(path_type=Path), required=True, help="A trained network.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of the run.")
@click.option("--size", default=160, show_default=True, help="Stretches of a batch.")
@click.option("--minutes", default=12.0, show_default=True, help="Train so long by the clock.")
@click.option("--rate", default=4e-4, show_default=True)
@click.option("--seed", default=20261130, show_default=True)
def main(folder: Path, start: Path, out: Path, size: int, minutes: float, rate: float, seed: int) -> None:
    """Hear, and train."""
    out.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(PARTS) as pool:
        list(pool.map(partial(hear, folder, out, seed), range(PARTS)))
    torch.manual_seed(seed)
    enrolled, detected = (Views(out, role) for role in ROLES)
    of_those(folder / "table.npz", enrolled.stretches, out / "table.npz")
    draw, rng = Draw(out / "table.npz", size, seed), np.random.default_rng(seed)
    saved, net = torch.load(start, weights_only=True), load(start).train()
    scale, limit = (nn.Parameter(saved[name].float()) for name in ("scale", "limit"))
    optimizer = torch.optim.AdamW([*net.parameters(), scale, limit], lr=rate, weight_decay=DECAY)
    mean = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(MEMORY))  # type: ignore[no-untyped-call]
    begun, number = time.monotonic(), 0
    while (done := (time.monotonic() - begun) / 60 / minutes) < 1:
        for group in optimizer.param_groups:
            group["lr"] = rate_at(10 * number, done, rate)
        rows, *asked = draw.batch(rng)
        pairs, same, near = map(torch.from_numpy, asked)
        (states, template), (others, heard) = enrolled.of(rows), detected.of(rows)
        vectors, _ = net(states, torch.arange(states.shape[1] // 2) < template.vectors[:, None])
        around, phones = net(others, torch.arange(others.shape[1] // 2) < heard.vectors[:, None])
        distance = distances(vectors, around, template, heard, pairs)
        parts = losses(distance, pairs, same, near, scale, limit, len(rows))
        parts["phones"] = spelled(phones, heard.phones)
        optimizer.zero_grad()
        total(parts).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        mean.update_parameters(net)
        number += 1
        if number % 20 == 0:
            click.echo(f"{number} {' '.join(f'{name} {value.item():.3f}' for name, value in parts.items())}")
            torch.save(
                {"net": mean.module.state_dict(), "scale": scale.detach(), "limit": limit.detach()}, out / "net.pt"
            )
    click.echo(f"{out / 'net.pt'}: {number} steps")


if __name__ == "__main__":
    main()
