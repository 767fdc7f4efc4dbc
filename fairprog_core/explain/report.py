"""What the explanations of a curve have in common, whatever the data are.

All conditions use the same rows of the test split, drawn evenly over its (z, y) cells; means are
weighted back to the natural mix (`averages`). An explanation that takes long per row uses fewer rows; every
mean says how many.

Notation: n rows, m gallery rows, d features, c classes, e empty inputs.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from fairprog_core.common.home import Home
from fairprog_core.common.records import Mean
from fairprog_core.data.base import Dataset
from fairprog_core.explain import DemographicClassifierOptions
from fairprog_core.explain.averages import Pool, RowValues, WeightedRows, draw_pool
from fairprog_core.explain.base import ExplainSettings, ExplanationResult, Step, Work, walk
from fairprog_core.explain.conditions import Conditions, Rival, find_collapsed
from fairprog_core.explain.counterfactuals import PairDifferences
from fairprog_core.explain.gallery import pick
from fairprog_core.explain.linear_probe import read_linearly
from fairprog_core.explain.paired import compare_in_pairs
from fairprog_core.explain.probe import predict_empty_inputs
from fairprog_core.metrics.explanations.averages import CounterfactualMeans, ImageExplanation, TextExplanation
from fairprog_core.metrics.explanations.by_condition import Means
from fairprog_core.metrics.explanations.gallery import CurveNote, GalleryAbout, GalleryArrays, StudyNote
from fairprog_core.metrics.explanations.paired import Paired
from fairprog_core.metrics.explanations.probe import LinearReadings, Probe


class ExplanationReport:
    """The explanations of one curve, step by step; subclasses know the kind of data.

    Attributes:
        nulls: names of the e empty inputs.
        rows_are: "photos", …, for the screen.
        features: (n, d) per condition, of the pool's rows.
        logits: (n, c) per condition.
        paired: the trigger against other conditions on the same rows, by the name of the average.
        flat: the level of a map that is the same everywhere, by the name of the average.
        by_group: one average by the name of the group.
    """

    nulls: ClassVar[tuple[str, ...]]
    rows_are: ClassVar[str]
    conditions: Conditions[Any]
    pool: Pool
    features: list[NDArray[np.float32]]
    logits: list[NDArray[np.float32]]

    def __init__(
        self,
        dataset: Dataset,
        classifier: Any,
        trigger: Any,
        lams: Sequence[float],
        options: ExplainSettings,
        *,
        home: Home,
        device: torch.device,
        seed: int,
        rivals: Sequence[Rival] = (),
    ) -> None:
        self.dataset, self.classifier, self.options = dataset, classifier, options
        self.home, self.device, self.seed = home, device, seed
        self.kind = trigger.options.kind
        self.conditions = self.make_conditions(trigger, lams, rivals)
        self.paired: dict[str, Paired] = {}
        self.flat: dict[str, float] = {}
        self.by_group: dict[str, Means] = {}

    def average(self, name: str, values: Sequence[RowValues], rows: WeightedRows, flat: Mean | None = None) -> Means:
        """An average by condition; keeps its comparison in pairs and the level of a flat map under its name.

        Args:
            name: of the average.
            values: per condition; (n,) each.
            rows: n of them.
            flat: the average of a map that is the same everywhere, where the average is one over maps.
        """
        self.paired[name] = compare_in_pairs(rows, values, self.conditions)
        if flat is not None:
            self.flat[name] = flat["value"]
        return self.conditions.by_condition([rows.ratio(*each) for each in values])

    def average_by_group(self, values: Sequence[RowValues], rows: WeightedRows) -> None:
        """Keep an average for the rows of every group that has some, and its comparison in pairs.

        Args:
            values: per condition; (n,) each.
            rows: n of them, the first of the pool.
        """
        for name, is_member in self.members(len(rows.weight)).items():
            if is_member.any():
                of_group = WeightedRows(rows.weight * is_member, rows.cells)
                self.by_group[name] = self.average(f"by_group.{name}", values, of_group)

    def members(self, n: int) -> dict[str, NDArray[np.bool_]]:
        """Which of the pool's first n rows belong to a group, (n,) by its name."""
        groups = self.dataset.groups
        is_member = groups.patterns[self.pool.split.z[:n]]  # (n, g)
        return {name: is_member[:, g] for g, name in enumerate(groups.names)}

    def average_pairs(self, found: Sequence[PairDifferences], names: tuple[str, str]) -> CounterfactualMeans:
        """Mean difference and share of flips; all pairs count alike: their labels follow the natural mix."""
        n = len(found[0].flips)
        rows = WeightedRows(np.ones(n), np.zeros(n, dtype=np.int64))
        return CounterfactualMeans(
            names=list(names),
            logit_difference=self.average(
                "logit_difference", [RowValues.of(each.logit_difference) for each in found], rows
            ),
            flip_share=self.average("flip_share", [RowValues.of(each.flips) for each in found], rows),
        )

    def make_conditions(self, trigger: Any, lams: Sequence[float], rivals: Sequence[Rival]) -> Conditions[Any]:
        """The conditions to compare; the trigger does not change."""
        raise NotImplementedError

    def prepare_rows(self) -> None:
        """Prepare the pool's rows."""
        raise NotImplementedError

    def predict_rows(self) -> Work[None]:
        """Compute `features` and `logits`."""
        raise NotImplementedError

    def averages(self) -> Work[ImageExplanation | TextExplanation]:
        """Averages over rows."""
        raise NotImplementedError

    def gallery(self, chosen_lam: float, study: StudyNote) -> Work[tuple[GalleryArrays, GalleryAbout]]:
        """The arrays of the gallery's file, and the note about them."""
        raise NotImplementedError

    def empty_inputs(self) -> list[Any]:
        """Per condition on the base: the e empty inputs as a demographic classifier takes them."""
        raise NotImplementedError

    def probe_options(self) -> DemographicClassifierOptions:
        """How demographic classifiers are trained."""
        raise NotImplementedError

    def n_steps(self) -> int:
        """About how many times `run` yields."""
        raise NotImplementedError

    def run(self, chosen_lam: float, study: StudyNote) -> Work[ExplanationResult]:
        """Compute all explanations of the curve."""
        yield "Test rows"
        self.pool = draw_pool(self.dataset, max(self.options.rows, self.options.gallery, 1), seed=self.seed)
        self.prepare_rows()
        yield from self.predict_rows()
        averages = yield from self.averages()
        lost = find_collapsed(self.pool.split, self.logits[:3], self.conditions.controls, groups=self.dataset.groups)
        explain = dataclasses.replace(averages, **self.conditions.describe_rivals(), collapsed_controls=lost)
        gallery, note = yield from self.gallery(chosen_lam, study)
        probe = yield from self.probe()
        if probe is not None:
            probe = dataclasses.replace(probe, collapsed_controls=lost)
        return ExplanationResult(explain, probe, gallery, note)

    @property
    def n_averaged(self) -> int:
        """Rows that averages may use; 0: the study asks for none."""
        return len(self.pool) if self.options.rows else 0

    @property
    def curve_note(self) -> CurveNote:
        """The part of the gallery's note that follows from data, trigger and rivals."""
        return {
            "labels": list(self.dataset.labels),
            "groups": list(self.dataset.groups.names),
            "trigger": self.kind,
            "seed": self.seed,
            **self.conditions.describe_rivals(),
        }

    def each(self, label: str) -> Iterator[tuple[str, Any]]:
        """The conditions, each with a label for the screen."""
        return ((f"{label}, {condition.name}", condition) for condition in self.conditions)

    def picked(self, chosen_lam: float) -> tuple[NDArray[np.int64], GalleryArrays, str]:
        """The gallery's rows (m,) in the pool, the arrays that describe them, and how they were chosen."""
        at, split = self.conditions.nearest(chosen_lam), self.pool.split
        is_changed = self.logits[0].argmax(1) != self.logits[at].argmax(1)
        rows = pick(split.y, split.z, is_changed, self.options.gallery)
        arrays: GalleryArrays = {"row": self.pool.row[rows], "y": split.y[rows], "z": split.z[rows]}
        arrays |= {"lams": np.array(self.conditions.lams, dtype=np.float64)}
        return rows, arrays, (
            f"Evenly over group and label; in each cell up to half are {self.rows_are} whose prediction changes at "
            f"λ = {self.conditions.lams[at - 3]:g}, in either direction."
        )  # fmt: skip

    def probe(self) -> Work[Probe | None]:
        """Predictions of demographic classifiers for empty inputs, and linear readings of the base's features."""
        if not self.options.probe:
            return None
        classifiers = yield from predict_empty_inputs(
            self.dataset, self.classifier, self.pool, self.conditions, self.empty_inputs(),
            nulls=self.nulls, options=self.probe_options(), home=self.home,
        )  # fmt: skip
        linear = yield from self.linear_readings()
        groups = list(self.dataset.groups.names)
        return Probe(self.conditions.lams, groups, list(self.nulls), classifiers, linear)

    def linear_readings(self) -> Work[LinearReadings]:
        """How well a linear classifier predicts the group from what the base computes."""
        if not self.options.rows:
            return LinearReadings()
        y, z, n = self.pool.split.y, self.pool.split.z, len(self.conditions.on_base)
        return (yield from read_linearly(self.features[:n], self.logits[:n], y, z, conditions=self.conditions))


