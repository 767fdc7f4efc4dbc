"""Sentences of the page Trade-off."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from app.wording.shared import common, inside
from fairprog_core.methods import METHODS
from fairprog_core.metrics.fairness import METRICS

if TYPE_CHECKING:
    from app.models.series import PlotPoint, Series


TITLE = "Accuracy against the gap"
LEAD = (
    "Every point is one λ, measured once on test rows that neither training nor selection saw. "
    "Further left, groups are treated more alike; further up, more predictions are right."
)

GAP = "Gap"
SHOW_SEEDS = "Single seeds"
LABEL = "Label"
TEST_ROWS = "Test rows"
NET = "Net"

CONTROLS = {"random_trigger": "untrained", "random_words": "random words", "neutral_words": "neutral words"}
CHOSEN = "λ chosen on validation"
GAINED = "Wrong to right"
LOST = "Right to wrong"

CHART_LABEL = (
    "Accuracy over the gap on the test split; bars are 95 % intervals. The step line joins the points that no other "
    "beats in both. A white dot marks the λ chosen on validation, hollow symbols are controls."
)
SEEDS_NOTE = (
    "Large points are means over {n} seeds{each}, with intervals over test rows and seeds; small points are single "
    "seeds."
)
COLLAPSED_NOTE = (
    "Crossed out: a group and label has lost all its right answers, or always naming the most frequent label would be "
    "right at least as often. The gap of such a point, however small, means nothing, and the step line leaves it out."
)
FLIPS_LABEL = "Test rows whose answer changes, by group and label, counted as drawn."
MORE = "Not drawn: {n} more; a chart tells at most {most} curves apart. The one that is chosen above is always drawn."
SHARES = "Of curves on less tuning data only the one that is chosen above is drawn; Compare shows how all end."
CLICK_NOTE = "Click a point, or move the slider, to look at one λ."

TRIGGER = "The trigger"
NO_TRIGGER = "This method has no trigger. {about}"
TRIGGER_ALONE = "Alone"
TRIGGER_ON = "On a test picture"
GROUPS = "Groups"
WHO = "Who gained, who lost"
WHO_NOTE = (
    "Against the base, λ = {lam}, seed {seed}: {gained} answers became right and {lost} became wrong "
    "among {n:,} test rows."
)
WHO_OVERLAP = "Of {n:,} test rows each counts once in every group that it belongs to, and not at all in none."
EXAMPLES = "See examples of them on Saliency"
DOWNLOADS = "Download"
GROUPS_NOTE = "λ = {lam}, seed {seed}; 95 % intervals below. Rates are weighted to the natural mix of labels."
SPANS_ZERO = "The 95 % interval of the change in {what} includes 0."
COLLAPSED_POINT = (
    "This point has collapsed: a group and label has lost all its right answers, or always naming the most frequent "
    "label would be right at least as often. Its gap, however small, means nothing."
)
NOISE = "If the true gap were 0, a test set of this size would show one of up to {limit:.3f}."
NOISE_HIDES = (
    "If the true gap were 0, a test set of this size would show one of up to {limit:.3f}: "
    "{gap:.3f} cannot be told from 0, and its interval is too narrow."
)
LEFT_OUT = "Not counted in this gap, too rare in a group: {labels}."
PRINTABLE = "Its pixels lie in the photo's own range, so it can be printed."
NOT_PRINTABLE = (
    "Its pixels go beyond the photo's range; the picture shows them cut off, and a print would not do the same."
)

WORDS_AT = "Words at λ = {lam}"
NEAREST_AT = "Nearest words at λ = {lam}"
PLACES = {"start": "They stand in front of every text.", "end": "They stand behind every text."}
REAL_WORDS = "These are real words: put there by hand, they do the same, in fairprog or anywhere else."
NOT_WORDS = (
    "The trigger itself is vectors, which are no words; shown are the words whose vectors are nearest. They do not do "
    "what the vectors do."
)

DOWNLOAD_POINTS = "Points (CSV)"
DOWNLOAD_RESULT = "Result (JSON)"
DOWNLOAD_LEARNED = "What was learned, for all λ (safetensors)"
DOWNLOAD_WEIGHTS = "Weights at λ = {lam} (safetensors)"
DOWNLOAD_TRIGGER = "Trigger for all λ (safetensors)"
DOWNLOAD_PICTURE = "Trigger at λ = {lam} (PNG)"
DOWNLOAD_WORDS = {False: "Words at λ = {lam} (TXT)", True: "Nearest words at λ = {lam} (TXT)"}

THE_LABEL = "the label"
GROUP_COLUMNS = (
    "Group", "Test rows", "Called {label}", "{Label}, and called {label}", "Not {label}, yet called {label}",
    "Right",
)  # fmt: skip
GROUP_NOTES = ("", "", "selection rate", "true positive rate", "false positive rate", "accuracy")
TRIGGER_ALT = "The trigger at λ = {lam}"


def gap_axis(metric: str) -> str:
    """The title of the horizontal axis."""
    return f"{common.metric(metric)} (0: groups alike)"


def point_columns(metric: str) -> tuple[str, ...]:
    """Headings of the chart as a table."""
    return ("Curve", "λ", common.metric("accuracy"), common.metric(metric), "")


def majority(value: float, *, is_of_one: bool = False, is_below: bool = False) -> str:
    """The label of the majority line.

    Args:
        value: its accuracy.
        is_of_one: it is that of the run that is chosen, others differ.
        is_below: the line itself lies below the chart.
    """
    what = "most frequent label of the chosen run" if is_of_one else "always the most frequent label"
    return f"{'↓ ' if is_below else ''}{what}: {value:.3f}"


def control(method: str) -> str:
    """A control's name beside its symbol."""
    return CONTROLS.get(method) or common.kind(method).lower()


