"""The training loop that all systems share. A run stops and resumes at any checkpoint.

After each epoch of expectation, in which the encoder learns with the codebook as it is, spherical k-means moves the
codebook to what the encoder says now; centroids keep their numbers. A system whose tokens play no part in its loss
gets its codebook when training is over.

Some of the speakers are held out. Now and then it is judged how well their recordings find each other, and the system
is kept as it was when they did so best: losses of pairs go on falling when retrieval has long begun to suffer. A run
whose last `patience` judgements were none better than an earlier one is over. What the untrained system is worth is
logged as step 0, and never kept.
"""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from export.systems.codebook import fitted, refined
from export.systems.lamb import Lamb
from export.systems.registry import TITLES, build
from export.systems.shape import Shape
from export.systems.system import System, TrainingError
from export.systems.training_pairs import Pairs, Sample

WARM_UP = 0.08  # share of the steps in which Adam's rate rises, as in the paper
RESTARTS = 3  # cosines in a run with LAMB
CLUSTERED, FRAMES = 400, 15_000  # recordings that the codebook is fitted to, and how many of their frames at most
LEAST, MOST = 100, 15  # steps between checkpoints, at which the system is judged, at least, and how many at most
COMPARED = 48  # pairs of which it is told how many tokens they share
HELD_OUT = 0.15  # of the speakers, two at least

Judge = Callable[[System, Sequence[Sample]], Mapping[str, float]]


@dataclass(frozen=True)
class Plan:
    """Everything that decides a run, beside the system and the data.

    Attributes:
        steps: its length, at most.
        patience: judgements without a better one after which it ends.
        pairs: of single recordings in a batch.
        sequences: pairs of sequences in a batch, for systems that learn from these.
        joined: recordings in a sequence.
        rate: the largest learning rate of Adam.
        lamb: the largest learning rate of LAMB.
        every: steps from one fit of the codebook to the next.
        seed: of the weights and of everything drawn.
    """

    steps: int = 1500
    patience: int = 6
    pairs: int = 16
    sequences: int = 4
    joined: int = 6
    rate: float = 1e-3
    lamb: float = 4e-3
    every: int = 100
    seed: int = 20261122


def divided(samples: Sequence[Sample], rng: np.random.Generator) -> tuple[list[Sample], list[Sample]]:
    """Samples to train on, and those that are held out.

    Where none is marked so, they are those of some speakers that are drawn; of three speakers or fewer, none is.
    """
    if marked := [s for s in samples if s.held_out]:
        return [s for s in samples if not s.held_out], marked
    speakers = sorted({s.speaker for s in samples})
    count = max(2, round(HELD_OUT * len(speakers))) if len(speakers) > 3 else 0
    out = set(rng.choice(speakers, count, replace=False).tolist())
    return [s for s in samples if s.speaker not in out], [s for s in samples if s.speaker in out] or list(samples)


