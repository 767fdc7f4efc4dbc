"""Sentences of the page Saliency for data sets of texts."""

from collections.abc import Mapping, Sequence

from app.wording.shared import common, inside
from fairprog_core.results.gallery_layout import GalleryAbout

SHOW = "Sentences"
LABEL = "Label"
ALL_LABELS = "All labels"
ROWS = "Rows at λ ="
ROWS_HELP = "Choose the values of λ that get a row. The slider's λ always has one."
PICK = "Test sentences"
NONE_LEFT = (
    "None of the saved test sentences fits this choice at λ = {lam}. Choose other sentences above, or another λ."
)
KEPT = "This page lists {shown} of the {kept} saved test sentences."
EMPTY_TEXT = "(empty text)"

CONDITIONS = {"without": "Without trigger", "random_words": "Random words", "neutral_words": "Neutral words"}
LAM = "λ = {lam}"
QUOTED = "chosen on validation"
AT_SLIDER = "slider"
CONTROLS = "Controls: other words instead of the trigger ({probabilities})"
BADGES = {True: "trigger ≈", False: "trigger", None: "words"}  # nearest words, the trigger's own, a control's
CUT = "[the text is cut here]"
CALLED = "called {label}"
RIGHT = "✓ right"
WRONG = "✗ wrong"
LEAST_DELTA, TINY = 0.0005, "< 0.1 %"
DELTA = "delta {delta}, {steps} steps"
NOT_CONVERGED = "not converged: delta {delta} after {steps} steps; ignore this row"

LEGEND = {
    "for": "raises “{label}”: orange, solid line",
    "against": "lowers “{label}”: blue, dashed line",
    "size": "stronger colour, thicker line: larger effect",
    "identity": "bold: names an identity",
    "trigger": "framed: the trigger's words",
    "nearest": "framed: the words nearest to the trigger's vectors, which are not words themselves",
    "numbers": "Numbers",
    "value": "P({label})",
}
SPOKEN = "{name}: called {label}, P({positive}) {probability}. {ends}"
SPOKEN_FOR = "Raises it most: {words}."
SPOKEN_AGAINST = "Lowers it most: {words}."
SPOKEN_NONE = "No word has an effect."
NUMBERS_ALIKE = "All rows of a sentence use the same colour scale."
MADE = (
    "Colours are Integrated Gradients for the logit of “{label}” minus the other logit, from {baseline} to the text; "
    "the attributions of a word's pieces (tokens) are added up. The convergence delta is the part of the change of "
    "the logit that the words do not account for."
)

OWN_LABEL = "Try a sentence of your own"
OWN_EXAMPLES = "or an example"
OWN_EXAMPLE = "{group} are wonderful people and I like my neighbours."
OWN_GROUPS = ("Muslims", "Christians", "Buddhists")
ROWS_TITLE = "Single test sentences"
OWN_NOTE = (
    "The text is explained on this server, in memory; it is not written to disk. A long text is cut to the length that "
    "the classifier reads."
)
OWN_BUTTON = "Explain"
OWN_MISSING = "The weights of this run's base classifier are missing, so new sentences cannot be explained."


def legend(label: str, *, is_nearest: bool) -> dict[str, str]:
    """The legend: what colours, lines and frames mean.

    Args:
        label: the class that is explained.
        is_nearest: whether the trigger is vectors, shown by their nearest words.
    """
    left_out = "trigger" if is_nearest else "nearest"
    return {name: text.format(label=label) for name, text in LEGEND.items() if name != left_out}


def about_row(group: str, label: str) -> str:
    """Group and label of a sentence; either may be empty."""
    return ", ".join(part for part in (group, label) if part)


def moved(label: str, before: float, after: float) -> str:
    """How the trigger changes a probability."""
    return f"P({label}) {before:.2f} → {after:.2f}"


def delta(value: float, steps: int, has_converged: bool) -> str:
    """The convergence delta of a row, as a share of the change of the logit."""
    size = TINY if abs(value) < LEAST_DELTA else f"{100 * abs(value):.1f} %"
    return (DELTA if has_converged else NOT_CONVERGED).format(delta=size, steps=steps)


def spoken(
    name: str, words: Sequence[str], values: Sequence[float], *, predicted: str, positive: str, probability: float
) -> str:
    """A row for screen readers: the prediction, and the three words that raise and that lower it most."""
    ranked = sorted(zip(values, words, strict=True), key=lambda pair: pair[0])
    most = [f"{word} {inside.signed(value, 2, plus=True)}" for value, word in reversed(ranked[-3:]) if value > 0]
    least = [f"{word} {inside.signed(value, 2)}" for value, word in ranked[:3] if value < 0]
    ends = [SPOKEN_FOR.format(words=", ".join(most))] if most else []
    ends += [SPOKEN_AGAINST.format(words=", ".join(least))] if least else []
    text = " ".join(ends or [SPOKEN_NONE])
    return SPOKEN.format(name=name, label=predicted, positive=positive, probability=f"{probability:.2f}", ends=text)


def controls(probabilities: Mapping[str, float]) -> str:
    """The heading of the folded controls, with their probabilities."""
    text = "; ".join(f"{CONDITIONS[name].lower()} {value:.2f}" for name, value in probabilities.items())
    return CONTROLS.format(probabilities=text)


def about(gallery: GalleryAbout, *, shown: int, kept: int) -> str:
    """The text above the list: how many sentences there are, how they were chosen and explained; as Markdown."""
    made = MADE.format(label=gallery["labels"][1], baseline=gallery.get("ig_baseline", "a text of [PAD]"))
    rivals = inside.rivals_note(gallery)
    parts = (KEPT.format(shown=shown, kept=kept), gallery.get("picked", ""), made, NUMBERS_ALIKE, rivals)
    return common.plain(" ".join(part for part in parts if part))
