"""An audit as tables and sentences: text for a terminal, HTML for a notebook.

Notation: c classes, g groups.
"""

import io
from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from fairprog_core.common.errors import escaped
from fairprog_core.metrics.fairness import METRICS
from fairprog_core.metrics.group_tables import GroupRow
from fairprog_core.metrics.intervals import Estimate, EstimateJson, smallest_difference
from fairprog_core.metrics.point import Point, few_note, noise_note
from fairprog_core.metrics.summaries import reported
from fairprog_core.results.weak_base import WeakBase

_WIDTH = 160  # of the text; a terminal that is narrower wraps it
_MOST_NAMES = 12  # of labels or groups in the title
_POWER = {  # gaps of which the power is told
    "demographic_parity_difference": "demographic parity", "average_abs_odds_difference": "equalized odds",
}  # fmt: skip
_RATES = {
    "selection_rate": "Predicted",
    "true_positive_rate": "True positive rate",
    "false_positive_rate": "False positive rate",
    "accuracy": "Accuracy",
}


class Sheet(NamedTuple):
    """A table of texts; the first column is left-aligned."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


class Beside(NamedTuple):
    """What is known of the rows beside a point's figures.

    Attributes:
        majority_accuracy: of always predicting the most frequent label.
        weak_base: how weak the classifier is; None: it is better than that.
        n_without_group: rows that are in no group.
    """

    majority_accuracy: float
    weak_base: WeakBase | None = None
    n_without_group: int = 0


def to_text(point: Point, beside: Beside) -> str:
    """Title, tables and sentences below each other."""
    tables = "\n".join(_as_text(sheet) for sheet in sheets(point))
    return "\n".join([_title(point), "", tables, *sentences(point, beside)])


def to_html(point: Point, beside: Beside) -> str:
    """The same as HTML; whatever the user named is escaped."""
    tables = "".join(_as_html(sheet) for sheet in sheets(point))
    said = "".join(f"<p>{escape(each)}</p>" for each in sentences(point, beside))
    return f"<div><p><strong>{escape(_title(point))}</strong></p>{tables}{said}</div>"


def sheets(point: Point) -> list[Sheet]:
    """The tables: metrics, groups, and combinations of groups where there are any."""
    groups = _rates_of("Group", point.group_rates or (), point.labels)
    combined = _rates_of("Combination", point.intersections, point.labels)
    return [_metrics(point), groups, *[combined] * bool(point.intersections)]


def _title(point: Point) -> str:
    labels = list(point.labels)
    if len(labels) == 2:
        labels[1] += " (positive)"
    return f"Audit of {point.n:,} rows · labels: {_listed(labels)} · groups: {_listed(point.groups)}"


def _metrics(point: Point) -> Sheet:
    rows = []
    for name, title in reported().items():
        found, noise = point.metric(name), point.noise_gap.get(name)
        is_within = bool(noise_note(found, noise))
        beside = "" if noise is None else f"{noise:.3f}{' (not clearly exceeded)' * is_within}"
        interval = "–" if found.value is not None and found.ci is None else _interval(found.ci)
        rows.append((title, _number(found.value), interval, beside))
    return Sheet(("", "Value", "95 % interval", "Noise alone"), rows)


def _rates_of(first: str, given: Sequence[GroupRow], labels: Sequence[str]) -> Sheet:
    """The rates of groups or of combinations."""
    has_labels = len(labels) > 2
    columns = (first, *["Label"] * has_labels, "Rows", *_RATES.values())
    rows = []
    for row in given:
        label = [escaped(labels[row["label"]])] * has_labels
        rates: list[EstimateJson] = [row[name] for name in _RATES]  # type: ignore[literal-required]
        figures = [f"{_number(rate['value'])} {_interval(rate['ci'])}".strip() for rate in rates]
        rows.append((escaped(row["group"]), *label, f"{row['n']:,}", *figures))
    return Sheet(columns, rows)


def sentences(point: Point, beside: Beside) -> Iterator[str]:
    """What has to be known to read the tables."""
    if any(point.noise_gap.get(name) is not None for name in METRICS):
        yield (
            "Noise alone: 95 of 100 such sets of rows show a gap of at most this where all groups have the same rates."
        )
    yield from _of_power(point)
    yield from _of_accuracy(point, beside)
    if beside.n_without_group:
        yield f"In no group: {beside.n_without_group:,} rows; they count for the accuracy, and for no group's rates."
    if point.left_out:
        left_out = ", ".join(escaped(label) for label in point.left_out)
        yield f"Too rare in a group, so left out of the gaps over labels: {left_out}."
    for note in dict.fromkeys(_why_missing(point, name) for name in METRICS if None in point.metric(name)):
        yield f"–: {note}."
    if point.metric("auc").value is None:
        yield "– as area under the ROC curve: there are no scores, only predicted labels."


def _of_power(point: Point) -> Iterator[str]:
    """Which difference of a gap these rows can show."""
    clear = {gap: name for gap, name in _POWER.items() if not noise_note(point.metric(gap), point.noise_gap.get(gap))}
    found = [(name, point.metric(gap).ci) for gap, name in clear.items()]
    known = [f"{smallest_difference(ci):.3f} ({name})" for name, ci in found if ci and ci[0] < ci[1]]
    if known:
        yield f"Power: differences of about {' and '.join(known)} are detected in four cases of five."


def _of_accuracy(point: Point, beside: Beside) -> Iterator[str]:
    weak, majority = beside.weak_base, f"{beside.majority_accuracy:.3f}"
    if weak is not None:
        yield (
            f"Collapsed: the accuracy does not exceed {majority}, that of always predicting the most frequent label; a "
            "small gap then means nothing."
        )
        if weak["swapped_accuracy"] is not None:
            yield (
                "The order of the labels may be swapped: in another order the accuracy would be "
                f"{weak['swapped_accuracy']:.3f}."
            )
        return
    if point.collapsed:
        yield "Collapsed: in a group, no row of a label is predicted right; a small gap then means nothing."
    yield f"Always predicting the most frequent label has an accuracy of {majority}."


def _why_missing(point: Point, name: str) -> str:
    """Why a metric has no value or no interval: the cell with too few rows."""
    shown = Estimate(point.metric(name).value or 0.0, None)  # a value that is missing has the same reason
    return escaped(few_note(shown, point.few_rows(name))) or "a group, or a group and label, has too few rows"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(escaped(name) for name in names[:_MOST_NAMES])
    return shown if len(names) <= _MOST_NAMES else f"{shown}, … ({len(names)})"


def _as_text(sheet: Sheet) -> str:
    table = Table(box=None, pad_edge=False, show_header=True)
    for number, column in enumerate(sheet.columns):
        table.add_column(column, justify="left" if number == 0 else "right", no_wrap=True)
    for row in sheet.rows:
        table.add_row(*row)
    page = io.StringIO()
    Console(file=page, width=_WIDTH, color_system=None, markup=False, emoji=False, highlight=False).print(table)
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines()) + "\n"


def _as_html(sheet: Sheet) -> str:
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in sheet.columns)
    body = ""
    for first, *rest in sheet.rows:
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in rest)
        body += f'<tr><th scope="row" style="text-align: left">{escape(first)}</th>{cells}</tr>'
    return f'<table class="dataframe"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'  # as pandas' tables


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _interval(ci: Sequence[float] | None) -> str:
    return f"[{ci[0]:.3f}, {ci[1]:.3f}]" if ci else ""
