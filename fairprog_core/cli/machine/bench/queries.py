"""What a trigger learned by queries alone gains against one learned by gradients, on the shipped bases.

The black box is the shipped base behind a function of this module, so that both see the same classifier. Every
trigger's λ is chosen on the same validation rows, within the same loss of accuracy; all are compared on the same test
rows and the same resamples of them.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from fairprog_core.classifiers import BlackBoxOptions
from fairprog_core.classifiers.base import Classifier
from fairprog_core.classifiers.black_box.classifier import BlackBox
from fairprog_core.classifiers.predict import predict
from fairprog_core.cli.machine.bench.ratios.rows import BenchRow
from fairprog_core.common.home import Home
from fairprog_core.common.registry import build
from fairprog_core.data import DATASETS
from fairprog_core.data.base import Dataset
from fairprog_core.methods import METHODS, MethodOptions, QueryReprogramOptions
from fairprog_core.methods.base import FitContext, FittedModel, Method
from fairprog_core.methods.features import Features
from fairprog_core.metrics.comparison import Pair, share_kept
from fairprog_core.metrics.counts import cell_weight, joint_table
from fairprog_core.metrics.intervals import EstimateJson, paired_estimates
from fairprog_core.pipeline.jobs.front import GapMeasure, choose, controls_of
from fairprog_core.pipeline.jobs.frozen_base import find_base, load_classifier
from fairprog_core.study import Study
from fairprog_core.study.defaults import first_control
from fairprog_core.study.load import load_study_of

SUITE = "queries"
Data = Literal["faces", "comments"]
TRIGGER: dict[Data, str] = {"faces": "border", "comments": "hard"}
QUERIES = (2_000, 10_000, 50_000)
MAX_LOSS = 0.03  # of accuracy, when λ is chosen
HEAD = (
    "| data, trigger | seed | queries | change of the accuracy | gap and its change | gain kept of the white box |",
    "|---|---:|---:|---:|---:|---:|",
)


@dataclass(frozen=True)
class QuerySize:
    """Size of the benchmark: queries, seeds by data set, rows, steps of the white box.

    Attributes:
        queries: of the black boxes.
        seeds: number of seeds by data set.
        n_val: validation rows, on which λ is chosen.
        n_test: test rows.
        n_tune: tuning rows; None: as in a study.
        steps: of the white box; None: as in a study.
    """

    queries: tuple[int, ...] = QUERIES
    seeds: tuple[tuple[Data, int], ...] = (("faces", 3), ("comments", 3))
    n_val: int = 900
    n_test: int = 2400
    n_tune: int | None = None
    steps: int | None = None


@dataclass(frozen=True)
class Gained:
    """One row of the table, on the test rows; intervals are over rows.

    Attributes:
        data: the data set.
        name: "white box", "untrained" or "random words", or "black box".
        seed: of the trigger.
        queries: rows sent to learn; 0: none.
        accuracy: change of the accuracy.
        gap: change of the gap.
        base_gap: the base's gap.
        kept: gain in the gap, as a share of the white box's; None for the white box.
    """

    data: str
    name: str
    seed: int
    queries: int
    accuracy: EstimateJson
    gap: EstimateJson
    base_gap: float
    kept: EstimateJson | None


def faces(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The shipped base of the drawn faces as a black box: pictures (k, h, w, 3) -> probabilities (k, 2)."""
    base = _shipped("faces")
    return _probabilities(base, base.to_input(pictures))


def comments(texts: Sequence[str]) -> NDArray[np.float32]:
    """The shipped base of the made-up comments as a black box: texts -> probabilities (k, 2)."""
    base: Any = _shipped("comments")
    return _probabilities(base, base.to_input(base.encode(texts)))


def compare(size: QuerySize | None = None) -> Iterator[Gained]:
    """Learn every trigger, and yield the rows of the table."""
    size = size or QuerySize()
    with tempfile.TemporaryDirectory(prefix="fairprog-bench-") as folder:
        for data, n_seeds in size.seeds:
            bench = _Bench(data, size, Path(folder))
            for seed in range(n_seeds):
                yield from bench.rows(seed)


def table_row(found: Gained) -> str:
    """A row of the table under `HEAD`."""
    first = f"{found.data}, {TRIGGER[found.data]} | {found.seed}"  # type: ignore[index]
    queries = f"{found.queries:,}" if found.queries else found.name
    gap = f"{found.base_gap:.3f} → {found.base_gap + (found.gap['value'] or 0):.3f}"
    change = f"{_interval(found.gap, 3)}"
    kept = "" if found.kept is None else _interval(found.kept, 2)
    return f"| {first} | {queries} | {_interval(found.accuracy, 3)} | {gap}: {change} | {kept} |"


def bench_rows(found: Sequence[Gained]) -> list[BenchRow]:
    """The gap with every trigger, where it can be estimated; a gap has no reference."""
    return [
        BenchRow.alone(
            f"{SUITE}/{each.data}-{each.seed}-{each.name.replace(' ', '-')}{f'-{each.queries}' * bool(each.queries)}",
            "gap", each.base_gap + change, work=f"gap on the test rows; the base's is {each.base_gap:.3f}",
        )
        for each in found
        if (change := each.gap["value"]) is not None
    ]  # fmt: skip


