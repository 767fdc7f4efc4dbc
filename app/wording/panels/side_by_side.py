"""Sentences of the page Compare about runs that were tested on other rows or started from another base."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.models.table import Table, TableCell
from app.wording.shared import common, inside
from fairprog_core.metrics.point import Point
from fairprog_core.results.curve import Curve

MOST = 5  # differences that are named
DIFFER = (
    "These runs were not tested on the same rows with the same base classifier, so they get no verdict; compare their "
    "intervals. What differs: {found}."
)
NOT_KNOWN = "the base classifier, though its settings are the same"
MORE = "and {n} more settings"
PARTS = ("dataset", "classifier", "base_seed")
NAMES = {
    "dataset.n_test": "test rows",
    "dataset.n_train": "training rows",
    "dataset.n_tune": "tuning rows",
    "dataset.n_val": "validation rows",
    "dataset.seed": "seed of the data",
    "base_seed": "seed of the base",
}
OTHER_DATA = (
    "The chosen runs are on different data ({kinds}), so nothing about them can be set against each other. Choose runs "
    "on the same data above."
)
OTHER_LABELS = (
    "The chosen runs have other labels or groups, so nothing about them can be set against each other. Choose runs on "
    "the same data above."
)
CAPTION = "At the λ that each run chose on its own validation rows; below each figure its 95 % interval"
COLUMNS = (("Method", ""), ("λ", ""), ("Test rows", ""), ("Gap", "base → with it"), ("Accuracy", "base → with it"))


def differ(studies: Mapping[str, Mapping[str, Any]]) -> str:
    """What differs between runs, in one line; as Markdown.

    Args:
        studies: as JSON, by the run's name.
    """
    flat = [dict(_flat(study)) for study in studies.values()]
    keys = dict.fromkeys(key for each in flat for key in each)
    found = [
        f"{NAMES.get(key, key.rpartition('.')[2].replace('_', ' '))} ({' and '.join(values)})"
        for key in keys
        if len(values := dict.fromkeys(_shown(each.get(key)) for each in flat)) > 1
    ]
    shown = found[:MOST] + ([MORE.format(n=len(found) - MOST)] if len(found) > MOST else [])
    return DIFFER.format(found=common.plain(", ".join(shown)) if shown else NOT_KNOWN)


def other_data(kinds: Sequence[str]) -> str:
    """Runs on different data were chosen; or on one kind of it with other labels or groups."""
    if len(set(kinds)) == 1:
        return OTHER_LABELS
    return OTHER_DATA.format(kinds=", ".join(common.plain(common.kind(kind).lower()) for kind in dict.fromkeys(kinds)))


def table(rows: Sequence[tuple[str, str, Curve, Point, Point]]) -> Table:
    """A row per candidate: name of its run, its name, its curve, the base, the point at the chosen λ."""
    columns = [TableCell(*each) for each in COLUMNS]
    return Table(CAPTION, columns, [_row(*each) for each in rows])


def _row(run: str, name: str, curve: Curve, base: Point, point: Point) -> list[TableCell]:
    figures = []
    for metric in (curve.gap, "accuracy"):
        before, now = base.metric(metric), point.metric(metric)
        text = f"{common.number(before.value)} → {common.number(now.value)}"
        figures.append(TableCell(text, inside.brackets(now).strip()))
    lam = "" if point.lam is None else common.lam(point.lam)
    return [TableCell(name, run), TableCell(lam), TableCell(f"{point.n:,}"), *figures]


def _flat(study: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for part in PARTS:
        value = study.get(part)
        if isinstance(value, Mapping):
            yield from ((f"{part}.{name}", each) for name, each in value.items())
        elif value is not None:
            yield part, value


def _shown(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return common.EMPTY if value is None else ("no", "yes")[value]
    return f"{value:,}" if isinstance(value, int) else str(value)[:40]
