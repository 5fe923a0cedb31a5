"""Trains the built-in model: python -m training.train --data FOLDER --out FOLDER --minutes 60

The pretrained encoder stays as it is; the other one does until `--thaw` of the time has passed and
then learns at a fifth of the rate of what is new. The schedule runs on the clock: warm up,
constant, then a cosine to nothing at the end of the minutes, so a run that is cut short still ends
well when it is resumed. State goes to OUT/state.pt, a copy at the thaw to OUT/thaw.pt, and the
averaged weights of every report to OUT/average_MINUTE.pt.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import sys
import time
from pathlib import Path

import torch
from genvr_depth.nodes.depthkit.estimators.builtin import BuiltinDepth
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from .augment import disturbed
from .data import Batches
from .encoder import starting_weights
from .evaluate import WEIGHTS, predict, score_held_back, score_photographs
from .losses import depth_loss, disagreement
from .muon import Muon, split_parameters
from .photographs import photographs

__all__ = ["main"]

_WARM_UP, _DECAY_FROM = 0.03, 0.2
_MUON_RATE, _ADAM_RATE = 0.01, 1.5e-3
_SHARES = {"new": 0.5, "decoder": 0.3, "encoder": 0.1}  # of these rates
_SHARPNESS = 0.7  # weight of the gradient term
_DISTURBED = 0.7  # share of images whose pretrained features are disturbed
_AGREE = 0.5  # weight of the disagreement between a view and its twin
_KEEP, _EVERY = 0.985, 2  # of the averaged weights, each time that they are brought up to date
_PAUSE = 20.0  # seconds; a round that took longer was stopped by somebody, and counts as this


def _rate(done: float) -> float:
    """Factor on the learning rates, done in 0..1."""
    if done < _WARM_UP:
        return max(done, 1e-3) / _WARM_UP
    if done < _DECAY_FROM:
        return 1.0
    return 0.01 + 0.495 * (1 + math.cos(math.pi * (done - _DECAY_FROM) / (1 - _DECAY_FROM)))


def _side(done: float, start: float, end: float) -> float:
    """Training size: small for nearly half of the time, the last 30 % at the end size."""
    return start if done < 0.45 else (start * end) ** 0.5 if done < 0.7 else end


class _Average:
    """Exponential moving average of all weights and batch statistics."""

    def __init__(self, model: BuiltinDepth) -> None:
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.steps = 0

    def update(self, model: nn.Module) -> None:
        self.steps += 1
        keep = min(_KEEP, 1 - 4 / (self.steps + 4))
        for mine, theirs in zip(
            self.model.state_dict().values(), model.state_dict().values(), strict=True
        ):
            if mine.is_floating_point():
                mine.lerp_(theirs, 1 - keep)
            else:
                mine.copy_(theirs)


def _optimisers(model: BuiltinDepth) -> list[torch.optim.Optimizer]:
    """Muon for inner matrices and AdamW for the rest; for the encoders AdamW alone."""
    made: list[torch.optim.Optimizer] = []
    for part, (inner, rest) in split_parameters(model).items():
        share = _SHARES[part]
        if part == "encoder":
            made.append(torch.optim.AdamW([*inner, *rest], _ADAM_RATE * share, weight_decay=0.0))
            continue
        made.append(Muon(inner, _MUON_RATE * share))
        made.append(torch.optim.AdamW(rest, _ADAM_RATE * share, weight_decay=0.01))
    return made


class _Run:
    """The training state."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        torch.manual_seed(options.seed)
        self.model = BuiltinDepth()
        self.model.load_state_dict(starting_weights(self.model, options.start))
        self.model = self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        for name, module in self.model.named_modules():
            if isinstance(module, nn.BatchNorm2d) and "join" not in name:
                module.eval()  # what was learned before keeps its batch statistics
        self.average = _Average(self.model)
        self.model.encoder.register_forward_hook(
            lambda _, __, features: [disturbed(x, _DISTURBED) for x in features]
        )
        self.optimisers = _optimisers(self.model)
        self.rates = [group["lr"] for o in self.optimisers for group in o.param_groups]
        self.spent, self.images, self.steps, self.thawed = 0.0, 0, 0, False
        self.state = options.out / "state.pt"
        if self.state.exists():
            self._resume()
        torch.manual_seed(options.seed + self.images)
        self.batches = Batches(options.data, options.batch, options.seed + self.images)

    @property
    def done(self) -> float:
        return min(self.spent / (self.options.minutes * 60), 1.0)

    def _resume(self) -> None:
        state = torch.load(self.state, map_location="cpu")
        self.model.load_state_dict(state["model"])
        self.average.model.load_state_dict(state["average"])
        self.average.steps = state["steps"]
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        self.spent, self.images = state["spent"], state["images"]

    def save(self, name: str = "state.pt") -> None:
        part = self.options.out / "state.part"
        torch.save(
            {
                "model": self.model.state_dict(),
                "average": self.average.model.state_dict(),
                "steps": self.average.steps,
                "optimisers": [o.state_dict() for o in self.optimisers],
                "spent": self.spent,
                "images": self.images,
            },
            part,
        )  # fmt: skip
        part.rename(self.options.out / name)

    def _prepare(self, done: float) -> None:
        """Rates for this step; the encoder learns or does not."""
        for optimiser, rate in zip(self.optimisers, self.rates, strict=True):
            for group in optimiser.param_groups:
                group["lr"] = rate * _rate(done) * self.options.rate
        thawed = done >= self.options.thaw
        if thawed and not self.thawed and self.images:
            self.save("thaw.pt")
        self.thawed = thawed
        for encoder in self.model.encoders():
            encoder.requires_grad_(thawed and encoder is not self.model.encoder)

    def step(self, done: float) -> tuple[Tensor, dict[str, float]]:
        """One update of the weights."""
        self._prepare(done)
        images, truth = self.batches.draw(_side(done, *self.options.sides))
        prediction = self.model(images.contiguous(memory_format=torch.channels_last))
        loss, parts = depth_loss(prediction, truth, _SHARPNESS)
        apart = disagreement(prediction, truth)
        loss, parts["apart"] = loss + _AGREE * apart, apart.item()
        for optimiser in self.optimisers:
            optimiser.zero_grad(set_to_none=True)
        loss.backward()
        for optimiser in self.optimisers:
            if isinstance(optimiser, torch.optim.AdamW):
                scaled = [p for group in optimiser.param_groups for p in group["params"]]
                nn.utils.clip_grad_norm_(scaled, 2.0)
        for optimiser in self.optimisers:
            optimiser.step()
        self.images += len(images)
        self.steps += 1
        if self.steps % _EVERY == 0:
            self.average.update(self.model)
        return loss.detach(), parts


