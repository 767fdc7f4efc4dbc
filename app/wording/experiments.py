"""Sentences and tables of the experiments on the page Compare. Verdicts follow from 95 % intervals alone."""

from collections.abc import Mapping, Sequence

from app.models import experiment
from app.models.table import Table, TableCell
from app.wording import tradeoff as tradeoff_words
from app.wording.shared import common, inside, verdicts
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.results.experiments import ExperimentRow as Row

Lines = Mapping[str, Sequence[Row]]  # rows by the name of their line

TUNING = "Less tuning data"
TUNING_LEAD = (
    "Every method learned from a part of the tuning data; λ was chosen on the same validation rows for every part."
)
TUNING_AXIS = "Share of the tuning data"
TUNING_LABEL = "The gap at the chosen λ over the share of the tuning data, means over seeds with 95 % intervals."

BASES = "On other bases"
BASES_LEAD = (
    "Triggers in front of a frozen base that they were not learned on. A cell says how much of the gain on their own "
    "base they keep: 100 % is all of it, 0 % nothing, and below 0 the gap grew."
)
LEARNED_ON, TRIED_ON = "Learned on", "Tried on"
FROM_TO = "{source} → {target}"
OWN = "learned here"
MATRIX_LABEL = (
    "The share of the gain that is kept, by the base it was learned on and the base it is tried on. Blue is above 0, "
    "orange below; clear cells cannot be told from 0."
)
CONTROLS = "Against the control, a trigger that was not learned: {parts}."
COLLAPSED_CASES = "{n} of {all} cases collapsed and are not counted: such a gap means nothing."
AGAINST_CONTROLS = {
    "falls": "the gap is smaller in {part}",
    "unclear": "**the two cannot be told apart** in {part}",
    "rises": "the gap is larger in {part}",
}
PART = "{n} of {all} cases"
CONTROL_VERDICTS = {"falls": "the gap is smaller", "unclear": "not told apart", "rises": "the gap is larger"}
BASE = "Other base"
TRIED = "{kind} from {source}"
LEARNED_HERE = "{kind}, learned here"
PLANE_LABEL = (
    "Accuracy over the gap on {base}, means over seeds with 95 % intervals. Triggers were learned on other bases, but "
    "for those that were learned here. Hollow symbols are controls; white dots: λ chosen on the own base."
)

CLASSES = "Several classes"
CLASSES_LEAD = (
    "The same task with more labels to tell apart. Of more than two, each is set against the rest, and the gap is "
    "their mean."
)
CLASSES_AXIS = "Classes"
CLASSES_LABEL = "The gap of the base and at the chosen λ over the number of classes, with 95 % intervals."
LEFT_OUT = "Of {n} classes, not counted because they are too rare in a group: {labels}."

NOTHING = "The gap cannot be estimated on the test rows of these runs: a group and label has too few of them."

PRESETS = {
    "image": {TUNING: "faces-tuning-data", BASES: "faces-transfer", CLASSES: "faces-multiclass"},
    "text": {TUNING: "comments-tuning-data", BASES: "comments-transfer"},
}
MISSING = "Further charts appear here for finished runs of these presets: {presets}."
PRESET = "{title} (`{preset}`)"

CAPTION = "At the λ chosen on validation, means over seeds. Below: 95 % interval, verdict"
METHOD, GAP, GAP_OF_BASE, ACCURACY, KEPT, CONTROL = (
    "Method",
    "Gap",
    "Gap of the base",
    "Accuracy",
    "Gain kept",
    "Control",
)
ACCURACY_NOTE = "change in points"
KEPT_NOTES = {TUNING: "of that with all data", BASES: "of that on the own base"}
CONTROLS_NOTE = "A gap is told apart from the control's where their 95 % intervals do not overlap."
NOTE = (
    "A gap is “smaller” or “larger” than the base's where the 95 % interval of its change, paired by row, leaves out "
    "0. A share of the gain is not estimable where, for some seed, there was no gain that can be told from 0."
)
ABOUT_BASE = "Base: accuracy {accuracy}, gap {gap}."
MORE = "Not drawn: {n} more lines; a chart tells at most {most} apart."
PNG, CSV = "{title} (PNG)", "{title} (CSV)"
PNG_MATRIX, PNG_CURVES = "Gain kept (PNG)", "Curves on the other base (PNG)"


def percent(share: float) -> str:
    """A share of the tuning data: "5 %"."""
    return f"{100 * share:g} %"


def missing(titles: Sequence[str], modality: str) -> str | None:
    """How to get the experiments that no chosen run holds; None where there is nothing to say."""
    presets = PRESETS.get(modality, {})
    found = [PRESET.format(title=title, preset=presets[title]) for title in titles if title in presets]
    return MISSING.format(presets=", ".join(found)) if found else None


def bases(rows: Sequence[Row]) -> list[str]:
    """The accuracy and gap of every base among the rows."""
    found = [
        ABOUT_BASE.format(
            accuracy=inside.interval(Estimate.of(row["base_accuracy"], row["base_accuracy_ci"])),
            gap=inside.interval(experiment.base_gap(row)),
        )
        for row in rows
    ]
    return list(dict.fromkeys(found))


def left_out(rows: Sequence[Row]) -> list[str]:
    """Which labels do not count, by number of classes."""
    found = [
        LEFT_OUT.format(n=row["n_classes"], labels="; ".join(map(common.plain, row["left_out"])))
        for row in rows
        if row["left_out"]
    ]
    return list(dict.fromkeys(found))