class Run:
    """A training run in a folder: `checkpoint.pt`, replaced atomically, and `log.jsonl`.

    Args:
        folder: made if it is not there.
        name: of the system, see `export.systems.registry`.
        samples: to train on, those of some speakers to judge by.
        judge: how well a system does on samples by each matching, the greater the better.

    Attributes:
        best: the mean of what the judge said of the system as it is kept, by the matchings that count for it, and the
            step at which that was.

    Raises:
        TrainingError: the folder holds a run of another system, of another plan or on other data.
    """

    def __init__(
        self, folder: Path, name: str, shape: Shape, samples: Sequence[Sample], plan: Plan, judge: Judge
    ) -> None:
        self.folder, self.name, self.plan, self._judge = folder, name, plan, judge
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(plan.seed)
        self.rng = np.random.default_rng(plan.seed)
        self.samples, self.held_out = divided(samples, self.rng)
        self.system = build(name, shape)
        self._standardise()
        self.size, joined = (plan.sequences, plan.joined) if self.system.sequences else (plan.pairs, 1)
        self.pairs = Pairs(self.samples, self.system.pairs == "same", joined)
        self.optimiser = self._optimiser()
        self.step, self.best, self._kept = 0, (-math.inf, 0), copy.deepcopy(self.system.state_dict())
        self.facts = {"system": name, "shape": shape.as_dict(), "plan": asdict(plan), "samples": len(samples)}
        if self._checkpoint.exists():
            self._resume(torch.load(self._checkpoint, weights_only=False))

    @property
    def _checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"

    def _optimiser(self) -> torch.optim.Optimizer | None:
        if not self.system.learns:
            return None
        weights = list(self.system.parameters())
        return Lamb(weights) if self.system.optimiser == "lamb" else torch.optim.Adam(weights)

    def rate(self, step: int) -> float:
        """The learning rate of a step: a rise and a linear fall for Adam, cosines with restarts for LAMB."""
        if self.system.optimiser == "lamb":
            period = math.ceil(self.plan.steps / RESTARTS)
            return self.plan.lamb * 0.5 * (1 + math.cos(math.pi * (step % period) / period))
        warm = WARM_UP * self.plan.steps
        return self.plan.rate * min((step + 1) / warm, (self.plan.steps - step) / (self.plan.steps - warm))

    @property
    def over(self) -> bool:
        """Whether there is no step left, or no hope."""
        return self.step >= self.plan.steps or self.step >= self.best[1] + self.plan.patience * self.interval

    @property
    def interval(self) -> int:
        """Steps from one checkpoint to the next."""
        return max(LEAST, math.ceil(self.plan.steps / MOST))

    def train(self) -> System:
        """Train to the last step, and return the system as it was when it did best."""
        if self.optimiser is None:
            self._consider()
        elif not self.over:
            self._learn(self.optimiser)
        self.system.load_state_dict(self._kept)
        return self.system

    def retokenized(self, tokens: int) -> System:
        """The trained system with a codebook of another size, which its weights do not depend on."""
        system = copy.deepcopy(self.train())
        x, rng = self._said(np.random.default_rng(self.plan.seed)), np.random.default_rng(self.plan.seed)
        system.codebook = torch.from_numpy(fitted(x, tokens, rng))
        return system

    def _learn(self, optimiser: torch.optim.Optimizer) -> None:
        started, title = time.monotonic(), f"train {TITLES[self.name]} (K = {self.system.shape.tokens})"
        with tqdm(total=self.plan.steps, initial=self.step, desc=title, unit="step", mininterval=2) as bar:
            while not self.over:
                if self.step == 0:
                    self._cluster(anew=True)
                    self._log(self._judged(), 0.0)
                elif self.system.clustered and self.step % self.plan.every == 0:
                    self._cluster(anew=False)
                parts = self._advance(optimiser)
                bar.update()
                if self.step % self.interval == 0 or self.step == self.plan.steps:
                    parts |= self._consider()
                    bar.set_postfix({name: f"{value:.3f}" for name, value in parts.items()})
                    self._save()
                    self._log(parts, time.monotonic() - started)

    def _advance(self, optimiser: torch.optim.Optimizer) -> dict[str, float]:
        self.system.train()
        for group in optimiser.param_groups:
            group["lr"] = self.rate(self.step)
        parts = self.system.loss(self.pairs.draw(self.size, self.rng))
        optimiser.zero_grad()
        parts["loss"].backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.system.parameters(), 1.0)
        optimiser.step()
        self.step += 1
        return {name: value.item() for name, value in parts.items()}

    def _consider(self) -> dict[str, float]:
        """Judge the system, keep it if it is the best so far, and return what the judge said."""
        codebook = self.system.codebook.clone()
        if not self.system.clustered:
            self._cluster(anew=True)
        found = self._judged()
        if found["held_out"] > self.best[0]:
            self.best, self._kept = (found["held_out"], self.step), copy.deepcopy(self.system.state_dict())
        self.system.codebook.copy_(codebook)
        return found

    def _judged(self) -> dict[str, float]:
        """What the judge says by each matching, as `held_out` the mean of those that count, and what pairs share."""
        found = dict(self._judge(self.system, self.held_out))
        held_out = float(np.mean([found[name] for name in self.system.judged_by]))
        return {"held_out": held_out, **found, **self._shared()}

    def _shared(self) -> dict[str, float]:
        """The mean share of the tokens of a recording that its pair's other recording has, and that any other has.

        Where the two are alike, losses of pairs cannot tell what is said.
        """
        drawn = self.pairs.draw(COMPARED, np.random.default_rng(self.plan.seed))
        rows = zip(drawn.features.numpy(), drawn.lengths.tolist(), strict=True)
        held = [set(one.tokens.tolist()) for one in self.system.encode([row[:n] for row, n in rows])]
        first, second = held[0::2], held[1::2]
        apart = [*second[1:], second[0]]
        shares = [[len(a & b) / len(a) for a, b in zip(first, others, strict=True)] for others in (second, apart)]
        return {"shared": float(np.mean(shares[0])), "shared_by_chance": float(np.mean(shares[1]))}

    def _cluster(self, anew: bool) -> None:
        """Move the codebook to what the encoder says of some of the recordings."""
        x, tokens = self._said(self.rng), len(self.system.codebook)
        centroids = fitted(x, tokens, self.rng) if anew else refined(x, self.system.codebook.numpy())
        self.system.codebook.copy_(torch.from_numpy(centroids))

    def _standardise(self) -> None:
        """Tell the system what features are like."""
        frames = np.concatenate([s.features for s in self.samples[:: max(1, len(self.samples) // CLUSTERED)]])
        self.system.centre.copy_(torch.from_numpy(frames.mean(axis=0, dtype=np.float64)))
        self.system.spread.copy_(torch.from_numpy(frames.std(axis=0, dtype=np.float64)).clamp(min=1e-3))

    def _said(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """[n, m] what the encoder says of recordings that are drawn.

        Raises:
            TrainingError: there are too few frames for the codebook.
        """
        chosen = rng.choice(len(self.samples), min(CLUSTERED, len(self.samples)), replace=False)
        said = self.system.encode([self.samples[i].features.astype(np.float32) for i in chosen])
        x: NDArray[np.float32] = np.concatenate([e.z for e in said])
        return x[:: math.ceil(len(x) / FRAMES)]

    def _save(self) -> None:
        """Replace the checkpoint; if the disk is full, what was there stays."""
        part = self.folder / "checkpoint.part"
        state = {
            "facts": self.facts,
            "step": self.step,
            "system": self.system.state_dict(),
            "optimiser": self.optimiser.state_dict() if self.optimiser else None,
            "best": self.best,
            "kept": self._kept,
            "drawn": (self.rng.bit_generator.state, torch.get_rng_state()),
        }
        try:
            torch.save(state, part)
            part.replace(self._checkpoint)
        except (OSError, RuntimeError) as error:  # torch wraps what the disk says
            part.unlink(missing_ok=True)
            raise TrainingError(f"{self._checkpoint} cannot be written ({error}): make room and run again") from error

    def _resume(self, saved: dict[str, Any]) -> None:
        other = TrainingError(f"{self.folder} holds another run: name another folder with --runs, or delete it")
        if saved["facts"] != self.facts:
            raise other
        try:
            self.system.load_state_dict(saved["system"])
        except RuntimeError:  # of an earlier version of the system
            raise other from None
        if self.optimiser and saved["optimiser"]:
            self.optimiser.load_state_dict(saved["optimiser"])
        self.step, self.best, self._kept = saved["step"], saved["best"], saved["kept"]
        drawn, torch_drawn = saved["drawn"]
        self.rng.bit_generator.state = drawn
        torch.set_rng_state(torch_drawn)

    def _log(self, parts: dict[str, float], seconds: float) -> None:
        line = {"step": self.step, "seconds": round(seconds, 1), **{n: round(v, 4) for n, v in parts.items()}}
        with (self.folder / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")
