"""Sentences that Trade-off, Saliency and Probe share."""

from collections.abc import Mapping, Sequence

from app.models import saved_study
from app.wording.shared import common, neutral
from fairprog_core.metrics.point import Point
from fairprog_core.report.figures.names import CONTROLS as CONTROLS
from fairprog_core.report.figures.names import IS_COLLAPSED as IS_COLLAPSED
from fairprog_core.report.figures.names import curve_name as curve_name
from fairprog_core.report.figures.names import learned_name as learned_name
from fairprog_core.report.figures.names import rival as rival
from fairprog_core.report.figures.names import share as share
from fairprog_core.report.figures.numbers import brackets as brackets
from fairprog_core.report.figures.numbers import difference as difference
from fairprog_core.report.figures.numbers import ends as ends
from fairprog_core.report.figures.numbers import interval as interval
from fairprog_core.report.figures.numbers import percent as percent
from fairprog_core.report.figures.numbers import signed as signed
from fairprog_core.results.curve import Curve
from fairprog_core.results.gallery_layout import GalleryAbout

DEMO = "Shipped demo: {name}"
COMPARISON = "Shipped: all methods, {name}"
PINNED = "Pinned: {name}"
RUN = "Run"
RUNS = "Runs"
PICK_RUN = "Choose at least one run above."
GROUP = "Group"
CURVE = "Trigger or method, and criterion"
SEED = "Seed"
SLIDER = "λ: how much the gap counts while the trigger learns"
CHOSEN = "chosen"
SLIDER_NOTE = "gap {gap_before} → {gap}, accuracy {accuracy_before} → {accuracy}"

EMPTY = "There is no finished curve yet. Train a small study; its first curve appears here as soon as it is evaluated."
NO_TRIGGER_CURVE = (
    "Only curves of a trigger have explanations, and this run has no such curve. Choose another run, or train a "
    "trigger."
)
TO_TRAIN = "Train a trigger"
GONE = "There is no finished run {run} in this home, so other runs are shown."
DAMAGED = "The result of run {run} cannot be read, so other runs are shown. {reason}"
NO_GALLERY = "No test rows were saved for this curve. To get explanations, train again with “Gallery” above 0."
NOT_YET = "This curve has no explanations yet. They are computed when all curves of its run are finished."
ONE_SEED = (
    "In this run only the curves of seed {seed} have explanations. Choose that seed above, or train again with “Look "
    "inside every seed”."
)

CROSS = "✕"  # at the name of a collapsed control where space is short
COLLAPSED_CONTROLS = (
    "Collapsed, and crossed out: {names}. In some group, no row of some label is predicted right any more, or always "
    "predicting the most frequent label would be at least as accurate, so its figures mean little."
)
RIVALS_NOTE = (
    "Rivals, which change all weights and use no trigger: {names}. Each is shown at the λ that was chosen for it on "
    "validation rows; the slider does not change it."
)
COLLAPSED_RIVALS = (
    "Collapsed: {names}. In some group, no row of some label is predicted right any more, or always predicting the "
    "most frequent label would be at least as accurate."
)
AXIS = "λ"
CHANCE = "guessing: {level:.2f}"
FLAT = "flat map: {level:.3f}"

LOADING = "Loading saved results"
COPY = "Copy"
COPIED = "Copied"
DOWNLOAD_CHART = "Chart (PNG)"
WHOLE_RUN = "Whole run (zip)"
WHOLE_RUN_HELP = (
    "For another machine: add it there on the page Runs. It keeps its id, so addresses of its pages work there."
)
REPORT = "Report (HTML)"
REPORT_HELP = "One file with figures, examples, controls and limits. It opens offline and prints well."
REPORT_PART = "The report holds {shown} of {runs} runs: at most {most}, and only those with a finished curve."


def why_unexplained(study: Mapping[str, object], curve: Curve, *, is_complete: bool) -> str | None:
    """Why a curve has no explanations, if its seed or an unfinished run is the reason; otherwise None."""
    seed = saved_study.first_seed(study)
    if seed not in (None, curve.seed) and not saved_study.explains_every_seed(study):
        return ONE_SEED.format(seed=seed)
    return None if is_complete else NOT_YET


def slider_note(base: Point, point: Point, gap: str) -> str:
    """What a λ does: "gap 0.273 → 0.032, accuracy 0.902 → 0.875"."""
    return SLIDER_NOTE.format(
        gap_before=common.number(base.metric(gap).value), gap=common.number(point.metric(gap).value),
        accuracy_before=common.number(base.metric("accuracy").value),
        accuracy=common.number(point.metric("accuracy").value),
    )  # fmt: skip


def demo_name(kind: str) -> str:
    """A shipped demo in a list, by its data set."""
    return DEMO.format(name=common.kind(kind).lower())


def comparison_name(kind: str) -> str:
    """A shipped comparison of methods in a list, by its data set."""
    return COMPARISON.format(name=common.kind(kind).lower())


def run_name(name: str, run: str) -> str:
    """A run in a list: its name and the beginning of its id."""
    return neutral.in_text(f"{name or RUN} ({run[:8]})")


def in_run(run: str, text: str) -> str:
    """A text after its run's name, if several runs are compared; ``run`` is empty for one run."""
    return f"{run}: {text}" if run else text


def control(name: str, *, is_collapsed: bool) -> str:
    """The name of a control in a table: "black (collapsed)"."""
    return IS_COLLAPSED.format(name=CONTROLS[name]) if is_collapsed else CONTROLS[name]


def collapsed_controls(names: Sequence[str] | None) -> str:
    """Which controls of a chart have collapsed; empty where none has, or where it is not known."""
    found = " and ".join(f"“{CONTROLS[name]}”" for name in names or () if name in CONTROLS)
    return COLLAPSED_CONTROLS.format(names=found) if found else ""


def rivals_note(about: GalleryAbout) -> str:
    """Which rivals a gallery has, and which of them collapsed; empty without rivals."""
    names = "; ".join(rival(method, lam) for method, lam in about.get("rivals", {}).items())
    collapsed = ", ".join(common.kind(method) for method in about.get("collapsed_rivals", []))
    notes = (
        RIVALS_NOTE.format(names=names) if names else "",
        COLLAPSED_RIVALS.format(names=collapsed) if collapsed else "",
    )
    return " ".join(note for note in notes if note)


def with_note(text: str, note: str) -> str:
    """A figure with a note: "0.021; noise alone: 0.030"."""
    return f"{text}; {note}" if note else text
