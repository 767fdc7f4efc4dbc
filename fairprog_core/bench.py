"""How fast this machine is: drawing faces, training a base, a trigger step, a curve, evaluation.

Every figure is the median of several repeats, with the fastest and the slowest beside it, and the
load of the machine before and after: a figure of a busy machine says little.
"""

import copy
import os
import platform
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import torch

from fairprog_core.budget import Budget
from fairprog_core.classifiers import ResidualNetOptions
from fairprog_core.classifiers.base import Classifier, freeze
from fairprog_core.classifiers.image import ResidualNet
from fairprog_core.criteria import EqualizedOddsOptions
from fairprog_core.curves import CurveWork, Lab
from fairprog_core.data import FacesOptions
from fairprog_core.data.faces import Faces
from fairprog_core.environment import describe
from fairprog_core.evaluation import predict
from fairprog_core.home import Home
from fairprog_core.methods import ReprogramOptions, erm
from fairprog_core.methods.reprogram import Reprogram
from fairprog_core.options import Options
from fairprog_core.registry import build
from fairprog_core.study import Study
from fairprog_core.triggers import TRIGGERS, BorderOptions, PatchOptions
from fairprog_core.triggers.base import Trigger, spread_knots

SCHEMA = "fairprog.bench/1"
WARM_UP = 3  # steps that are not counted
Progress = Callable[["Measurement"], None]


@dataclass(frozen=True)
class Measurement:
    """One figure.

    Attributes:
        name: what was measured, lower_snake.
        device: "cpu" or "cuda".
        value: the median of the repeats.
        unit: "ms", "s" or "images/s".
        low: smallest of the repeats.
        high: largest.
        repeats: how many there were.
        about: what one repeat was, e.g. steps and images.
    """

    name: str
    device: str
    value: float
    unit: str
    low: float
    high: float
    repeats: int
    about: str


@dataclass(frozen=True)
class Size:
    """How much is measured: rows per split, steps and repeats."""

    n_train: int = 1024
    n_tune: int = 1024
    n_val: int = 600
    n_test: int = 1200
    steps: int = 40
    curve_steps: int = 100
    repeats: int = 5


QUICK = Size(n_train=128, n_tune=128, n_val=64, n_test=64, steps=3, curve_steps=4, repeats=2)


def bench(
    *,
    devices: Sequence[str] | None = None,
    threads: int | None = None,
    size: Size | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measure this machine.

    Args:
        devices: of "cpu" and "cuda"; None: the CPU, and a GPU when there is one.
        threads: of torch on the CPU; None: one, as in a run.
        size: how much to measure; None: about half a minute.
        progress: called with every figure as soon as it is there.

    Returns:
        JSON values (schema ``fairprog.bench/1``): environment, measurements, ratios.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads or 1)
    try:
        machine = _machine()
        figures = []
        for figure in _measurements(devices or _devices(), size or Size()):
            figures.append(figure)
            if progress:
                progress(figure)
        machine["load_average_after"] = _load_average()
    finally:
        torch.set_num_threads(before)
    return {
        "schema": SCHEMA,
        "environment": machine,
        "measurements": [asdict(figure) for figure in figures],
        "ratios": _ratios(figures),
    }


