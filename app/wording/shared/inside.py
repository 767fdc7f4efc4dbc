"""Sentences that Trade-off, Saliency and Probe share."""

from collections.abc import Mapping, Sequence

from app.models import saved_study
from app.wording.shared import common, neutral
from fairprog_core.metrics.intervals import Estimate, EstimateJson
from fairprog_core.metrics.point import Point
from fairprog_core.results.curve import Curve
from fairprog_core.results.gallery_layout import GalleryAbout

DEMO = "Shipped demo: {name}"
COMPARISON = "Shipped: all methods, {name}"
USUAL, OTHER_METHOD = "reprogram", "{name} ({method})"
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

CONTROLS = {
    "without": "without",
    "untrained": "untrained",
    "black": "black",
    "random_words": "random words",
    "neutral_words": "neutral words",
}
CROSS = "✕"  # at the name of a collapsed control where space is short
IS_COLLAPSED = "{name} (collapsed)"
COLLAPSED_CONTROLS = (
    "Collapsed, and crossed out: {names}. In some group, no row of some label is predicted right any more, or always "
    "predicting the most frequent label would be at least as accurate, so its figures mean little."
)
RIVAL = "{method}, λ\u00a0=\u00a0{lam}"
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


def curve_name(kind: str, criterion: str, tuning_ratio: float | None = None, method: str = "") -> str:
    """A curve in a list, without its seed: "Border, equalized odds", "…, 5 % of the tuning data"."""
    return f"{learned_name(kind, method)}, {common.kind(criterion).lower()}{share(tuning_ratio)}"


def learned_name(kind: str, method: str) -> str:
    """A trigger, with the method if it is not the usual one: "Border (trigger learned by queries)".

    Args:
        kind: the trigger; the method where there is no trigger.
        method: registry key; empty: not to be said.
    """
    if method in ("", kind, USUAL):
        return common.kind(kind)
    title = common.kind(method)
    return OTHER_METHOD.format(name=common.kind(kind), method=title[:1].lower() + title[1:])


def share(tuning_ratio: float | None) -> str:
    """The end of a curve's name: ", 5 % of the tuning data"; empty if it was trained on all of it."""
    return "" if tuning_ratio is None or tuning_ratio == 1 else f", {100 * tuning_ratio:g} % of the tuning data"


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


def rival(method: str, lam: float) -> str:
    """The name of a rival: "AdvIn, λ = 4"."""
    return RIVAL.format(method=common.kind(method), lam=common.lam(lam))


def rivals_note(about: GalleryAbout) -> str:
    """Which rivals a gallery has, and which of them collapsed; empty without rivals."""
    names = "; ".join(rival(method, lam) for method, lam in about.get("rivals", {}).items())
    collapsed = ", ".join(common.kind(method) for method in about.get("collapsed_rivals", []))
    notes = (
        RIVALS_NOTE.format(names=names) if names else "",
        COLLAPSED_RIVALS.format(names=collapsed) if collapsed else "",
    )
    return " ".join(note for note in notes if note)


def interval(found: Estimate, digits: int = 3) -> str:
    """``0.871 [0.860, 0.882]``; "not estimable" if there is no value."""
    if found.value is None:
        return common.NOT_ESTIMABLE
    return f"{signed(found.value, digits)}{brackets(found, digits)}"


def difference(found: Estimate, digits: int = 3) -> str:
    """``+0.045 [0.036, 0.056]``: a known difference and its interval."""
    return f"{signed(found.value or 0.0, digits, plus=True)}{brackets(found, digits)}"


def with_note(text: str, note: str) -> str:
    """A figure with a note: "0.021; noise alone: 0.030"."""
    return f"{text}; {note}" if note else text


def brackets(found: Estimate, digits: int = 3) -> str:
    """`` [0.860, 0.882]``, or nothing if there is no interval."""
    return "" if found.ci is None else f" [{signed(found.ci[0], digits)}, {signed(found.ci[1], digits)}]"


def ends(found: EstimateJson) -> tuple[float, float]:
    """Both ends of an interval; if there is none, the value twice."""
    value = found["value"] or 0.0
    low, high = found["ci"] or (value, value)
    return low, high


def percent(found: Estimate) -> tuple[str, str]:
    """A known share and its interval: ``("29 %", "[19, 39]")``; the interval is empty if there is none."""
    ends = [signed(100 * end, 0) for end in found.ci or ()]
    return f"{signed(100 * (found.value or 0.0), 0)} %", f"[{', '.join(ends)}]" if ends else ""


def signed(value: float, digits: int = 3, *, plus: bool = False) -> str:
    """A number with a true minus sign; with ``plus`` also with a plus sign, for changes."""
    text = f"{abs(value):.{digits}f}"
    is_zero = float(text) == 0
    sign = "" if is_zero else "−" if value < 0 else "+" if plus else ""
    return f"{sign}{text}"
