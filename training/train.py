"""Trains the built-in model: python -m training.train --data FOLDER --out FOLDER --minutes 60

Two processes of one thread each learn apart and average their weights every few steps: on a busy
machine nobody waits for the other.
The schedule runs on the clock: warm up, constant, then down to nothing at the end of the minutes,
so a run that is cut short still ends well when it is resumed. State goes to OUT/state.pt.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
import time
from pathlib import Path

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from genvr_depth.nodes.depthkit.estimators.builtin import BuiltinDepth
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from .data import Batches
from .evaluate import photographs, predict, score_held_back, score_photographs
from .grow import starting_weights
from .losses import depth_loss, disagreement
from .muon import Muon, split_parameters

__all__ = ["main"]

_WARM_UP, _DECAY_FROM = 0.03, 0.45
_MUON_RATE, _ADAM_RATE = 0.01, 1.5e-3
_TOGETHER = 8  # steps between two meetings of the workers
_AGREE = 0.5  # weight of the disagreement between a view and its twin
_KEEP = 0.96  # of the averaged weights at a meeting
_PAUSE = 20.0  # seconds; a round that took longer was stopped by somebody, and counts as this


def _rate(done: float) -> float:
    """Factor on the learning rates, done in 0..1."""
    if done < _WARM_UP:
        return max(done, 1e-3) / _WARM_UP
    return 1.0 if done < _DECAY_FROM else max(0.01, (1 - done) / (1 - _DECAY_FROM))


def _side(done: float, start: float, end: float) -> float:
    """Training size: small for nearly half of the time, the last 30 % at the end size."""
    return start if done < 0.45 else (start * end) ** 0.5 if done < 0.7 else end


def _sharpness(done: float) -> float:
    """Weight of the gradient term: outlines are asked for once the layout is there."""
    return 0.3 if done < 0.45 else 0.7


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


def _share_weights(model: nn.Module, workers: int) -> None:
    """Every worker goes on from the mean of all workers' weights and batch statistics."""
    if workers == 1:
        return
    tensors = [v for v in model.state_dict().values() if v.is_floating_point()]
    flat = torch.cat([v.flatten() for v in tensors])
    dist.all_reduce(flat)
    for v, mean in zip(tensors, flat.split([v.numel() for v in tensors]), strict=True):
        v.copy_(mean.view_as(v) / workers)