def _report(run: _Run, losses: list[float], parts: dict[str, float]) -> None:
    """Scores the averaged weights, appends a line to log.jsonl, saves the state."""
    entry: dict[str, object] = {
        "minutes": round(run.spent / 60, 2),
        "images": run.images,
        "loss": sum(losses) / len(losses),
        "shards": len(run.batches.shards),
        **parts,
    }
    # One size at a time: what the weights have learned, not what `forward` makes of it.
    model, photos = run.average.model.mirrored, photographs()
    for short in (192, 256) if photos else ():
        rows = score_photographs(
            lambda p, s=short: predict(model, p.image, tuple(p.depth.shape), s), photos
        )  # type: ignore[arg-type]
        entry[f"photographs_{short}"] = [round(r[1], 4) for r in rows] + [round(rows[-1][2], 3)]
    held_back = score_held_back(model, run.options.data[0], 12, 192)
    entry["held_back"] = [round(v, 4) for v in held_back["all"]]
    entry["held_back_composed"] = [round(v, 4) for v in held_back["composed"]]
    with (run.options.out / "log.jsonl").open("a") as log:
        log.write(json.dumps(entry) + "\n")
    sys.stdout.write(json.dumps(entry) + "\n")
    sys.stdout.flush()
    average = {"average": run.average.model.state_dict()}
    torch.save(average, run.options.out / f"average_{round(run.spent / 60)}.pt")
    run.save()


def _train(options: argparse.Namespace) -> None:
    torch.set_num_threads(options.threads)
    run = _Run(options)
    losses: list[float] = []
    parts: dict[str, float] = {}
    told, clock = run.spent, time.monotonic()
    while run.done < 1:
        with sdpa_kernel(SDPBackend.MATH):  # a few dozen tokens: the fused kernel takes longer
            loss, parts = run.step(run.done)
        losses.append(loss.item())
        run.batches.refresh()
        now = time.monotonic()
        run.spent, clock = run.spent + min(now - clock, _PAUSE), now
        if run.spent - told > options.report * 60:
            _report(run, losses, parts)
            losses, told, clock = [], run.spent, time.monotonic()
    _report(run, losses or [0.0], parts)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="train the built-in depth model")
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of shards")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for state and log, outside the project"
    )
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--sides",
        type=float,
        nargs=2,
        default=(160.0, 208.0),
        help="training size at start and end",
    )
    parser.add_argument("--rate", type=float, default=1.0, help="factor on the learning rates")
    parser.add_argument(
        "--thaw", type=float, default=0.6, help="when our own encoder starts to learn"
    )
    parser.add_argument("--report", type=float, default=5, help="minutes between reports")
    parser.add_argument(
        "--start", type=Path, default=WEIGHTS, help="another run's state.pt, or a weights file"
    )
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    _train(options)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