def no_trigger(method: str) -> str:
    """What stands in the place of the trigger."""
    entry = METHODS.get(method)
    return NO_TRIGGER.format(about=common.first_sentence(entry.options.__doc__) if entry else "")


def seed(number: int) -> str:
    """A seed's name."""
    return f"seed {number}"


def series_name(series: "Series") -> str:
    """The name of a curve in legends: "Border, equalized odds", behind its run's name where several are compared."""
    return inside.in_run(series.name, inside.curve_name(series.kind, series.criterion, series.tuning_ratio))


def hover(name: str, spot: "PlotPoint") -> str:
    """What a point says when it is pointed at; ``name`` is ready for a chart."""
    lam = "" if spot.lam is None else f"<br>λ = {common.lam(spot.lam)}"
    return f"{name}{lam}<br>Accuracy {inside.interval(spot.accuracy)}<br>Gap {inside.interval(spot.gap)}"


def remark(spot: "PlotPoint") -> str:
    """The flag of a point in the table."""
    if not spot.collapsed:
        return ""
    n = len(spot.seeds)
    return common.COLLAPSED if n == 1 else f"{common.COLLAPSED} in {spot.collapsed} of {n} seeds"


def notes(series: "Sequence[Series]", *, show_seeds: bool = True) -> list[str]:
    """What the marks of the chart mean, as far as they are there."""
    counts = {len(each.single) for each in series if show_seeds}
    each = ", or as many as a curve has" if len(counts) > 1 else ""
    found = [SEEDS_NOTE.format(n=max(counts), each=each)] if max(counts, default=0) > 1 else []
    return found + ([COLLAPSED_NOTE] if any(spot.collapsed for each in series for spot in each.mean) else [])


def cautions(point: Mapping[str, Any], metric: str) -> list[str]:
    """What to keep in mind beside a point's figures."""
    found = []
    if point["collapsed"]:
        found.append(COLLAPSED_POINT)
    for name in (metric, "accuracy"):
        ci = ((point.get("delta") or {}).get(name) or {}).get("ci")
        if ci and ci[0] <= 0 <= ci[1]:
            found.append(SPANS_ZERO.format(what=common.metric(name).lower()))
    if point.get("left_out") and metric in METRICS and METRICS[metric].needs == "cells":  # of a group and a label
        found.append(LEFT_OUT.format(labels="; ".join(map(common.plain, point["left_out"]))))
    gap, limit = point.get(metric), (point.get("noise_gap") or {}).get(metric)
    if gap is not None and limit is not None:
        found.append((NOISE_HIDES if gap <= limit else NOISE).format(gap=gap, limit=limit))
    return found


def who(changes: Sequence[Mapping[str, Any]], *, lam: float, seed: int, n: int) -> str:
    """How many answers changed among the n test rows; what is counted, where groups overlap or leave rows out."""
    gained, lost, counted = (sum(row[what] for row in _counted(changes)) for what in ("gained", "lost", "n"))
    text = WHO_NOTE.format(lam=common.lam(lam), seed=seed, gained=gained, lost=lost, n=counted)
    return text if counted == n else f"{text} {WHO_OVERLAP.format(n=n)}"


def _counted(changes: Sequence[Mapping[str, Any]]) -> list[dict[str, int]]:
    return [{"gained": row["gained"]["rows"], "lost": row["lost"]["rows"], "n": row["n"]} for row in changes]
