"""Sentences of the page Saliency where the data are texts."""

from collections.abc import Mapping, Sequence

from app.wording.shared import common, inside
from fairprog_core.results.gallery_layout import GalleryAbout

SHOW = "Sentences"
LABEL = "Label"
ALL_LABELS = "All labels"
ROWS = "Rows at λ ="
ROWS_HELP = "The values of λ that have a row; the slider's λ always has one."
PICK = "Test sentences"
NONE_LEFT = "No kept test sentence is like that at λ = {lam}. Choose others above, or another λ."
KEPT = "Listed are {shown} of {kept} kept test sentences."
EMPTY_TEXT = "(empty text)"

CONDITIONS = {"without": "Without trigger", "random_words": "Random words", "neutral_words": "Neutral words"}
LAM = "λ = {lam}"
QUOTED = "chosen on validation"
AT_SLIDER = "slider"
CONTROLS = "Controls: other words in the trigger's place ({said})"
BADGES = {True: "trigger ≈", False: "trigger", None: "words"}  # nearest words, the trigger's own, a control's
CUT = "[cut here: the text goes on]"
CALLED = "called {label}"
RIGHT = "✓ right"
WRONG = "✗ wrong"
LEAST_DELTA, TINY = 0.0005, "< 0.1 %"
DELTA = "delta {delta}, {steps} steps"
NOT_CONVERGED = "has not converged: delta {delta} after {steps} steps; do not read this row"

LEGEND = {
    "for": "adds to “{label}”: orange, solid line",
    "against": "takes from “{label}”: blue, dashed line",
    "size": "stronger colour, thicker line: more",
    "identity": "bold: names an identity",
    "trigger": "framed: the trigger's words",
    "nearest": "framed: the words nearest to the trigger's vectors; the vectors themselves are no words",
    "numbers": "Numbers",
    "value": "P({label})",
}
SPOKEN = "{name}: called {label}, P({positive}) {probability}. {ends}"
SPOKEN_FOR = "Adds most: {words}."
SPOKEN_AGAINST = "Takes most: {words}."
SPOKEN_NONE = "No word adds or takes anything."
NUMBERS_ALIKE = "Colours are scaled alike in all rows of a sentence."
MADE = (
    "Integrated Gradients for the logit of “{label}” against the other one, from {baseline} to the text, word by word; "
    "the pieces of a word are joined. The delta (convergence) is what the words together miss of the change of the "
    "logit."
)

OWN = "A sentence of your own"
OWN_LABEL = "Text"
OWN_NOTE = (
    "It is explained on this server, in memory; it is not written to disk. A long text is cut to what the classifier "
    "reads."
)
OWN_BUTTON = "Explain"
OWN_WAIT = "Explaining; the first time takes a few seconds"
OWN_MISSING = "This run has no weights of its base classifier at hand, so new sentences cannot be explained."


def legend(label: str, *, is_nearest: bool) -> dict[str, str]:
    """What colours and lines mean, by what they are.

    Args:
        label: the class that is explained.
        is_nearest: whether the trigger's words stand for vectors.
    """
    left_out = "trigger" if is_nearest else "nearest"
    return {name: text.format(label=label) for name, text in LEGEND.items() if name != left_out}


def about_row(group: str, label: str) -> str:
    """Group and label of a sentence; a row may have neither."""
    return ", ".join(part for part in (group, label) if part)


def moved(label: str, before: float, after: float) -> str:
    """How a probability moves from without to with the trigger."""
    return f"P({label}) {before:.2f} → {after:.2f}"


def delta(value: float, steps: int, has_converged: bool) -> str:
    """The convergence delta of a row, as a share of the change of the logit."""
    size = TINY if abs(value) < LEAST_DELTA else f"{100 * abs(value):.1f} %"
    return (DELTA if has_converged else NOT_CONVERGED).format(delta=size, steps=steps)


def spoken(
    name: str, words: Sequence[str], values: Sequence[float], *, said: str, positive: str, probability: float
) -> str:
    """A row for screen readers: what is said, and the three words that add and that take the most."""
    ranked = sorted(zip(values, words, strict=True), key=lambda pair: pair[0])
    most = [f"{word} {inside.signed(value, 2, plus=True)}" for value, word in reversed(ranked[-3:]) if value > 0]
    least = [f"{word} {inside.signed(value, 2)}" for value, word in ranked[:3] if value < 0]
    ends = [SPOKEN_FOR.format(words=", ".join(most))] if most else []
    ends += [SPOKEN_AGAINST.format(words=", ".join(least))] if least else []
    text = " ".join(ends or [SPOKEN_NONE])
    return SPOKEN.format(name=name, label=said, positive=positive, probability=f"{probability:.2f}", ends=text)


def controls(probabilities: Mapping[str, float]) -> str:
    """The heading of the folded controls, with what they say."""
    said = "; ".join(f"{CONDITIONS[name].lower()} {value:.2f}" for name, value in probabilities.items())
    return CONTROLS.format(said=said)


def about(gallery: GalleryAbout, *, shown: int, kept: int) -> str:
    """What is seen: how many sentences, how they were picked, how they were explained; as Markdown."""
    made = MADE.format(label=gallery["labels"][1], baseline=gallery.get("ig_baseline", "a text of [PAD]"))
    rivals = inside.rivals_note(gallery)
    parts = (KEPT.format(shown=shown, kept=kept), gallery.get("picked", ""), made, NUMBERS_ALIKE, rivals)
    return common.plain(" ".join(part for part in parts if part))
