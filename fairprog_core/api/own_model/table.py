"""Points as pandas tables."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fairprog_core.metrics.point import Point
from fairprog_core.metrics.summaries import point_rows

if TYPE_CHECKING:
    import pandas as pd

_IDENTITY = ("trigger", "criterion", "tuning_ratio", "seed")  # the same in every row


def points_table(points: Sequence[Point], *, chosen_lam: float) -> "pd.DataFrame":
    """One row a point: "method", "lam", every metric with its interval, changes against the base, "collapsed", "chosen".

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
