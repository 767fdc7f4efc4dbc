"""Sentences of the page Trade-off."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from app.wording.shared import common, inside, neutral
from fairprog_core.methods import METHODS
from fairprog_core.report.wording import point
from fairprog_core.report.wording.point import COLLAPSED_NOTE
from fairprog_core.report.wording.point import who as who

if TYPE_CHECKING:
    from app.models.series import PlotPoint, Series


TITLE = "Accuracy against the gap"
LEAD = "Every point is one λ on unseen test rows. Further left: a smaller gap. Further up: more right answers."
ALL_CRITERIA = "Also the curves for {names}"

GAP = "Gap"
LABEL = "Label"
TEST_ROWS = "Test rows"
NET = "Net"

CONTROLS = {"random_trigger": "untrained", "random_words": "random words", "neutral_words": "neutral words"}
CHOSEN = "λ chosen on validation"
GAINED = "Wrong to right"
LOST = "Right to wrong"

CHART_LABEL = (
    "Accuracy over the gap on the test rows; bars are 95 % intervals. A step line joins the best points of a curve "
    "(its Pareto front): no other point is better in both. White dots mark the λ chosen on validation rows; hollow "
    "symbols are controls."
)
SEEDS_NOTE = (
    "Large points are means over {n} seeds{each}; their intervals cover test rows and seeds. Small points are single "
    "seeds."
)
FLIPS_LABEL = "Test rows whose prediction changes, by group and label; the counts are not weighted."
MORE = "Curves not drawn: {n}, because a chart has symbols for at most {most}. The curve chosen above is always drawn."
SHARES = (
    "Of the curves trained on less tuning data, only the one that is chosen above is drawn. The page Compare shows the "
    "results of all."
)

TRIGGER = "The trigger"
NO_TRIGGER = "This method has no trigger. {about}"
TRIGGER_ALONE = "Alone"
TRIGGER_ON = "On a test picture"
GROUPS = "Groups"
WHO = "Predictions that changed"
EXAMPLES = "See examples on the page Saliency"
DOWNLOADS = "Download"
GROUPS_NOTE = (
    "At λ = {lam}, seed {seed}; below each figure its 95 % interval. Rates are weighted to the natural mix of labels."
)
PRINTABLE = "All its pixels are colours that a photo can have, so it can be printed."
NOT_PRINTABLE = (
    "Some of its pixels are brighter or darker than a photo can be. The picture shows them cut off to that range; a "
    "print of it would not have the same effect."
)

WORDS_AT = "Words at λ = {lam}"
NEAREST_AT = "Nearest words at λ = {lam}"
PLACES = {"start": "They are put in front of every text.", "end": "They are put at the end of every text."}
REAL_WORDS = "These are real words: typed in by hand, they have the same effect, also outside fairprog."
NOT_WORDS = (
    "The trigger consists of vectors that are not words. The page shows the words with the nearest vectors, but these "
    "words do not have the trigger's effect."
)

DOWNLOAD_POINTS = "Points (CSV)"
DOWNLOAD_RESULT = "Result (JSON)"
DOWNLOAD_LEARNED = "Fitted model for all λ (safetensors)"
DOWNLOAD_WEIGHTS = "Weights at λ = {lam} (safetensors)"
DOWNLOAD_TRIGGER = "Trigger for all λ (safetensors)"
DOWNLOAD_PICTURE = "Trigger at λ = {lam} (PNG)"
DOWNLOAD_WORDS = {False: "Words at λ = {lam} (TXT)", True: "Nearest words at λ = {lam} (TXT)"}

THE_LABEL = "the label"
GROUP_COLUMNS = (
    "Group", "Test rows", "Called {label}", "{Label}, called {label}", "Not {label}, but called {label}",
    "Right",
)  # fmt: skip
GROUP_NOTES = ("", "", "selection rate", "true positive rate", "false positive rate", "accuracy")
TRIGGER_ALT = "The trigger at λ = {lam}"

cautions = partial(point.cautions, plain=common.plain)


def all_criteria(names: Sequence[str]) -> str:
    """The switch that draws the curves of the other criteria too."""
    return ALL_CRITERIA.format(names=" and ".join(common.kind(name).lower() for name in names))


def gap_axis(metric: str) -> str:
    """The title of the horizontal axis."""
    return f"{common.metric(metric)} (0: no difference)"


def point_columns(metric: str) -> tuple[str, ...]:
    """Headings of the table with the chart's points."""
    return ("Curve", "λ", common.metric("accuracy"), common.metric(metric), "")


def majority(value: float, *, is_of_one: bool = False, is_below: bool = False) -> str:
    """The label of the majority line.

    Args:
        value: its accuracy.
        is_of_one: whether it is that of the chosen run, because other runs differ.
        is_below: whether the line lies below the visible part of the chart.
    """
    what = "most frequent label of the chosen run" if is_of_one else "always the most frequent label"
    return f"{'↓ ' if is_below else ''}{what}: {value:.3f}"


def control(method: str) -> str:
    """The name of a control in a legend."""
    return CONTROLS.get(method) or common.kind(method).lower()


def no_trigger(method: str) -> str:
    """The text that is shown instead of a trigger."""
    entry = METHODS.get(method)
    return NO_TRIGGER.format(about=common.first_sentence(entry.options.__doc__) if entry else "")


def seed(number: int) -> str:
    """A seed's name."""
    return f"seed {number}"


def series_name(series: "Series") -> str:
    """The name of a curve in legends: "Border, equalized odds", after its run's name if several runs are compared."""
    name = inside.curve_name(series.kind, series.criterion, series.tuning_ratio, series.method)
    return inside.in_run(series.name, name)


def short_name(series: "Series") -> str:
    """The name of a curve where all have one criterion: "Border"."""
    name = f"{inside.learned_name(series.kind, series.method)}{inside.share(series.tuning_ratio)}"
    return inside.in_run(series.name, name)


def hover(name: str, spot: "PlotPoint") -> str:
    """The text that a point shows under the mouse; ``name`` is already escaped for a chart."""
    lam = "" if spot.lam is None else f"<br>λ = {common.lam(spot.lam)}"
    return f"{name}{lam}<br>Accuracy {inside.interval(spot.accuracy)}<br>Gap {neutral.in_chart(gap(spot))}"


def gap(spot: "PlotPoint") -> str:
    """A point's gap with its interval, and what limits it."""
    return inside.with_note(inside.interval(spot.gap), spot.note)


def remark(spot: "PlotPoint") -> str:
    """The remark on a point in the table: "collapsed", or nothing."""
    if not spot.collapsed:
        return ""
    n = len(spot.seeds)
    return common.COLLAPSED if n == 1 else f"{common.COLLAPSED} in {spot.collapsed} of {n} seeds"


def notes(series: "Sequence[Series]", *, show_seeds: bool = True) -> list[str]:
    """What small and crossed-out points mean, if the chart has any."""
    counts = {len(each.single) for each in series if show_seeds}
    each = ", or as many as a curve has" if len(counts) > 1 else ""
    found = [SEEDS_NOTE.format(n=max(counts), each=each)] if max(counts, default=0) > 1 else []
    drawn = (spot for each in series for spot in (*each.mean, *each.controls.values()))
    return found + ([COLLAPSED_NOTE] if any(spot.collapsed for spot in drawn) else [])
