"""What a visitor sees of a trigger while it learns: six rows with their verdicts, and a rough curve at the start.

Nothing of it is used for the result, and the training draws no random number for it: with and without these records,
the learned trigger is the same to the last bit.

Notation: n rows, c classes.
"""

import base64
import io
from collections.abc import Sequence
from functools import cached_property
from itertools import zip_longest
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from fairprog_core.classifiers.predict import predict, predictions_of
from fairprog_core.common.errors import FairprogError
from fairprog_core.common.records import Front, LiveRecord, LiveRow
from fairprog_core.common.types import Predictions
from fairprog_core.data.base import Split
from fairprog_core.methods.reprogramming.trigger_training import FittedTrigger
from fairprog_core.pipeline.jobs.context import StudyContext
from fairprog_core.pipeline.jobs.front import GapMeasure
from fairprog_core.study.plan import CurvePlan
from fairprog_core.triggers.text import TextTrigger

N_ROWS = 6
N_RECORDS = 24  # of one training, about
ROUGH_STEPS = (1, 10, 30)  # with a rough curve, until the first validation
N_ROUGH = {"image": 120, "text": 48}  # rows of a rough curve
SIDE = 96  # px of a picture at most
QUALITY = 85  # of JPEG, which is written 18 times as fast as WebP
LETTERS = 240  # of a text


class Glance:
    """Looks at the trigger of one curve while it learns.

    Args:
        context: of the study.
        plan: of the curve.
        measure: accuracy and gap on validation rows.
    """

    def __init__(self, context: StudyContext, plan: CurvePlan, measure: GapMeasure) -> None:
        self.context, self.plan, self.measure = context, plan, measure
        self.lam = plan.lam.grid[len(plan.lam.grid) // 2]
        self.is_image = context.dataset.modality == "image"

    def is_due(self, step: int, steps: int) -> bool:
        """Whether there is a record after this step."""
        return step == 1 or step == steps or step % -(-steps // N_RECORDS) == 0 or self._is_rough(step)

    def _is_rough(self, step: int) -> bool:
        return step in ROUGH_STEPS and step < self.plan.budget.validate_every

    def record(self, model: FittedTrigger, step: int, steps: int) -> LiveRecord:
        """The record after a step."""
        split, before = self.rows
        after = predict(model.trigger.before(self.context.classifier, self.lam), split)
        one = 1 if len(self._labels) == 2 else None  # of two classes the second is followed
        record = LiveRecord(
            kind="live", curve=self.plan.key, step=step, steps=steps, lam=self.lam,
            rows=[self._row(i, before, after, one) for i in range(len(split.y))],
        )  # fmt: skip
        if self.is_image:
            for row, picture in zip(record["rows"], self._pictures(model, split), strict=True):
                row["picture"] = picture
        else:
            for row, text in zip(record["rows"], self._texts, strict=True):
                row["text"] = text
            record["words"] = cast(TextTrigger, model.trigger).words(self.lam, self.context.classifier)
        if self._is_rough(step) and (front := self._front(model)):
            record["front"], record["n_rows"] = front, len(self.rough[0].y)
        return record

    @property
    def _labels(self) -> Sequence[str]:
        return self.context.dataset.labels

    def _row(self, i: int, before: Predictions, after: Predictions, one: int | None) -> LiveRow:
        y = int(before.y[i])
        shown, groups = y if one is None else one, self.context.dataset.groups
        names = [name for name, is_in in zip(groups.names, groups.patterns[before.z[i]], strict=True) if is_in]
        return LiveRow(
            label=self._labels[y], groups=names, shown=self._labels[shown],
            before=_probability(before, i, shown), after=_probability(after, i, shown),
            said_before=self._labels[before.y_pred[i]], said_after=self._labels[after.y_pred[i]],
        )  # fmt: skip

    @cached_property
    def rough(self) -> tuple[Split, Predictions]:
        """Few validation rows, drawn evenly over the cells, and the base's predictions of them."""
        split = self.context.splits["val"].evenly(N_ROUGH[self.context.dataset.modality])
        return split, predict(self.context.classifier, split)

    @cached_property
    def rows(self) -> tuple[Split, Predictions]:
        """The rows that are shown: in each cell in turn, those on which the base is least sure."""
        split, base = self.rough
        rows = least_sure(base, split.cells, N_ROWS)
        shown = Split(split.x[rows], split.y[rows], split.z[rows], split.cell_share, split.is_stratified)
        return shown, predictions_of(shown, None if base.logits is None else base.logits[rows], base.y_pred[rows])

    @cached_property
    def _texts(self) -> list[str]:
        """The texts of the rows, as the data set has them."""
        rows = least_sure(self.rough[1], self.rough[0].cells, N_ROWS)
        whole = self.context.dataset.split("val").evenly(len(self.rough[0].y))
        return [" ".join(str(text).split())[:LETTERS] for text in whole.x[rows]]

    def _front(self, model: FittedTrigger) -> Front | None:
        try:
            return self.measure.front(model, self.plan.lam.grid, *self.rough)
        except FairprogError:  # too few rows of a cell, of a table with many groups
            return None

    def _pictures(self, model: FittedTrigger, split: Split) -> list[str]:
        """The rows with the trigger, as data URIs."""
        classifier = self.context.classifier
        x = model.trigger(classifier.to_input(split.x), self.lam).detach().clamp(0, 1)
        return [_encoded(picture) for picture in (x * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()]


def least_sure(base: Predictions, cells: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """At most n rows (n,), one of each cell in turn, first those whose two likeliest classes are closest."""
    sureness = np.zeros(len(cells))
    if base.logits is not None:
        ordered = np.sort(base.logits, axis=1)
        sureness += ordered[:, -1] - ordered[:, -2]
    by_cell = [rows[np.argsort(sureness[rows], kind="stable")] for rows in _by_cell(cells)]
    turns = [row for turn in zip_longest(*by_cell) for row in turn if row is not None]
    return np.array(turns[:n], dtype=np.int64)


def _by_cell(cells: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    return [np.flatnonzero(cells == cell) for cell in np.unique(cells)]


def _probability(found: Predictions, row: int, label: int) -> float:
    """P(label) of a row; of a classifier without logits whether it is predicted."""
    if found.logits is None:
        return float(found.y_pred[row] == label)
    odds = np.exp(found.logits[row].astype(np.float64) - found.logits[row].max())
    return round(float(odds[label] / odds.sum()), 4)


def _encoded(picture: NDArray[Any]) -> str:
    from PIL import Image

    buffer, image = io.BytesIO(), Image.fromarray(picture)
    image.thumbnail((SIDE, SIDE))
    image.save(buffer, format="JPEG", quality=QUALITY, subsampling=0)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