class _Run:
    """One worker's training state."""

    def __init__(self, rank: int, options: argparse.Namespace) -> None:
        self.rank, self.options = rank, options
        torch.manual_seed(options.seed)
        self.model = BuiltinDepth().to(memory_format=torch.channels_last)
        inner, rest = split_parameters(self.model)
        muon = Muon(inner, _MUON_RATE, dtype=torch.bfloat16 if options.bf16 else torch.float32)
        self.optimisers = [muon, torch.optim.AdamW(rest, _ADAM_RATE, weight_decay=0.01)]
        self.rates = [_MUON_RATE, _ADAM_RATE]
        self.average = _Average(self.model)
        self.spent, self.images = 0.0, 0
        self.state = options.out / "state.pt"
        if self.state.exists():
            self._resume()
        elif options.start:
            self.model.load_state_dict(starting_weights(options.start, self.model))
            self.average = _Average(self.model)
        torch.manual_seed(options.seed + 1000 * rank + self.images)
        self.batches = Batches(options.data, options.batch, options.seed + 17 * rank + self.images)

    def _resume(self) -> None:
        state = torch.load(self.state, map_location="cpu")
        self.model.load_state_dict(state["model"])
        self.average.model.load_state_dict(state["average"])
        self.average.steps = state["steps"]
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        self.spent, self.images = state["spent"], state["images"]

    def save(self) -> None:
        part = self.state.with_suffix(".part")
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
        part.rename(self.state)

    def step(self, done: float) -> tuple[Tensor, dict[str, float]]:
        """One update of this worker's weights."""
        for optimiser, rate in zip(self.optimisers, self.rates, strict=True):
            for group in optimiser.param_groups:
                group["lr"] = rate * _rate(done) * self.options.rate
        pictures, truth = self.batches.draw(_side(done, *self.options.sides))
        with torch.autocast("cpu", torch.bfloat16, enabled=self.options.bf16):
            prediction = self.model(pictures.contiguous(memory_format=torch.channels_last))
        prediction = prediction.float()
        loss, parts = depth_loss(prediction, truth, _sharpness(done))
        apart = disagreement(prediction, truth)
        loss, parts["apart"] = loss + _AGREE * apart, apart.item()
        for optimiser in self.optimisers:
            optimiser.zero_grad(set_to_none=True)
        loss.backward()
        rest = [p for group in self.optimisers[1].param_groups for p in group["params"]]
        nn.utils.clip_grad_norm_(rest, 2.0)
        for optimiser in self.optimisers:
            optimiser.step()
        self.images += len(pictures) * self.options.workers
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
    for short in (96, 128, 160) if photos else ():
        rows = score_photographs(
            lambda p, s=short: predict(model, p.image, tuple(p.depth.shape), s), photos
        )  # type: ignore[arg-type]
        entry[f"photographs_{short}"] = [round(r[1], 4) for r in rows] + [round(rows[-1][2], 3)]
    held_back = score_held_back(model, run.options.data[0], 12, 160)
    entry["held_back"] = [round(v, 4) for v in held_back["all"]]
    entry["held_back_composed"] = [round(v, 4) for v in held_back["composed"]]
    with (run.options.out / "log.jsonl").open("a") as log:
        log.write(json.dumps(entry) + "\n")
    sys.stdout.write(json.dumps(entry) + "\n")
    sys.stdout.flush()
    run.save()


def _work(rank: int, options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    if options.workers > 1:
        link = f"file://{(options.out / 'rendezvous').resolve()}"
        dist.init_process_group("gloo", init_method=link, rank=rank, world_size=options.workers)
    run = _Run(rank, options)
    limit, losses, told = options.minutes * 60, [], run.spent
    clock = time.monotonic()
    while run.spent < limit:
        with sdpa_kernel(SDPBackend.MATH):  # a few dozen tokens: the fused kernel takes longer
            for _ in range(_TOGETHER):
                loss, parts = run.step(run.spent / limit)
                losses.append(loss.item())
        _share_weights(run.model, options.workers)
        run.average.update(run.model)
        run.batches.refresh()
        now = torch.tensor([run.spent + min(time.monotonic() - clock, _PAUSE)])
        if options.workers > 1:
            dist.broadcast(now, 0)
        run.spent, clock = now.item(), time.monotonic()
        if rank == 0 and run.spent - told > options.report * 60:
            _report(run, losses, parts)
            losses, told = [], run.spent
    if rank == 0:
        _report(run, losses or [0.0], {})


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="train the built-in depth model")
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of shards")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for state and log, outside the project"
    )
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--batch", type=int, default=12, help="per worker")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--sides",
        type=float,
        nargs=2,
        default=(112.0, 176.0),
        help="training size at start and end",
    )
    parser.add_argument("--rate", type=float, default=1.0, help="factor on the learning rates")
    parser.add_argument("--report", type=float, default=4, help="minutes between reports")
    parser.add_argument(
        "--start", type=Path, help="begin with another run's state.pt, or with a weights file"
    )
    parser.add_argument(
        "--bf16", action="store_true", help="where the processor computes in bfloat16 (AMX)"
    )
    parser.add_argument(
        "--rank", type=int, help="run this one worker here; the others are started apart"
    )
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    if options.rank is not None:
        _work(options.rank, options)
        return 0
    (options.out / "rendezvous").unlink(missing_ok=True)
    if options.workers == 1:
        _work(0, options)
    else:
        mp.spawn(_work, (options,), options.workers)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
