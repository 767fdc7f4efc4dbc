"""Sentences and tables of the experiments on the page Compare. Verdicts follow from 95 % intervals alone."""

from collections.abc import Mapping, Sequence

from app.models import experiment
from app.models.table import Table, TableCell
from app.wording import tradeoff as tradeoff_words
from app.wording.shared import common, inside
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.metrics.point import gap_note
from fairprog_core.report.wording import verdicts
from fairprog_core.results.experiments import ExperimentRow as Row

Lines = Mapping[str, Sequence[Row]]  # rows by the name of their line

TUNING = "Less tuning data"
TUNING_LEAD = (
    "Each method was trained on a share of the tuning data. For every share, λ was chosen on the same validation rows."
)
TUNING_AXIS = "Share of the tuning data"
TUNING_LABEL = "The gap at the chosen λ, by the share of the tuning data; means over seeds with 95 % intervals."

BASES = "On other base classifiers"
BASES_LEAD = (
    "Each trigger was trained on one frozen base classifier and is now put in front of another. A cell shows which "
    "share of its gain it keeps there (the gain: how much it narrows the gap on its own base classifier). At 100 % it "
    "keeps all of it, at 0 % nothing; below 0 the gap grew."
)
TRAINED_ON, TESTED_ON = "Trained on", "Tested on"
FROM_TO = "{source} → {target}"
OWN = "trained here"
MATRIX_LABEL = (
    "The share of the gain that a trigger keeps, by the base classifier it was trained on and the one it is tested on. "
    "Blue: above 0. Orange: below 0. No colour: the interval includes 0, or there is one seed only."
)
CONTROLS = "Compared with the control, a trigger without training: {parts}."
COLLAPSED_CASES = (
    "{n} of {all} cases collapsed and are not counted, because the gap of a collapsed point means nothing."
)
AGAINST_CONTROLS = {
    "falls": "the gap is smaller in {part}",
    "unclear": "there is **no clear difference** in {part}",
    "rises": "the gap is larger in {part}",
    "one seed": "one seed cannot say in {part}",
}
PART = "{n} of {all} cases"
CONTROL_VERDICTS = {
    "falls": "the gap is smaller",
    "unclear": "no clear difference",
    "rises": "the gap is larger",
    "one seed": "one seed: cannot say",
}
BASE = "Other base classifier"
TRAINED_ELSEWHERE = "{kind} from {source}"
TRAINED_HERE = "{kind}, trained here"
PLANE_LABEL = (
    "Accuracy over the gap on {base}, means over seeds with 95 % intervals. The triggers were trained on other base "
    "classifiers, except those named “trained here”. Hollow symbols: controls. White dots: the λ chosen on the base "
    "classifier that the trigger was trained on."
)

CLASSES = "Several classes"
CLASSES_LEAD = (
    "The same data with more classes to predict. With more than two classes, a gap is computed for each class against "
    "all others; the gap shown is the mean of these."
)
CLASSES_AXIS = "Classes"
CLASSES_LABEL = (
    "The gap of the base classifier and the gap at the chosen λ, by the number of classes, with 95 % intervals."
)
LEFT_OUT = "Of the {n} classes, the gap leaves out those that are too rare in some group: {labels}."

NOTHING = "The gap cannot be estimated on the test rows of these runs: some group has too few rows of some label."

PRESETS = {
    "image": {TUNING: "faces-tuning-data", BASES: "faces-transfer", CLASSES: "faces-multiclass"},
    "text": {TUNING: "comments-tuning-data", BASES: "comments-transfer"},
}
MISSING = "Further charts appear here once a run of these presets is finished and chosen above: {presets}."
PRESET = "{title} (`{preset}`)"

CAPTION = "At the λ chosen on validation rows; means over seeds. Below each figure: its 95 % interval and the verdict"
METHOD, GAP, GAP_OF_BASE, ACCURACY, KEPT, CONTROL = (
    "Method",
    "Gap",
    "Gap of the base",
    "Accuracy",
    "Gain kept",
    "Control",
)
ACCURACY_NOTE = "change in points"
KEPT_NOTES = {TUNING: "share of the gain with all data", BASES: "share of the gain where it was trained"}
CONTROLS_NOTE = "A gap differs clearly from the control's where their two 95 % intervals do not overlap."
NOTE = (
    "A gap is “smaller” or “larger” than the base classifier's where the 95 % interval of the change, paired by row, "
    "excludes 0; one seed of a method that depends on its seed gives no verdict. The share of the gain is not "
    "estimable where the gain itself has no interval, or one that includes 0, for some seed; it has no interval where "
    "too many resamples show no gain."
)
GAP_VERDICTS = {
    "better": "smaller",
    "worse": "larger",
    "cannot tell": "cannot tell",
    "one seed: cannot say": "one seed: cannot say",
    "not estimable": "",
}
ABOUT_BASE = "Base classifier: accuracy {accuracy}, gap {gap}{note}."
MORE = "Lines not drawn: {n}, because a chart has symbols for at most {most}."
PNG, CSV = "{title} (PNG)", "{title} (CSV)"
PNG_MATRIX, PNG_CURVES = "Gain kept (PNG)", "Curves on the other base classifier (PNG)"


def percent(share: float) -> str:
    """A share of the tuning data: "5 %"."""
    return f"{100 * share:g} %"


def missing(titles: Sequence[str], modality: str) -> str | None:
    """Which presets compute the experiments that no chosen run holds; None if there are no such presets."""
    presets = PRESETS.get(modality, {})
    found = [PRESET.format(title=title, preset=presets[title]) for title in titles if title in presets]
    return MISSING.format(presets=", ".join(found)) if found else None


