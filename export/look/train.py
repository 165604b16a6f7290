"""Train the network by which a second look compares phrases: `python -m export.look.train --device cuda`.

To be run after `export.look.pack`, on a machine that need have neither kwsd's data nor its programs. Each step shows
phrases of two speakers beside near ones, spoiled anew; Whisper's encoder hears them and is not changed.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from export.look.draw import Draw
from export.look.hearing import VECTORS, Data, Heard
from export.look.judge import WAYS, judged
from export.look.loss import distances, losses, spelled, total
from export.look.net import Comparison
from export.look.whisper import Whisper

WARM_UP = 300  # steps
MEMORY = 0.999  # of the mean of the weights that is kept
DECAY = 0.02
SCALE, LIMIT = 20.0, 0.55  # at the start, see `losses`


Batch = tuple[Tensor, Tensor, Tensor, Tensor]


class Student(nn.Module):
    """What is trained, and Whisper's encoder, whose weights are buffers and stay as they are.

    Args:
        folder: as `export.look.pack` wrote it.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        with np.load(folder / "whisper.npz") as arrays:
            weights = {name.replace(":", "/"): arrays[name] for name in arrays.files if name != "filters"}
            self.whisper = Whisper(weights, arrays["filters"])
        with np.load(folder / "discriminant.npz") as arrays:
            self.net = Comparison(arrays["mean"], arrays["projection"])
        self.scale, self.limit = nn.Parameter(torch.tensor(math.log(SCALE))), nn.Parameter(torch.tensor(LIMIT))

    def forward(self, heard: Heard) -> tuple[Tensor, Tensor]:
        """Unit vectors [b, VECTORS, DIM], and logits of phones."""
        held = torch.arange(VECTORS, device=heard.vectors.device) < heard.vectors[:, None]
        mel = self.whisper.mel(heard.samples)
        with torch.autocast(mel.device.type, torch.bfloat16):
            states = self.whisper(mel, heard.states)[:, : 2 * VECTORS]
            vectors, phones = self.net(states, held)
        return vectors, phones

    def trained(self) -> dict[str, object]:
        """What is kept of it."""
        return {"net": self.net.state_dict(), "scale": self.scale.exp().detach(), "limit": self.limit.detach()}


def step(student: Student, data: Data, batch: Batch) -> dict[str, Tensor]:
    """The losses of a batch, see `export.look.draw`."""
    stretches, pairs, same, near = batch
    heard = data.hear(data.clip[stretches], data.place[stretches], vary=True)
    vectors, phones = student(heard)
    distance = distances(vectors, vectors, heard, heard, pairs)
    parts = losses(distance, pairs, same, near, student.scale.exp(), student.limit, len(stretches))
    return parts | {"phones": spelled(phones, heard.phones)}


def rate_at(step: int, done: float, rate: float) -> float:
    """The learning rate: it rises over WARM_UP steps, and falls to nothing on a cosine."""
    return rate * min(1.0, (step + 1) / WARM_UP) * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def batches(table: Path, size: int, seed: int, processes: int, device: torch.device) -> Iterator[Batch]:
    """Batches without end, on the device."""
    for batch in DataLoader(Draw(table, size, seed), batch_size=None, num_workers=processes):
        stretches, pairs, same, near = (torch.as_tensor(one).to(device) for one in batch)
        yield stretches, pairs, same, near


@click.command()
@click.option("--data", "folder", type=click.Path(path_type=Path), required=True, help="What was packed.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of the run.")
@click.option("--start", type=click.Path(path_type=Path), help="A network to go on from.")
@click.option("--device", default="cpu", show_default=True)
@click.option("--size", default=448, show_default=True, help="Stretches of a batch.")
@click.option("--minutes", default=10.0, show_default=True, help="Train so long by the clock.")
@click.option("--rate", default=1e-3, show_default=True)
@click.option("--processes", default=4, show_default=True, help="That decode, and that draw batches.")
@click.option("--every", default=2000, show_default=True, help="Steps between two lines of the log.")
@click.option("--seed", default=20261129, show_default=True)
def main(
    folder: Path,
    out: Path,
    start: Path | None,
    device: str,
    size: int,
    minutes: float,
    rate: float,
    processes: int,
    every: int,
    seed: int,
) -> None:
    """Train, and write the mean of the last weights, with a log of how well near phrases are told apart."""
    torch.manual_seed(seed)
    torch.backends.cuda.matmul.allow_tf32 = True
    where = torch.device(device)
    data, student = Data(folder, where, processes), Student(folder).to(where)
    if start:
        student.net.load_state_dict(torch.load(start, map_location=where, weights_only=True)["net"])
    trained = list(student.parameters())
    optimizer = torch.optim.AdamW(trained, lr=rate, weight_decay=DECAY)
    mean = AveragedModel(student, multi_avg_fn=get_ema_multi_avg_fn(MEMORY))  # type: ignore[no-untyped-call]
    out.mkdir(parents=True, exist_ok=True)

    def keep(number: int, parts: dict[str, Tensor]) -> None:
        kept: Student = mean.module.eval()  # type: ignore[assignment]
        found = {way: judged(kept, data, way) for way in WAYS}
        line = {"step": number, "seconds": round(time.monotonic() - begun), **found}
        line |= {name: round(value.item(), 4) for name, value in parts.items()}
        with (out / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")
        click.echo(json.dumps(line))
        torch.save(kept.trained(), out / "net.pt")

    begun = time.monotonic()
    keep(0, {})
    parts: dict[str, Tensor] = {}
    for number, batch in enumerate(batches(folder / "table.npz", size, seed, processes, where)):
        done = (time.monotonic() - begun) / 60 / minutes
        if done >= 1 and number:  # one step at least
            break
        for group in optimizer.param_groups:
            group["lr"] = rate_at(number, done, rate)
        student.train()
        parts = step(student, data, batch)
        optimizer.zero_grad()
        total(parts).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        mean.update_parameters(student)
        if (number + 1) % every == 0:
            keep(number + 1, parts)
    keep(number, parts)


if __name__ == "__main__":
    main()
