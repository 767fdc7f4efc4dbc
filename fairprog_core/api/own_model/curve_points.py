"""Predict and measure the rows of one split: the model alone, the trigger at every λ, the control; as a table."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from fairprog_core.api.own_model.setting import Setting
from fairprog_core.common.types import Groups, Predictions
from fairprog_core.data.base import Split
from fairprog_core.methods.reprogramming.trigger_training import FittedTrigger
from fairprog_core.metrics.point import Point
from fairprog_core.metrics.report import report
from fairprog_core.metrics.summaries import point_rows
from fairprog_core.pipeline.jobs.front import SplitPredictions, controls_of, predict_all
from fairprog_core.study import defaults

if TYPE_CHECKING:
    import pandas as pd

_IDENTITY = ("trigger", "criterion", "tuning_ratio", "seed")  # the same in every row


def predict_curve(model: FittedTrigger, split: Split, setting: Setting) -> Iterator[SplitPredictions]:
    """Predictions of a prepared split at every reported λ, then of the control that every study has."""
    controls = controls_of(model, [defaults.first_control(setting.trigger.modality)])
    return predict_all(model, split, method=setting.method.kind, lams=setting.lam.grid, controls=controls)


def curve_points(
    found: Iterable[SplitPredictions], base: Predictions, *, groups: Groups, labels: Sequence[str], setting: Setting
) -> tuple[Point, list[Point]]:
    """The base's point, and the points of `predict_curve`, each compared with the base on the same rows.

    Args:
        found: predictions of a split.
        base: the predictions of the model alone.
        groups: the values of Z.
        labels: the c class names.
        setting: names trigger, criterion and seed.
    """
    points = [
        report(
            each.predictions, groups=groups, labels=labels, base=base, method=each.method, trigger=setting.trigger.kind,
            criterion=setting.criterion.kind, lam=each.lam, seed=setting.seed, tuning_ratio=1.0,
        )
        for each in found
    ]  # fmt: skip
    return report(base, groups=groups, labels=labels, method="base"), points


def points_table(points: Sequence[Point], *, chosen_lam: float) -> "pd.DataFrame":
    """One row a point: "method", "lam", every metric and its change against the base with intervals, and flags.

    NaN where a value cannot be estimated.
    """
    import pandas as pd

    rows = [
        {
            name: value
            for name, value in row.items()
            if name not in _IDENTITY and not name.startswith(("count_", "artifact_"))
        }
        for row in point_rows(points)
    ]
    table = pd.DataFrame(rows)
    for name in table.columns.difference(["method", "collapsed", "n"]):
        table[name] = table[name].astype(float)
    table["chosen"] = (table["method"] == "reprogram") & (table["lam"] == chosen_lam)
    return table
