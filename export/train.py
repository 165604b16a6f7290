"""Train the encoder and its codebook: `python -m export.train`. Stops and resumes at any checkpoint.

Input noisy, targets from clean audio. Loss: per frame 2 (1 - cos(z, target)) and 0.5 times the cross-entropy of the
codebook's cosines against the target's cluster; in the last phase also that of phones, and the spotting loss. Token and
vector are trained together, so the codebook is the encoder's own.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader
from tqdm import tqdm

from export import corpus, start, teacher
from export.labels import UNKNOWN
from export.model import Codebook, Encoder, Shape
from export.recipe import Phase, Recipe
from export.schedule import Schedule
from export.spotting import spotting_loss
from export.targets import Targets, fit
from export.windows import WARM, Batch, Windows
from kwsd.errors import KwsdError

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

    What is trained in the end is the mean of the last weights and the former ones (Wortsman et al. 2022), those of the
    model that the run started from or, without one, those before the last phase: it keeps most of what each can do.

    Args:
        folder: of the run; it goes on from the checkpoint there, if there is one.
        cache: holds the prepared data.
        recipe, shape: of the training and the encoder.
        minutes: how long it may take by the clock; None takes the recipe's steps.
        model: an exported model that the run starts from.
        device: as torch names it.
    """

    def __init__(
        self,
        folder: Path,
        cache: Path,
        recipe: Recipe,
        shape: Shape,
        minutes: float | None = None,
        model: Path | None = None,
        device: str = "cpu",
    ) -> None:
        self.folder, self.cache, self.model, self.device = folder, cache, model, torch.device(device)
        self.recipe = recipe.onward() if model else recipe
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(recipe.seed)
        self.targets = self._targets(shape, model)
        self.clusters = torch.from_numpy(self.targets.centroids).to(self.device)
        self.student = Student(shape).to(self.device)
        self.student.codebook.centroids.data.copy_(self.clusters)
        if model:
            self.student.load_state_dict(start.weights(model), strict=False)
        self.optimizer = torch.optim.AdamW(self.student.parameters(), weight_decay=0.01)
        self.step, self.phase, spent = 0, 0, 0.0
        if (folder / "checkpoint.pt").exists():
            spent = self._resume(torch.load(folder / "checkpoint.pt", map_location=self.device, weights_only=True))
        self.schedule = Schedule(self.recipe, minutes, spent)

    def _targets(self, shape: Shape, model: Path | None) -> Targets:
        path = self.folder / "targets.npz"
        if not path.exists():
            source = teacher.vectors(self.cache / "train" / "speech-1.teacher")
            fitted = fit(source, shape.dim, shape.tokens, self.recipe.seed)
            (start.agreeing(fitted, model, self.cache, "speech-1") if model else fitted).save(path)
        return Targets.load(path)

    def _resume(self, saved: dict[str, Any]) -> float:
        """Take up a checkpoint; returns the minutes that were spent before it."""
        if saved["shape"] != self.student.encoder.shape.as_dict():
            raise TrainingError(f"{self.folder} holds a run of another model: name another folder with --out")
        self.student.load_state_dict(saved["student"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.step, self.phase = saved["step"], saved["phase"]
        return float(saved["spent"])

    def save(self) -> None:
        """Replace the checkpoint; a run that is cut off goes on from here."""
        more = {"optimizer": self.optimizer.state_dict(), "phase": self.phase, "spent": self.schedule.spent}
        self._write("checkpoint.pt", self.student.state_dict(), **more)

    def finish(self, share: float) -> None:
        """Write the mean of the trained and the former weights, with this share of the former."""
        former = self._former()
        mean = {
            name: torch.lerp(new, former[name].to(self.device), share) if name in former else new
            for name, new in self.student.state_dict().items()
        }
        self._write("trained.pt", mean)

    def _former(self) -> dict[str, Tensor]:
        """The weights of the model that the run started from, or else those before the last phase."""
        if self.model:
            return start.weights(self.model)
        if not (self.folder / "before.pt").exists():
            raise TrainingError(f"{self.folder} lacks before.pt, written when the last phase began: train anew")
        saved: dict[str, Tensor] = torch.load(self.folder / "before.pt", weights_only=True)["student"]
        return saved

    def _write(self, name: str, student: dict[str, Tensor], **more: object) -> None:
        """Replace a file of the run at once; if the disk is full, what was there stays."""
        part, shape = self.folder / f"{name}.part", self.student.encoder.shape.as_dict()
        try:
            torch.save({"student": student, "step": self.step, "shape": shape, **more}, part)
            part.replace(self.folder / name)
        except (OSError, RuntimeError) as error:  # torch wraps what the disk says
            part.unlink(missing_ok=True)
            raise TrainingError(f"{self.folder / name} cannot be written ({error}): make room and run again") from error

    def train(self, every: int, workers: int = 1) -> None:
        """Train to the end of the recipe, with a checkpoint and a line in the log every so many steps.

        Args:
            every: steps.
            workers: processes that make the batches; with the clock, they may disagree by a batch on when a phase ends.
        """
        windows = Windows(self.cache, self.targets, self.recipe, self.schedule, first=self.step)
        held_out = windows.held_out()
        batches = DataLoader(windows, batch_size=None, num_workers=workers, prefetch_factor=4)
        parts: dict[str, float] = {}
        for batch in tqdm(batches, initial=self.step, total=self.recipe.steps, unit="step"):
            parts = self._advance(batch)
            if self.step % every == 0:
                self._keep(parts, held_out)
        if parts and self.step % every:
            self._keep(parts, held_out)

    def _keep(self, parts: dict[str, float], held_out: Batch) -> None:
        self.save()
        self._log(parts, self._judge(held_out))

    def _advance(self, batch: Batch) -> dict[str, float]:
        last = len(self.recipe.todo) - 1
        if batch.phase == last and self.phase < last:
            self._write("before.pt", self.student.state_dict())
        self.phase, phase = max(self.phase, batch.phase), self.recipe.todo[batch.phase]
        place = self.schedule.at(self.step)
        done = place.done if place.phase == batch.phase else 1.0  # batches are drawn a little before they are used
        for group in self.optimizer.param_groups:
            group["lr"] = phase.rate_at(done)
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

    def _log(self, trained: dict[str, float], held_out: dict[str, float]) -> None:
        figures = {name: round(value, 4) for name, value in (trained | held_out).items()}
        line = {"step": self.step, "phase": self.phase, "minutes": round(self.schedule.spent, 2), **figures}
        with (self.folder / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Folder of the run.")
@click.option("--threads", default=torch.get_num_threads(), show_default=True)
@click.option("--every", default=250, show_default=True, help="Steps between checkpoints.")
@click.option("--device", default="cpu", show_default=True, help='"cuda" trains on a graphics card.')
@click.option("--workers", default=1, show_default=True, help="Processes that make batches; a card wants many.")
@click.option("--start", "model", type=click.Path(path_type=Path), help="An exported model to go on from.")
@click.option("--minutes", type=float, help="Train so long by the clock, in the recipe's proportions.")
@click.option("--former", default=Recipe().former, show_default=True, help="Share of the former weights in the mean.")
def main(
    out: Path | None,
    threads: int,
    every: int,
    device: str,
    workers: int,
    model: Path | None,
    minutes: float | None,
    former: float,
) -> None:
    """Train from the prepared data, going on from the last checkpoint if there is one."""
    torch.set_num_threads(threads)
    cache, recipe = corpus.default_cache(), Recipe()
    try:
        run = Run(out or cache / "run", cache, recipe, Shape(), minutes, model, device)
        run.train(every, workers)
        run.finish(former)
    except (corpus.CorpusError, teacher.TeacherError, KwsdError, TrainingError) as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
