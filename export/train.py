"""Train the encoder and its codebook: `python -m export.train`. Stops and resumes at any checkpoint.

Input noisy, targets from clean audio. Loss: per frame 2 (1 - cos(z, target)) and 0.5 times the cross-entropy of the
codebook's cosines against the target's cluster; in the last phase also that of phones, and the spotting loss. Token and
vector are trained together, so the codebook is the encoder's own.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader
from tqdm import tqdm

from export import corpus, teacher
from export.labels import UNKNOWN
from export.model import Codebook, Encoder, Shape
from export.recipe import Phase, Recipe
from export.spotting import spotting_loss
from export.targets import Targets, fit
from export.windows import WARM, Batch, Windows

SHARPNESS = 16.0  # scale of cosines before the softmax


class TrainingError(Exception):
    """A run cannot go on; the message says why, and what to do."""


class Student(torch.nn.Module):
    """The encoder with its codebook, as trained, and the centroids of phones, which only training needs."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.encoder = Encoder(shape)
        self.codebook = Codebook(shape.tokens, shape.dim)
        self.phones = Codebook(shape.phones, shape.sound)

    def losses(self, batch: Batch, clusters: Tensor, scale: float) -> dict[str, Tensor]:
        """The parts of the loss, averaged over the frames that have heard enough, and how often they are right."""
        z, u = self._heard(batch.samples)
        labels = (batch.targets @ clusters.T).argmax(dim=2)
        distance = 1 - (z * batch.targets).sum(dim=2).mean()
        tokens, _ = chosen(self.codebook(z), labels)
        known = batch.phones != UNKNOWN
        phones, right = chosen(self.phones(u)[known], batch.phones[known])
        parts = {"distance": distance, "tokens": tokens, "phones": phones, "phones_right": right}
        if batch.pairs is not None:
            parts["spotting"], parts["spotting_right"] = spotting_loss(z, batch.pairs, scale)
        return parts

    def _heard(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """z and u of the frames from WARM on."""
        front, *body = (state.to(samples.device) for state in self.encoder.states(len(samples)))
        with torch.no_grad():
            mel, _ = self.encoder.front(samples, front)
        with torch.autocast(samples.device.type, torch.bfloat16):
            z, u, _ = self.encoder.body(mel, body)
        return z[:, WARM:], u[:, WARM:]


def chosen(cosines: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy of cosines [..., K] against labels [...], and the share in which the label has the largest."""
    logits, labels = SHARPNESS * cosines.flatten(0, -2), labels.flatten()
    right = (logits.argmax(dim=1) == labels).float().mean()
    return functional.cross_entropy(logits, labels), right


def total(parts: dict[str, Tensor], recipe: Recipe, phase: Phase) -> Tensor:
    """What is minimised in a phase."""
    loss = 2 * parts["distance"] + recipe.token_weight * parts["tokens"]
    if phase.phones:
        loss = loss + phase.phones * parts["phones"]
    return loss + phase.spotting * parts["spotting"] if phase.spotting else loss


class Run:
    """A training run in a folder: `checkpoint.pt`, replaced atomically, `log.jsonl`, and in the end `trained.pt`.

    What is trained in the end is the mean of the weights before and after the last phase (Wortsman et al. 2022): it
    keeps most of what the phase taught about the words of the corpora, and little of what it cost with other voices.
    """

    def __init__(self, folder: Path, cache: Path, recipe: Recipe, shape: Shape, device: str = "cpu") -> None:
        self.folder, self.recipe, self.cache, self.device = folder, recipe, cache, torch.device(device)
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(recipe.seed)
        self.targets = self._targets(shape)
        self.clusters = torch.from_numpy(self.targets.centroids).to(self.device)
        self.student = Student(shape).to(self.device)
        self.student.codebook.centroids.data.copy_(self.clusters)
        self.optimizer = torch.optim.AdamW(self.student.parameters(), weight_decay=0.01)
        self.step = 0
        if (folder / "checkpoint.pt").exists():
            self._resume(torch.load(folder / "checkpoint.pt", map_location=self.device, weights_only=True))

    def _targets(self, shape: Shape) -> Targets:
        path = self.folder / "targets.npz"
        if not path.exists():
            source = teacher.vectors(self.cache / "train" / "speech-1.teacher")
            fit(source, shape.dim, shape.tokens, self.recipe.seed).save(path)
        return Targets.load(path)

    def _resume(self, saved: dict[str, Any]) -> None:
        if saved["shape"] != self.student.encoder.shape.as_dict():
            raise TrainingError(f"{self.folder} holds a run of another model: name another folder with --out")
        self.student.load_state_dict(saved["student"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.step = saved["step"]

    def save(self) -> None:
        """Replace the checkpoint; a run that is cut off goes on from here."""
        self._write("checkpoint.pt", self.student.state_dict(), optimizer=self.optimizer.state_dict())

    def finish(self) -> None:
        """Write the mean of the weights before and after the last phase."""
        if not (self.folder / "before.pt").exists():
            raise TrainingError(f"{self.folder} lacks before.pt, written when the last phase began: train anew")
        before = torch.load(self.folder / "before.pt", map_location=self.device, weights_only=True)["student"]
        mean = {name: (before[name] + after) / 2 for name, after in self.student.state_dict().items()}
        self._write("trained.pt", mean)

    def _write(self, name: str, student: dict[str, Tensor], **more: object) -> None:
        """Replace a file of the run at once; if the disk is full, what was there stays."""
        part, shape = self.folder / f"{name}.part", self.student.encoder.shape.as_dict()
        try:
            torch.save({"student": student, "step": self.step, "shape": shape, **more}, part)
            part.replace(self.folder / name)
        except (OSError, RuntimeError) as error:  # torch wraps what the disk says
            part.unlink(missing_ok=True)
            raise TrainingError(f"{self.folder / name} cannot be written ({error}): make room and run again") from error

    def train(self, every: int) -> None:
        """Train to the last step, with a checkpoint and a line in the log every so many steps."""
        recipe = self.recipe
        windows = Windows(self.cache, self.targets, recipe, first=self.step)
        batches = iter(DataLoader(windows, batch_size=None, num_workers=1, prefetch_factor=4))
        held_out = windows.held_out()
        started = time.monotonic()
        with tqdm(total=recipe.steps, initial=self.step, unit="step") as bar:
            while self.step < recipe.steps:
                parts = self._advance(next(batches))
                bar.update()
                bar.set_postfix({name: f"{value:.3f}" for name, value in parts.items()})
                if self.step % every == 0 or self.step == recipe.steps:
                    self.save()
                    self._log(parts, self._judge(held_out), time.monotonic() - started)

    def _advance(self, batch: Batch) -> dict[str, float]:
        phase, _ = self.recipe.at(self.step)
        if self.step == self.recipe.last:
            self._write("before.pt", self.student.state_dict())
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate_at(self.step)
        parts = self._losses(batch)
        self.optimizer.zero_grad()
        total(parts, self.recipe, phase).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.student.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        return {name: value.item() for name, value in parts.items()}

    @torch.no_grad()
    def _judge(self, batch: Batch) -> dict[str, float]:
        return {f"held_out_{name}": value.item() for name, value in self._losses(batch).items()}

    def _losses(self, batch: Batch) -> dict[str, Tensor]:
        return self.student.losses(batch.to(self.device), self.clusters, self.recipe.spotting_scale)

    def _log(self, trained: dict[str, float], held_out: dict[str, float], seconds: float) -> None:
        figures = {name: round(value, 4) for name, value in (trained | held_out).items()}
        line = {"step": self.step, "seconds": round(seconds, 1), **figures}
        with (self.folder / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Folder of the run.")
@click.option("--threads", default=torch.get_num_threads(), show_default=True)
@click.option("--every", default=250, show_default=True, help="Steps between checkpoints.")
@click.option("--device", default="cpu", show_default=True, help='"cuda" trains on a graphics card.')
def main(out: Path | None, threads: int, every: int, device: str) -> None:
    """Train from the prepared data, going on from the last checkpoint if there is one."""
    torch.set_num_threads(threads)
    cache = corpus.default_cache()
    try:
        run = Run(out or cache / "run", cache, Recipe(), Shape(), device)
        run.train(every)
        run.finish()
    except (corpus.CorpusError, teacher.TeacherError, TrainingError) as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