def details(found: Sequence[Gained]) -> dict[str, object]:
    """All figures as JSON values."""
    return {"max_loss": MAX_LOSS, "gained": [asdict(each) for each in found]}


class _Bench:
    """One data set, its shipped base, and the same base as a black box."""

    def __init__(self, data: Data, size: QuerySize, folder: Path) -> None:
        self.data, self.size, self.folder = data, size, folder / data
        values = [f"dataset.n_val={size.n_val}", f"dataset.n_test={size.n_test}", f"triggers={TRIGGER[data]}"]
        values += [f"dataset.n_tune={size.n_tune}"] if size.n_tune else []
        self.study = load_study_of(data, values)
        self.dataset: Dataset = build(DATASETS, self.study.dataset, Home(folder))
        self.white = _shipped(data)
        box = BlackBoxOptions(function=f"{__name__}:{data}")
        self.black = BlackBox.new_for(box, labels=self.dataset.labels, split=self.dataset.split("val")).eval()
        self.measure = GapMeasure(self.plan.criterion.gap, self.dataset.groups, self.dataset.labels)
        self.base = predict(self.white, self.white.prepare(self.dataset.split("test")))

    @property
    def plan(self) -> Any:
        """The curve of the study."""
        return self.study.plan_of_first_seed()[0]

    def rows(self, seed: int) -> Iterator[Gained]:
        """The rows of one seed: white box, control, black box by number of queries."""
        white = self._learn(self.white, self.plan.method, seed)
        own = self._chosen(self.white, white)
        yield self._row("white box", seed, 0, own, None)
        control = first_control(self.dataset.modality)
        test = self.white.prepare(self.dataset.split("test"))
        untrained = controls_of(white, [control])[control.kind].predict(test, 0.0)
        yield self._row(control.title.lower(), seed, 0, Pair(self.base, untrained), own)
        for n in self.size.queries:
            black = self._learn(self.black, QueryReprogramOptions(queries=n), seed)
            yield self._row("black box", seed, n, self._chosen(self.black, black), own)

    def _learn(self, classifier: Classifier, options: MethodOptions, seed: int) -> FittedModel:
        """Learn the trigger of one seed."""
        plan, validation = self.plan, classifier.prepare(self.dataset.split("val"))
        quick = validation.evenly(self.plan.budget.validate_rows)
        base = predict(classifier, quick)
        budget = plan.budget if self.size.steps is None else plan.budget.of(self.size.steps)
        method: Method[MethodOptions] = build(METHODS, options, FitContext(
            classifier=classifier, features=Features(classifier), base_file=Path(), split=self._tuning(classifier),
            validation=validation, groups=self.dataset.groups, criterion=plan.criterion, lam=plan.lam, seed=seed,
            budget=budget, device=torch.device("cpu"), trigger=plan.trigger,
            folder=self.folder / f"{options.kind}-{options.digest()}-{seed}",
            identity_words=frozenset().union(*self.dataset.identity_words().values()),
        ))  # fmt: skip
        for _ in method.learn(lambda model, lams, done: self.measure.front(model, lams, quick, base, done)):
            pass
        return method.open()

    def _tuning(self, classifier: Classifier) -> Any:
        return classifier.prepare(self.dataset.split("tune"))

    def _chosen(self, classifier: Classifier, model: FittedModel) -> Pair:
        """The base and the trigger at the λ chosen on validation rows, on the test rows."""
        validation, test = (classifier.prepare(self.dataset.split(name)) for name in ("val", "test"))
        front = self.measure.front(model, self.plan.lam.grid, validation, predict(classifier, validation))
        return Pair(self.base, model.predict(test, choose(front, max_loss=MAX_LOSS)))

    def _row(self, name: str, seed: int, queries: int, pair: Pair, white: Pair | None) -> Gained:
        groups, gap, base = self.dataset.groups, self.plan.criterion.gap, self.base
        shape = {"n_patterns": len(groups.patterns), "n_classes": len(self.dataset.labels)}
        weight = cell_weight(base.y, base.z, base.weight, **shape)
        joint = joint_table(base.y, base.y_pred, pair.trigger.y_pred, base.z, **shape)
        change = paired_estimates(joint, weight, groups, is_stratified=base.is_stratified)[1]
        kept = white and share_kept(white, pair, groups=groups, n_classes=shape["n_classes"], gap=gap).to_json()
        return Gained(
            self.data, name, seed, queries, change["accuracy"].to_json(), change[gap].to_json(),
            self.measure.reference(base).gap, kept,
        )  # fmt: skip


@cache
def _shipped(data: Data) -> Classifier:
    """The shipped base of a data set."""
    study: Study = load_study_of(data)
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        found = find_base(study, build(DATASETS, study.dataset, home), home)
    assert found is not None  # shipped with fairprog
    return load_classifier(found)


@torch.inference_mode()
def _probabilities(base: Classifier, x: Any) -> NDArray[np.float32]:
    probabilities: NDArray[np.float32] = base(x).softmax(-1).numpy()
    return probabilities


def _interval(found: EstimateJson, digits: int) -> str:
    value, ci = found["value"], found["ci"]
    if value is None:
        return "not estimable"
    between = "" if ci is None else f" [{ci[0]:.{digits}f}, {ci[1]:.{digits}f}]"
    return f"{value:.{digits}f}{between}"
