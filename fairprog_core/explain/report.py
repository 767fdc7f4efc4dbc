"""What the looks inside a curve have in common, whatever the data are.

All conditions see the same rows of the test split, drawn evenly over its (z, y) cells; means are
weighted back to the natural mix (`averages`). Where a row costs more, fewer rows are used; every
mean says how many.

Notation: n rows, m gallery rows, d features, c classes, e empty inputs.
"""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from fairprog_core.common.home import Home
from fairprog_core.data.base import Dataset
from fairprog_core.explain import DemographicClassifierOptions
from fairprog_core.explain.averages import Pool, draw_pool
from fairprog_core.explain.base import ExplainSettings, ExplanationResult, Step, Work, walk
from fairprog_core.explain.conditions import Conditions, Rival
from fairprog_core.explain.gallery import pick
from fairprog_core.explain.linear_probe import READINGS, summarise
from fairprog_core.explain.probe import what_demographic_classifiers_say


class ExplanationReport:
    """The parts of a look inside; subclasses say what is looked at.

    Attributes:
        nulls: names of the e empty inputs.
        rows_are: "photos", …, for the screen.
        features: (n, d) per condition, of the pool's rows.
        logits: (n, c) per condition.
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
        self.conditions = self.compare(trigger, lams, rivals)

    def compare(self, trigger: Any, lams: Sequence[float], rivals: Sequence[Rival]) -> Conditions[Any]:
        """The conditions; the trigger is not changed."""
        raise NotImplementedError

    def begin(self) -> None:
        """Prepare the pool's rows."""
        raise NotImplementedError

    def look(self) -> Work[None]:
        """Find `features` and `logits`."""
        raise NotImplementedError

    def averages(self) -> Work[dict[str, Any]]:
        """What is averaged over rows."""
        raise NotImplementedError

    def gallery(self, chosen_lam: float) -> Work[tuple[dict[str, NDArray[Any]], dict[str, Any]]]:
        """The arrays of the gallery's file, and how they were made."""
        raise NotImplementedError

    def empty_inputs(self) -> list[Any]:
        """Per condition on the base what a demographic classifier gets of the e empty inputs."""
        raise NotImplementedError

    def reader_options(self) -> DemographicClassifierOptions:
        """How demographic classifiers are trained."""
        raise NotImplementedError

    def n_steps(self) -> int:
        """About how many times `run` yields."""
        raise NotImplementedError

    def run(self, chosen_lam: float, about: dict[str, Any]) -> Work[ExplanationResult]:
        """Everything."""
        yield "Test rows"
        self.pool = draw_pool(self.dataset, max(self.options.rows, self.options.gallery, 1), seed=self.seed)
        self.begin()
        yield from self.look()
        averages = yield from self.averages()
        rivals = self.conditions.describe_rivals()
        counted = len(self.pool) if self.options.rows else 0
        explain = {"lams": self.conditions.lams, "rows": counted, **rivals, **averages}
        gallery, how = yield from self.gallery(chosen_lam)
        probe = yield from self.probe()
        metadata = {
            "labels": list(self.dataset.labels),
            "groups": list(self.dataset.groups.names),
            "trigger": self.kind,
            "seed": self.seed,
            **rivals,
            **how,
            **about,
        }
        return ExplanationResult(explain, probe, gallery, metadata)

    def each(self, label: str) -> Iterator[tuple[str, Any]]:
        """The conditions, each with a label for the screen."""
        return ((f"{label}, {condition.name}", condition) for condition in self.conditions)

    def picked(self, chosen_lam: float) -> tuple[NDArray[np.int64], dict[str, NDArray[Any]], str]:
        """The gallery's rows (m,) in the pool, what the gallery's file says about them, and how they were chosen."""
        at, split = self.conditions.nearest(chosen_lam), self.pool.split
        is_changed = self.logits[0].argmax(1) != self.logits[at].argmax(1)
        rows = pick(split.y, split.z, is_changed, self.options.gallery)
        arrays = {"row": self.pool.row[rows], "y": split.y[rows], "z": split.z[rows]}
        arrays |= {"lams": np.array(self.conditions.lams, dtype=np.float64)}
        return rows, arrays, (
            f"Evenly over group and label; in each cell up to half are {self.rows_are} whose prediction changes at "
            f"λ = {self.conditions.lams[at - 3]:g}, in either direction."
        )  # fmt: skip

    def probe(self) -> Work[dict[str, Any] | None]:
        """What demographic classifiers read in empty inputs, and what the base's features tell."""
        if not self.options.probe:
            return None
        classifiers = yield from what_demographic_classifiers_say(
            self.dataset, self.classifier, self.pool, self.conditions, self.empty_inputs(),
            nulls=self.nulls, options=self.reader_options(), home=self.home,
        )  # fmt: skip
        reading = yield from self.reading()
        return {
            "lams": self.conditions.lams,
            "groups": list(self.dataset.groups.names),
            "nulls": list(self.nulls),
            "classifiers": classifiers,
            **reading,
        }

    def reading(self) -> Work[dict[str, Any]]:
        """How well the group is read from what the base computes."""
        if not self.options.rows:
            return dict.fromkeys(READINGS)
        y, z, n = self.pool.split.y, self.pool.split.z, len(self.conditions.on_base)
        found = yield from summarise(self.features[:n], self.logits[:n], y, z, conditions=self.conditions)
        return found


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
    **about: Any,
) -> Iterator[Step]:
    """Look inside one curve, step by step; closing the iterator cancels.

    A step takes about half a second; one of a demographic classifier, the first time, up to two.

    Args:
        kind: what is looked at.
        dataset: gives test rows, regions or identity words, twins and the tuning split.
        classifier: the frozen base; its weights are not touched and no hook is left behind.
        trigger: the trained trigger; not changed.
        lams: the λ values to report.
        options: sizes of gallery and averages, and whether to probe.
        home: whose cache keeps the demographic classifiers; None: the data set's.
        device: where classifier and trigger are.
        seed: of the rows and of what else is drawn.
        chosen_lam: the quoted λ, at which the gallery looks for changed predictions; None: the middle one.
        rivals: other classifiers, on the same device, whose saliency and averages stand beside; the probe leaves
            them out.
        about: further JSON values for the gallery's description (criterion, …).

    Yields:
        Steps; the last one carries the findings.
    """
    work = kind(
        dataset, classifier, trigger, lams, options, home=home or dataset.home, device=torch.device(device), seed=seed,
        rivals=rivals,
    )  # fmt: skip
    chosen = lams[len(lams) // 2] if chosen_lam is None else chosen_lam
    yield from walk(work.run(chosen, about), work.n_steps())