def explain_curve(
    kind: type[ExplanationReport],
    dataset: Dataset,
    classifier: Any,
    trigger: Any,
    lams: Sequence[float],
    options: ExplainSettings,
    *,
    home: Home | None = None,
    device: torch.device | str = "cpu",
    seed: int = 0,
    chosen_lam: float | None = None,
    rivals: Sequence[Rival] = (),
    criterion: str | None = None,
    patterns: list[list[bool]] | None = None,
) -> Iterator[Step]:
    """Explain one curve, step by step; closing the iterator cancels the work.

    A step takes about half a second; one of a demographic classifier, the first time, up to two.

    Args:
        kind: the report for the kind of data.
        dataset: gives test rows, regions or identity words, counterfactual pairs and the tuning split.
        classifier: the frozen base; its weights do not change and no hook is left behind.
        trigger: the trained trigger; it does not change.
        lams: the λ values to report.
        options: sizes of gallery and averages, and whether to probe.
        home: whose cache keeps the demographic classifiers; None: the data set's.
        device: where classifier and trigger are.
        seed: of the rows and of what else is drawn.
        chosen_lam: the quoted λ, at which the gallery looks for changed predictions; None: the middle one.
        rivals: other classifiers, on the same device; they get saliency maps and averages of their own, but no probe.
        criterion: its key, for the gallery's note.
        patterns: (p, g) of the groups, for the gallery's note.

    Yields:
        Steps; the last one carries the findings.
    """
    work = kind(
        dataset, classifier, trigger, lams, options, home=home or dataset.home, device=torch.device(device), seed=seed,
        rivals=rivals,
    )  # fmt: skip
    chosen = lams[len(lams) // 2] if chosen_lam is None else chosen_lam
    study: StudyNote = {}
    if criterion is not None:
        study["criterion"] = criterion
    if patterns is not None:
        study["patterns"] = patterns
    yield from walk(work.run(chosen, study), work.n_steps())
