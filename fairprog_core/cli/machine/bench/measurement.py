"""Speed measurements that pictures and texts share.

Every figure is the median of several repeats, with the smallest and the largest.
"""

import copy
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import torch

from fairprog_core.classifiers import TrainedOptions
from fairprog_core.classifiers.base import Classifier, freeze
from fairprog_core.classifiers.predict import predict
from fairprog_core.common.home import Home
from fairprog_core.common.options import Options
from fairprog_core.common.registry import build
from fairprog_core.data import DATASETS
from fairprog_core.data.base import Dataset, Split, SplitName
from fairprog_core.methods import MethodOptions
from fairprog_core.methods.reprogramming.reprogram import Reprogram
from fairprog_core.study import Study
from fairprog_core.training import base_classifier
from fairprog_core.training.criteria import EqualizedOddsOptions
from fairprog_core.triggers import TRIGGERS
from fairprog_core.triggers.base import Trigger
from fairprog_core.triggers.lam_scale import spread_anchor_lams

WARM_UP = 3  # steps that are not counted


@dataclass(frozen=True)
class Measurement:
    """One figure.

    Attributes:
        name: name of the figure, lower_snake.
        device: "cpu" or "cuda".
        value: the median of the repeats.
        unit: "ms", "s" or "images/s".
        low: the smallest repeat.
        high: the largest repeat.
        repeats: number of repeats.
        about: the work of one repeat, e.g. steps and images.
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
    """Size of the benchmark: rows per split, steps and repeats."""

    n_train: int = 1024
    n_tune: int = 1024
    n_val: int = 600
    n_test: int = 1200
    steps: int = 40
    curve_steps: int = 100
    text_steps: int = 8
    sentences: int = 20
    repeats: int = 5

    @property
    def splits(self) -> dict[str, int]:
        """Rows per split, as options of a data set."""
        return {"n_train": self.n_train, "n_tune": self.n_tune, "n_val": self.n_val, "n_test": self.n_test}


QUICK = Size(n_train=128, n_tune=128, n_val=60, n_test=60, steps=3, curve_steps=4, text_steps=1, sentences=2, repeats=2)


class Workbench:
    """The data and classifier of one study, built once, and the measurements on them.

    Attributes:
        noun: word for the rows in units and descriptions.
    """

    noun: str

    def __init__(self, home: Home, size: Size, study: Study) -> None:
        self.home, self.size, self.study = home, size, study

    @cached_property
    def data(self) -> Dataset:
        """The data set, cached in the temporary home."""
        dataset: Dataset = build(DATASETS, self.study.dataset, self.home)
        return dataset

    @cached_property
    def classifier(self) -> Classifier:
        """The classifier before training, not frozen."""
        raise NotImplementedError

    def split(self, name: SplitName) -> Split:
        """A split, prepared for the classifier."""
        return self.classifier.prepare(self.data.split(name))

    def frozen(self, device: str) -> Classifier:
        """A frozen copy of the classifier."""
        return freeze(copy.deepcopy(self.classifier)).to(device)

    def base_step(self, device: str, name: str) -> Measurement:
        """One training step of the base classifier; the other figures are measured on the trained one."""
        split, options = self.split("train"), self.study.classifier
        assert isinstance(options, TrainedOptions)
        times, start, done = [], time.perf_counter(), 0
        for record in base_classifier.train(
            self.classifier, split, options=options, seed=0, device=torch.device(device)
        ):
            if isinstance(record, float):
                continue
            times.append((time.perf_counter() - start) / (record["step"] - done) * 1e3)
            start, done = time.perf_counter(), record["step"]
        return measurement(name, device, times[1:], "ms", f"{options.kind}, batch {options.batch_size}")

    def trigger_step(
        self, device: str, options: Options, *, name: str, steps: int, kind: Any = Reprogram
    ) -> Measurement:
        """One training step of a trigger for all λ at once."""
        classifier, method = self.frozen(device), self.study.methods[0]
        assert isinstance(method, MethodOptions)
        lam = self.study.lam.range_of(options.kind, "equalized_odds")  # type: ignore[attr-defined]
        anchor_lams = spread_anchor_lams(lam.low, lam.high, options.anchors)  # type: ignore[attr-defined]
        trigger: Trigger = build(TRIGGERS, options, anchor_lams=anchor_lams, **classifier.input_spec)
        training = kind(
            method, classifier=classifier, trigger=trigger.attach_to(classifier), criterion=EqualizedOddsOptions(),
            groups=self.data.groups, split=self.split("tune"), steps=steps + WARM_UP, seed=0,
            device=torch.device(device),
        )  # fmt: skip
        times = [seconds_of(partial(training.step, step), device) * 1e3 for step in range(steps + WARM_UP)]
        about = f"{self.study.classifier.kind}, batch {len(training.sampler(0).y)}"
        return measurement(name, device, times[WARM_UP:], "ms", about)

    def evaluation(self, device: str, options: Options, *, name: str) -> Iterator[Measurement]:
        """Rows per second of the frozen classifier, with and without a trigger."""
        split, classifier = self.split("test"), self.frozen(device)
        trigger: Trigger = build(TRIGGERS, options, **classifier.input_spec, anchor_lams=(0.0,)).to(device)
        with_trigger = trigger.before(classifier, 0.0)
        about = f"{self.study.classifier.kind}, {len(split.y)} {self.noun}"
        for each, model in ((name, classifier), (f"{name}_{options.kind}", with_trigger)):  # type: ignore[attr-defined]
            work = partial(predict, model, split)
            work()
            rates = [len(split.y) / seconds_of(work, device) for _ in range(self.size.repeats)]
            yield measurement(each, device, rates, f"{self.noun}/s", about)


def measurement(name: str, device: str, values: Sequence[float], unit: str, about: str) -> Measurement:
    """The `Measurement` of several repeats."""
    return Measurement(name, device, statistics.median(values), unit, min(values), max(values), len(values), about)


def seconds_of(work: Callable[[], Any], device: str) -> float:
    """Wall time of one call; waits for the GPU to finish."""
    _wait_for(device)
    start = time.perf_counter()
    work()
    _wait_for(device)
    return time.perf_counter() - start


def _wait_for(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()