def _machine() -> dict[str, Any]:
    """The ``environment`` of a study's result, with processor and load."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    described = {**describe(torch.device("cpu")), "gpu": gpu, "processor": _processor(), "cores": os.cpu_count()}
    return {**described, "load_average_before": _load_average()}


def _measurements(devices: Sequence[str], size: Size) -> Iterator[Measurement]:
    with tempfile.TemporaryDirectory(prefix="fairprog-bench-") as folder:
        lab = Workbench(Home(Path(folder)), size)
        yield lab.drawing()
        for device in devices:
            yield from lab.on(device)


class Workbench:
    """The things that are measured, made once."""

    def __init__(self, home: Home, size: Size) -> None:
        self.home, self.size = home, size
        self.faces = FacesOptions(n_train=size.n_train, n_tune=size.n_tune, n_val=size.n_val, n_test=size.n_test)
        self.net = ResidualNetOptions(epochs=size.repeats + 1, batch_size=min(128, size.n_train))
        budget = Budget(steps=size.curve_steps, validate_every=min(50, size.curve_steps))
        self.study = Study(dataset=self.faces, classifier=self.net, budget=budget)

    @cached_property
    def data(self) -> Faces:
        """Drawn faces, cached in the temporary home."""
        return Faces(self.faces, self.home)

    def on(self, device: str) -> Iterator[Measurement]:
        """Every figure of one device."""
        yield self.base_step(device)
        for options in (BorderOptions(), PatchOptions()):
            yield self.trigger_step(device, options, Reprogram, f"trigger_step_{options.kind}")
        yield self.trigger_step(device, BorderOptions(), TwoPasses, "trigger_step_border_two_passes")
        yield from self.curve(device)
        yield from self.evaluation(device)

    def drawing(self) -> Measurement:
        """Images a second of the faces renderer, on one thread, written to disk."""
        n, rates = self.size.n_train, []
        for seed in range(1, 3):
            data = Faces(self.faces.model_copy(update={"seed": seed}), self.home)
            rates.append(n / _seconds(partial(data.split, "train"), "cpu"))
        return _measurement("faces_drawn", "cpu", rates, "images/s", f"{n} faces of 64 px, one thread, written to disk")

    def base_step(self, device: str) -> Measurement:
        """One step of training a base classifier; the trained one is what the rest is measured on."""
        split, options = self.data.split("train"), self.net
        times, start, done = [], time.perf_counter(), 0
        for record in erm.train(self.classifier, split, options=options, seed=0, device=torch.device(device)):
            if "step" not in record:
                continue
            times.append((time.perf_counter() - start) / (record["step"] - done) * 1e3)
            start, done = time.perf_counter(), record["step"]
        return _measurement("base_step", device, times[1:], "ms", f"residual_net, batch {options.batch_size}")

    def trigger_step(self, device: str, options: Options, method: type[Reprogram], name: str) -> Measurement:
        """One step of learning a trigger for all λ at once."""
        lam = self.study.lam.range_of(options.kind, "equalized_odds")  # type: ignore[attr-defined]
        knots = spread_knots(lam.low, lam.high, options.anchors)  # type: ignore[attr-defined]
        trigger: Trigger = build(TRIGGERS, options, knots=knots, **self.classifier.medium)
        training = method(
            ReprogramOptions(), classifier=self.frozen(device), trigger=trigger, criterion=EqualizedOddsOptions(),
            groups=self.data.groups, split=self.data.split("tune"), steps=self.size.steps + WARM_UP, seed=0,
            device=torch.device(device),
        )  # fmt: skip
        times = [_seconds(partial(training.step, step), device) * 1e3 for step in range(self.size.steps + WARM_UP)]
        return _measurement(name, device, times[WARM_UP:], "ms", f"residual_net, batch {len(training.sampler(0).y)}")

    def curve(self, device: str) -> Iterator[Measurement]:
        """A whole training of a border trigger, validations included."""
        classifier = self.frozen(device)
        splits = {name: self.data.split(name) for name in ("tune", "val", "test")}
        base = {name: predict(classifier, splits[name]) for name in ("val", "test")}
        folder = self.home.run(f"curve-{device}")
        shared = Lab(self.study, self.data, classifier, splits, base, folder, torch.device(device), {})
        work = CurveWork(shared, self.study.plan()[0])
        seconds = _seconds(lambda: deque(work.learn(), 0), device)
        steps, plan = self.study.budget.steps, work.plan
        rows = plan.method.lam_groups * plan.method.per_cell * 4  # type: ignore[attr-defined]
        about = f"border, equalized odds, {steps} steps, {steps // self.study.budget.validate_every} validations"
        yield _measurement("curve", device, [seconds], "s", about)
        yield _measurement("curve_images", device, [steps * rows / seconds], "images/s", f"{about}, trained on")

    def evaluation(self, device: str) -> Iterator[Measurement]:
        """Images a second of the frozen classifier, with and without a trigger."""
        split, classifier = self.data.split("test"), self.frozen(device)
        trigger: Trigger = build(TRIGGERS, BorderOptions(), **classifier.medium, knots=(0.0,)).to(device)
        for name, model in (("evaluation", classifier), ("evaluation_border", trigger.wrap(classifier, lam=0.0))):
            work = partial(predict, model, split)
            work()
            rates = [len(split.y) / _seconds(work, device) for _ in range(self.size.repeats)]
            yield _measurement(name, device, rates, "images/s", f"residual_net, {len(split.y)} images of 64 px")

    @cached_property
    def classifier(self) -> Classifier:
        """A small residual network, not frozen."""
        torch.manual_seed(0)
        return ResidualNet(self.net, n_classes=2, image_size=self.faces.image_size)

    def frozen(self, device: str) -> Classifier:
        """A frozen copy of the classifier."""
        return freeze(copy.deepcopy(self.classifier)).to(device)


class TwoPasses(Reprogram):
    """For comparison only: two backward passes, and gradients for the classifier's weights too.

    This is how the authors' code computes a step; the weights' gradients are then thrown away.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.classifier.requires_grad_(True)

    def _teach_trigger(self, utility_loss: torch.Tensor, fairness_loss: torch.Tensor, lam: torch.Tensor) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(utility_loss.sum(), retain_graph=True)
        torch.autograd.backward((lam * fairness_loss).sum())
        self.classifier.zero_grad(set_to_none=True)
        self.optimizer.step()
        self.schedule.step()


def _ratios(figures: Sequence[Measurement]) -> list[dict[str, Any]]:
    """Two variants of the same work on the same device; below one: the first is faster."""
    value = {(figure.name, figure.device): figure.value for figure in figures}
    of, against = "trigger_step_border", "trigger_step_border_two_passes"
    about = "one backward pass with frozen weights against two passes with weights that are not"
    return [
        {"of": of, "against": against, "device": device, "value": value[of, device] / value[against, device],
         "about": about}
        for name, device in value
        if name == of
    ]  # fmt: skip


def _measurement(name: str, device: str, values: Sequence[float], unit: str, about: str) -> Measurement:
    return Measurement(name, device, statistics.median(values), unit, min(values), max(values), len(values), about)


def _seconds(work: Callable[[], Any], device: str) -> float:
    """Wall time of one call; a GPU has finished when the clock stops."""
    _wait_for(device)
    start = time.perf_counter()
    work()
    _wait_for(device)
    return time.perf_counter() - start


def _wait_for(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def _devices() -> list[str]:
    return ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]


def _processor() -> str:
    """The processor's name where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8", errors="replace").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _load_average() -> list[float] | None:
    """Of 1, 5 and 15 minutes; None where the system has none."""
    return [round(value, 2) for value in os.getloadavg()] if hasattr(os, "getloadavg") else None