def tuning_table(lines: Lines) -> Table:
    """Gap, change of accuracy and share of the gain kept, by method and share of the tuning data."""
    columns = [TableCell(METHOD, TUNING_AXIS.lower()), TableCell(GAP), TableCell(ACCURACY, ACCURACY_NOTE)]
    rows = [
        [
            TableCell(name, f"{percent(row['tuning_ratio'] or 1.0)}, {_seeds(row)}"),
            _gap(row),
            _accuracy(row),
            _kept(row),
        ]
        for name, line in lines.items()
        for row in line
    ]
    return Table(CAPTION, [*columns, TableCell(KEPT, KEPT_NOTES[TUNING])], rows)


def bases_table(rows: Sequence[Row]) -> Table:
    """Gap, control, change of accuracy and share of the gain kept, by the two bases."""
    control = control_of(rows[0])
    columns = [TableCell(METHOD, FROM_TO.format(source=LEARNED_ON.lower(), target=TRIED_ON.lower()))]
    columns += [TableCell(GAP_OF_BASE), TableCell(GAP)]
    columns.append(TableCell(CONTROL, tradeoff_words.control(control) if control else ""))
    columns += [TableCell(ACCURACY, ACCURACY_NOTE), TableCell(KEPT, KEPT_NOTES[BASES])]
    return Table(CAPTION, columns, [_transferred(row) for row in rows])


def classes_table(lines: Lines) -> Table:
    """Gap of the base, gap and change of accuracy, by method and number of classes."""
    columns = [TableCell(METHOD), TableCell(GAP_OF_BASE), TableCell(GAP), TableCell(ACCURACY, ACCURACY_NOTE)]
    rows = [
        [TableCell(name, f"{row['n_classes']} classes, {_seeds(row)}"), _base_gap(row), _gap(row), _accuracy(row)]
        for name, line in lines.items()
        for row in line
    ]
    return Table(CAPTION, columns, rows)


def control_of(row: Row) -> str | None:
    """The method of the control that stands beside a trigger on another base."""
    return next((name for name in tradeoff_words.CONTROLS if name in row.get("controls", {})), None)


def against_controls(rows: Sequence[Row]) -> str | None:
    """How many triggers do better on another base than their controls there; None where there are no controls."""
    told = [verdict for row in rows if not row["collapsed"] and (verdict := _against_control(row))]
    parts = [
        AGAINST_CONTROLS[each].format(part=PART.format(n=told.count(each), all=len(told)))
        for each in AGAINST_CONTROLS
        if each in told
    ]
    n_lost = sum(bool(row["collapsed"]) for row in rows if _against_control(row))
    found = [CONTROLS.format(parts="; ".join(parts))] if told else []
    found += [COLLAPSED_CASES.format(n=n_lost, all=n_lost + len(told))] if n_lost else []
    return " ".join(found) or None


def _against_control(row: Row) -> verdicts.Verdict | None:
    control = control_of(row)
    return verdicts.verdict(experiment.gap(row), Estimate.of(**row["controls"][control])) if control else None


def _transferred(row: Row) -> list[TableCell]:
    control, verdict = control_of(row), _against_control(row)
    said = "" if row["collapsed"] or not verdict else CONTROL_VERDICTS[verdict]
    beside = _figure(Estimate.of(**row["controls"][control]), said) if control and verdict else TableCell("")
    between = FROM_TO.format(source=row["source"], target=row["target"])
    name = TableCell(common.kind(experiment.name(row)), f"{between}; {_seeds(row)}")
    return [name, _base_gap(row), _gap(row), beside, _accuracy(row), _kept(row)]


def _seeds(row: Row) -> str:
    n = len(row["seeds"])
    return "1 seed" if n == 1 else f"{n} seeds"


def _base_gap(row: Row) -> TableCell:
    return _figure(experiment.base_gap(row))


def _gap(row: Row) -> TableCell:
    verdict = common.COLLAPSED if row["collapsed"] else gap_verdict(Estimate.of(**row["gap_delta"]))
    return _figure(experiment.gap(row), verdict)


def _accuracy(row: Row) -> TableCell:
    change = Estimate.of(**row["accuracy_delta"])
    if change.value is None:
        return TableCell(common.NOT_ESTIMABLE)
    points = Estimate(100 * change.value, (100 * change.ci[0], 100 * change.ci[1]) if change.ci else None)
    return TableCell(inside.signed(points.value or 0.0, 1, plus=True), inside.brackets(points, 1).strip())


def _kept(row: Row) -> TableCell:
    found = Estimate.of(**row["kept"])
    if found.value is None:
        return TableCell(common.NOT_ESTIMABLE)
    value, interval = inside.percent(found)
    if "target" not in row and row["tuning_ratio"] in (None, 1):
        return TableCell(value)
    said = common.COLLAPSED if row["collapsed"] else kept_verdict(found)
    return TableCell(value, "\n".join(filter(None, (interval, said))))


def _figure(found: Estimate, verdict: str = "") -> TableCell:
    if found.value is None:
        return TableCell(common.NOT_ESTIMABLE)
    return TableCell(f"{found.value:.3f}", "\n".join(filter(None, (inside.brackets(found).strip(), verdict))))


def gap_verdict(change: Estimate) -> str:
    """What the interval of a gap's change allows to say; nothing without one."""
    if change.ci is None:
        return ""
    low, high = change.ci
    return "smaller" if high < 0 else "larger" if low > 0 else "cannot tell"


def kept_verdict(found: Estimate) -> str:
    """What the interval of a share of the gain allows to say; nothing without one."""
    if found.ci is None:
        return ""
    low, high = found.ci
    if high < 0:
        return "the gap grew"
    if low <= 0:
        return "cannot tell from none" if high < 1 else "cannot tell"
    if low > 1:
        return "more than all"
    return "a part" if high < 1 else "cannot tell from all"
