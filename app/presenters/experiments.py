"""The experiments on the page Compare: less tuning data, other bases, several classes.

A row is one of ``fairprog_core.results.experiments`` with the id of its run.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import NamedTuple

from app.models.experiment import RunRow as Row
from app.models.series import Series, gather, on_other_base
from app.state import cli_queries
from app.wording.shared import inside
from fairprog_core.metrics.point import Point
from fairprog_core.results.experiments import ExperimentRow, class_rows, is_about_shares, transfer_rows
from fairprog_core.results.head_to_head import BYSTANDERS
from fairprog_core.results.result import Result

Results = Mapping[str, Result]  # by the id of their run


class Target(NamedTuple):
    """A base classifier that triggers of other bases were applied to.

    Attributes:
        name: of the base.
        point: the base without a trigger.
        tried: pairs of a source base's name and the series of its triggers here, in the order of the runs.
        own: the series that were learned on this base.
    """

    name: str
    point: Point
    tried: list[tuple[str, Series]]
    own: list[Series]


def tuning_rows(results: Results, criterion: str) -> list[Row]:
    """The rows of runs with several shares of the tuning data; ``cli_queries`` caches them per state of a run.

    Raises:
        DataError: predictions are missing, or it took too long.
    """
    runs = {run: result for run, result in results.items() if is_about_shares(result)}
    return _rows({run: cli_queries.tuning_rows(run, result.folder) for run, result in runs.items()}, criterion)


def other_base_rows(results: Results, criterion: str) -> list[Row]:
    """The rows of runs whose triggers were applied to other bases."""
    return _rows({run: transfer_rows([result]) for run, result in results.items()}, criterion)


def several_classes_rows(results: Results, criterion: str) -> list[Row]:
    """The rows of all runs, ascending in the number of classes; none where no run has more than two."""
    if all(len(result.labels) <= 2 for result in results.values()):
        return []
    rows = _rows({run: class_rows([result]) for run, result in results.items()}, criterion)
    return sorted(rows, key=lambda row: row["n_classes"])


def lines(
    rows: Sequence[Row], runs: Mapping[str, str], *, name: Callable[[Row], str], place: Callable[[Row], Hashable]
) -> dict[str, list[Row]]:
    """Group rows into the lines of a chart.

    Where two runs have a row at the same position of a line, the later run gets a line of its own, with the run's
    name in front. The first line gets its run's name too if all its rows are from one run.

    Args:
        rows: of one experiment.
        runs: names of the runs by id.
        name: the name of a row's line.
        place: the position of a row on its line.
    """
    found: dict[str, list[Row]] = {}
    contested = set()
    for row in rows:
        label = name(row)
        if any(place(row) == place(other) and row["run"] != other["run"] for other in found.get(label, [])):
            contested.add(label)
            label = inside.in_run(runs[row["run"]], label)
        found.setdefault(label, []).append(row)
    of_one_run = {label for label in contested if len({row["run"] for row in found[label]}) == 1}
    return {
        inside.in_run(runs[line[0]["run"]], label) if label in of_one_run else label: line
        for label, line in found.items()
    }


def targets(results: Results, criterion: str) -> list[Target]:
    """The bases that triggers were applied to, in the order of the runs."""
    found: list[Target] = []
    for run, result in results.items():
        for entry in result.transfer:
            here = on_other_base(result, entry)
            tried = [(entry.source, each) for each in _series(here, criterion, run)]
            known = next((each for each in found if _is_same(each.point, entry.point)), None)
            if known:
                known.tried.extend(tried)
            elif tried:
                own = [series for one, other in results.items() if _is_same(other.base, entry.point)
                       for series in _series(other, criterion, one)]  # fmt: skip
                found.append(Target(entry.base, entry.point, tried, own))
    return found


def _series(result: Result, criterion: str, run: str) -> list[Series]:
    gap = next((curve.gap for curve in result.curves if curve.criterion == criterion), "")
    found = gather(result, gap, run=run) if gap else []
    return [each for each in found if each.criterion == criterion and each.is_whole]


def _is_same(one: Point, other: Point) -> bool:
    """Whether two points are of one base on the same rows: they have the same counts in every group and label."""
    return one.counts == other.counts


def _rows(found: Mapping[str, Sequence[ExperimentRow]], criterion: str) -> list[Row]:
    return [
        Row(**row, run=run)
        for run, rows in found.items()
        for row in rows
        if row["criterion"] == criterion and row["method"] not in BYSTANDERS
    ]
