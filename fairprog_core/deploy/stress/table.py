"""The figures of a stress test as flat rows, for a CSV file."""

from fairprog_core.common.files.destination import Product, has_header
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.metrics.summaries import Cell, rows_csv
from fairprog_core.pipeline.stress.stress_result import CONDITIONS, StressResult

STRESS_CSV = Product("a table of fairprog stress", has_header("curve,trigger,criterion,lam,change,n_changed,condition"))


def stress_csv(found: StressResult) -> str:
    """One row per trigger, change and condition; intervals as <name>_low and <name>_high, empty if not estimable."""
    rows: list[dict[str, Cell]] = []
    for curve in found.curves:
        for row in curve.rows:
            about: dict[str, Cell] = {
                "curve": curve.key, "trigger": curve.trigger, "criterion": curve.criterion, "lam": curve.lam,
                "change": row.change, "n_changed": row.n_changed,
            }  # fmt: skip
            for condition in CONDITIONS:
                figures = getattr(row, condition)
                cells = about | {"condition": condition, "gap_metric": curve.gap}
                for name in ("gap", "accuracy", "gap_change", "accuracy_change"):
                    cells |= _cells(name, getattr(figures, name))
                rows.append(cells | {"collapsed": figures.is_collapsed})
    return rows_csv(rows)


def _cells(name: str, estimate: Estimate) -> dict[str, Cell]:
    low, high = estimate.ci or (None, None)
    return {name: estimate.value, f"{name}_low": low, f"{name}_high": high}
