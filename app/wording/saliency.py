"""Sentences of the page Saliency."""

from collections.abc import Sequence
from typing import NamedTuple

from app.wording.shared import common, inside
from fairprog_core.results.gallery_layout import GalleryAbout

TITLE = "Where the classifier looks"
LEAD = (
    "The same test rows without and with the trigger. A single picture or sentence can look convincing by chance: "
    "compare it with the control, and read the averages below."
)

VIEW = "Map"
VIEWS = {"grad_cam": "Grad-CAM", "integrated_gradients": "Integrated Gradients"}
CONTROL = "Control"
CONTROLS = {"untrained": "Untrained", "black": "Black"}
SHOW = "Pictures"
FILTERS = {
    "all": "All",
    "gained": "Wrong without, right with the trigger",
    "lost": "Right without, wrong with the trigger",
}
GROUP = "Group"
ALL_GROUPS = "All groups"
PAGE = "Page"
NONE_LEFT = "No kept test picture is like that at λ = {lam}. Choose other pictures above, or another λ."
KEPT = "Shown are {shown} of {kept} kept test pictures."

PHOTO = "Picture"
CONDITIONS = {
    "without": "Without",
    "with": "With the trigger",
    "untrained": "Untrained trigger",
    "black": "Black trigger",
}
TITLE_OF_CARD = "{group}, {label}"
CALLED = "{label}, {probability:.2f}"
RIGHT = "✓ right"
WRONG = "✗ wrong"
EMPTY_MAP = "the map is 0 everywhere"
DELTA = "delta {delta}"
NOT_CONVERGED = "delta {delta}, too large: do not read this map"
ALT_PHOTO = "Test picture {row}: {group}, {label}"
ALT_MAP = "{view}, {condition}: called {label} with probability {probability:.2f}"
TARGET = "Explained class"
PREDICTED = "the predicted one"

HEAT_LOW, HEAT_HIGH = "no part in the answer", "largest part"
SIGNED_LOW, SIGNED_HIGH = "speaks against the answer", "speaks for it"
HEAT_NOTE = "Grad-CAM for {target} at the {layer}; every map is scaled to its own maximum."
TARGET_CLASS = "the class “{label}”"
TARGET_PREDICTED = "the predicted class"
SIGNED_NOTE = (
    "Integrated Gradients for the predicted class, from the {baseline} to the picture, summed over colours; every map "
    "is scaled to its own maximum. The delta (convergence) is what the map misses of the change of the logit."
)

AVERAGES = "What holds on average"
AVERAGES_NOTE = (
    "Over {rows} test rows, weighted to the natural mix. Intervals (95 %) cover the rows, not the training: "
    "another seed can give another trigger. Hollow points are controls."
)
RIVALS_ARE_LEVELS = "A level across a chart is a classifier with other weights, without a trigger."
NO_AVERAGES = (
    "This run has no averages: its data set marks no regions or words and has no twins, or none were asked for."
)

OWN = "A picture of your own"
OWN_NOTE = (
    "A PNG, JPEG or WebP file up to {mb} MB. Its middle square is scaled to {side} × {side} pixels and explained on "
    "this server, in memory; it is not written to disk."
)
OWN_DRAWN = "This classifier has seen drawn faces only: what it says about a photo means little."
OWN_LABEL = "Picture"
OWN_TITLE = "Your picture at λ = {lam}"
OWN_WAIT = "Explaining; the first time takes a few seconds"
OWN_NO_GALLERY = (
    "Pictures of your own are explained in the same way as kept test rows, and none were kept of this curve: train "
    "with “Gallery” above 0."
)
OWN_MISSING = "This run has no weights of its base classifier at hand, so new pictures cannot be explained."


def own_note(*, mb: int, side: int, is_drawn: bool) -> str:
    """What may be uploaded, and what happens to it."""
    note = OWN_NOTE.format(mb=mb, side=side)
    return f"{note} {OWN_DRAWN}" if is_drawn else note


def about(gallery: GalleryAbout, view: str, target: int | None, *, shown: int, kept: int) -> str:
    """What is seen: how many pictures, how they were picked, how the maps were made."""
    explained = TARGET_PREDICTED if target is None else TARGET_CLASS.format(label=gallery["labels"][target])
    made = (HEAT_NOTE if view == "grad_cam" else SIGNED_NOTE).format(
        target=explained, layer=gallery.get("layer", "last layer"), baseline=gallery.get("ig_baseline", "black picture")
    )
    parts = (
        KEPT.format(shown=shown, kept=kept),
        gallery.get("picked", ""),
        made,
        inside.rivals_note(gallery),
    )
    return common.plain(" ".join(part for part in parts if part))


def caption(
    label: str, probability: float, is_right: bool | None, delta: float | None, has_converged: bool, *, is_empty: bool
) -> str:
    """Prediction and probability; right or wrong where the label is known; the convergence delta where there is one."""
    lines = [CALLED.format(label=label, probability=probability)]
    if is_right is not None:
        lines.append(RIGHT if is_right else WRONG)
    if is_empty:
        lines.append(EMPTY_MAP)
    if delta is not None:
        lines.append((DELTA if has_converged else NOT_CONVERGED).format(delta=inside.signed(delta, 4)))
    return "\n".join(lines)


def alt_map(view: str, condition: str, label: str, probability: float) -> str:
    """A map in words, under a key of `CONDITIONS` or beside them, under a rival's name."""
    name = CONDITIONS[condition].lower() if condition in CONDITIONS else condition
    return ALT_MAP.format(view=VIEWS[view], condition=name, label=label, probability=probability)


class ControlNames(NamedTuple):
    """An average: the title of its axis, what it is in the middle of a sentence, and the chart in words."""

    axis: str
    what: str
    label: str


def share(view: str, regions: Sequence[str]) -> ControlNames:
    """The share of the maps on the first region."""
    first, second = regions[0], regions[1]
    return ControlNames(
        f"Share on {first}",
        f"the share of {VIEWS[view]} on {first}",
        f"{VIEWS[view]}: of the map's weight on {first} and {second}, the part on {first}.",
    )


def erasure(regions: Sequence[str]) -> ControlNames:
    """The ratio of the effects of blanking the regions."""
    first, second = regions[0], regions[1]
    return ControlNames(
        f"Effect of {first} ÷ {second}",
        f"the effect of blanking {first} over that of blanking {second}",
        f"Erasure: how far the logit moves when {first} is painted over with the picture's mean colour, divided by how "
        f"far it moves for {second}.",
    )


PICTURE, SENTENCE = "picture", "sentence"  # what twins are

IDENTITY_SHARE = ControlNames(
    "Share on identity words",
    "the share of Integrated Gradients on identity words",
    "Integrated Gradients: of the size of all attributions in a text that names an identity, the part on the words "
    "that name it.",
)


def difference(names: Sequence[str], what: str) -> ControlNames:
    """The logit difference of twins; ``what`` they are, "picture" or "sentence"."""
    return ControlNames(
        f"Logit, {names[0]} − {names[1]}",
        f"the mean logit difference of twins ({names[0]} minus {names[1]})",
        f"Twins are the same {what} but for what the group causes. At 0 the group makes no difference on average.",
    )


def flips(names: Sequence[str]) -> ControlNames:
    """The share of twins that get different answers."""
    return ControlNames(
        "Different answers",
        f"the share of twins ({names[0]}, {names[1]}) that get different answers",
        "Share of pairs of twins whose answer changes with the group alone.",
    )