def bases(rows: Sequence[Row]) -> list[str]:
    """The accuracy and gap of every base classifier in the rows."""
    found = [
        ABOUT_BASE.format(
            accuracy=inside.interval(Estimate.of(row["base_accuracy"], row["base_accuracy_ci"])),
            gap=inside.interval(experiment.base_gap(row)),
            note=f" ({common.plain(note)})" if (note := _base_note(row)) else "",
        )
        for row in rows
    ]
    return list(dict.fromkeys(found))


def left_out(rows: Sequence[Row]) -> list[str]:
    """Which labels are left out of the gap, by number of classes."""
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
    """Gap, control, change of accuracy and share of the gain kept, by pair of base classifiers."""
    control = control_of(rows[0])
    columns = [TableCell(METHOD, FROM_TO.format(source=TRAINED_ON.lower(), target=TESTED_ON.lower()))]
    columns += [TableCell(GAP_OF_BASE), TableCell(GAP)]
    columns.append(TableCell(CONTROL, tradeoff_words.control(control) if control else ""))
    columns += [TableCell(ACCURACY, ACCURACY_NOTE), TableCell(KEPT, KEPT_NOTES[BASES])]
    return Table(CAPTION, columns, [_transferred(row) for row in rows])


def classes_table(lines: Lines) -> Table:
    """Gap of the base classifier, gap and change of accuracy, by method and number of classes."""
    columns = [TableCell(METHOD), TableCell(GAP_OF_BASE), TableCell(GAP), TableCell(ACCURACY, ACCURACY_NOTE)]
    rows = [
        [TableCell(name, f"{row['n_classes']} classes, {_seeds(row)}"), _base_gap(row), _gap(row), _accuracy(row)]
        for name, line in lines.items()
        for row in line
    ]
    return Table(CAPTION, columns, rows)


def control_of(row: Row) -> str | None:
    """The method that is the control of a trigger on another base classifier; None without one."""
    return next((name for name in tradeoff_words.CONTROLS if name in row.get("controls", {})), None)


def against_controls(rows: Sequence[Row]) -> str | None:
    """In how many cases a trigger has a smaller gap there than its control; None without controls."""
    found = [verdict for row in rows if not row["collapsed"] and (verdict := _against_control(row))]
    parts = [
        AGAINST_CONTROLS[each].format(part=PART.format(n=found.count(each), all=len(found)))
        for each in AGAINST_CONTROLS
        if each in found
    ]
    n_collapsed = sum(bool(row["collapsed"]) for row in rows if _against_control(row))
    texts = [CONTROLS.format(parts="; ".join(parts))] if found else []
    texts += [COLLAPSED_CASES.format(n=n_collapsed, all=n_collapsed + len(found))] if n_collapsed else []
    return " ".join(texts) or None


def _against_control(row: Row) -> str | None:
    """A key of ``AGAINST_CONTROLS``; None without a control."""
    control = control_of(row)
    if control is None:
        return None
    found = verdicts.verdict(experiment.gap(row), Estimate.of(**row["controls"][control]))
    return "one seed" if found != "unclear" and row["is_one_seed"] else found


def _transferred(row: Row) -> list[TableCell]:
    control, verdict = control_of(row), _against_control(row)
    text = "" if row["collapsed"] or not verdict else CONTROL_VERDICTS[verdict]
    of_control = _control(row, control, text) if control and verdict else TableCell("")
    between = FROM_TO.format(source=row["source"], target=row["target"])
    name = TableCell(common.kind(experiment.name(row)), f"{between}; {_seeds(row)}")
    return [name, _base_gap(row), _gap(row), of_control, _accuracy(row), _kept(row)]


def _seeds(row: Row) -> str:
    n = len(row["seeds"])
    return "1 seed" if n == 1 else f"{n} seeds"


def _base_note(row: Row) -> str:
    return gap_note(experiment.base_gap(row), row["base_noise_gap"], row["few_rows"])


def _base_gap(row: Row) -> TableCell:
    return _figure(experiment.base_gap(row), _base_note(row))


def _gap(row: Row) -> TableCell:
    verdict = common.COLLAPSED if row["collapsed"] else GAP_VERDICTS[row["verdict"]]
    return _figure(experiment.gap(row), gap_note(experiment.gap(row), row["noise_gap"], row["few_rows"]), verdict)


def _control(row: Row, name: str, verdict: str) -> TableCell:
    gap = Estimate.of(**row["controls"][name])
    return _figure(gap, gap_note(gap, row["controls_noise"][name], row["few_rows"]), verdict)


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
    text = mark(row) or kept_verdict(found)
    return TableCell(value, "\n".join(filter(None, (interval, text))))


def mark(row: Row) -> str | None:
    """Why a row's share of the gain gives no verdict; None where it does, or where the share is not estimable."""
    if row["collapsed"]:
        return common.COLLAPSED
    is_silent = row["kept"]["value"] is not None and row["is_one_seed"]
    return GAP_VERDICTS["one seed: cannot say"] if is_silent else None


def _figure(found: Estimate, *notes: str) -> TableCell:
    if found.value is None:
        return TableCell(common.NOT_ESTIMABLE)
    return TableCell(f"{found.value:.3f}", "\n".join(filter(None, (inside.brackets(found).strip(), *notes))))


def kept_verdict(found: Estimate) -> str:
    """The verdict that the interval of a share of the gain supports; empty without an interval."""
    if found.ci is None:
        return ""
    low, high = found.ci
    if high < 0:
        return "the gap grew"
    if low <= 0:
        return "may be none" if high < 1 else "cannot tell"
    if low > 1:
        return "more than all"
    return "a part" if high < 1 else "may be all"
