"""Sentences of the page Saliency."""

from collections.abc import Sequence
from typing import NamedTuple

from app.wording.shared import common, inside
from fairprog_core.results.gallery_layout import GalleryAbout

TITLE = "Where the classifier looks"
LEAD = "One picture or sentence can look convincing by chance: the means and the controls count."
POSITIVE = 1  # the class of two that is explained at first
ROWS = "Single test rows"

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
NONE_LEFT = "None of the saved test pictures fits this choice at λ = {lam}. Choose other pictures above, or another λ."
RATIO = (
    "Rows whose answer changes at λ = {lam} come first, as often as among all test rows: {gained:,} became right, "
    "{lost:,} became wrong."
)
KEPT = "This page shows {shown} of the {kept} saved test pictures."

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
NOT_CONVERGED = "delta {delta}: not converged, so ignore this map"
ALT_PHOTO = "Test picture {row}: {group}, {label}"
ALT_MAP = "{view}, {condition}: called {label} with probability {probability:.2f}"
TARGET = "Explained class"
PREDICTED = "the predicted class"

HEAT_LOW, HEAT_HIGH = "no weight", "most weight"
SIGNED_LOW, SIGNED_HIGH = "against the prediction", "for the prediction"
INPUT_NOTE = (
    "The maps are gradients of the picture for {target}: this model shows no inner layers, as Grad-CAM needs; each is "
    "scaled to its own maximum."
)
HEAT_NOTE = "The maps are Grad-CAM for {target} at the {layer}; each is scaled to its own maximum."
TARGET_CLASS = "the class “{label}”"
TARGET_PREDICTED = "the predicted class"
SIGNED_NOTE = (
    "The maps are Integrated Gradients for the predicted class, from the {baseline} to the picture, summed over the "
    "colours; each is scaled to its own maximum. The convergence delta is the part of the change of the logit that the "
    "map does not account for."
)

AVERAGES = "Averages over test rows"
AVERAGES_NOTE = (
    "Averages over {rows} test rows, weighted to the natural mix of labels and groups. The 95 % intervals show how "
    "they vary with the test rows, not with the seed: another seed can give another trigger. Hollow points are "
    "controls."
)
RIVALS_ARE_LEVELS = "A horizontal line is a rival: a method that changes all weights and uses no trigger."
NO_AVERAGES = (
    "This run has no averages. Either its data set has no marked regions, no marked words and no counterfactual twins, "
    "or “Rows for averages” was set to 0 on the page Train."
)

FLAT_REGION = (
    "The dashed line is a flat map, which is the same everywhere: it would reach {flat:.3f}, the part of {region} in "
    "the area of both regions. A share that only moves towards this line shows a more even map, not attention to "
    "{region}."
)
FLAT_WORDS = (
    "The dashed line is a flat map, in which every word counts alike: it would reach {flat:.3f}, the identity words' "
    "part of all words."
)

OWN_NOTE = (
    "Choose a PNG, JPEG or WebP file of up to {mb} MB. Its middle square is scaled to {side} × {side} pixels and "
    "explained on this server, in memory; it is not written to disk."
)
OWN_DRAWN = "This classifier was trained on drawn faces only, so its prediction for a photo means little."
OWN_LABEL = "Try a picture of your own"
OWN_PICTURE = "Picture"
OWN_EXAMPLES = "or an example"
OWN_EXAMPLE = "{group}, {label}"
OWN_TITLE = "Your picture at λ = {lam}"
OWN_WAIT = "Computing the explanation; the first one takes a few seconds"
OWN_BEFORE = "Waiting: {n} before you"
OWN_CANCELLED = "You cancelled this explanation."
CANCEL = "Cancel"
AGAIN = "Explain again"
OWN_NO_GALLERY = (
    "Your own pictures are explained in the same way as saved test rows, but no test rows were saved for this curve. "
    "Train again with “Gallery” above 0."
)
OWN_MISSING = "The weights of this run's base classifier are missing, so new pictures cannot be explained."


def control(name: str, *, is_collapsed: bool) -> str:
    """The name of a control in the choice of maps: "Black (collapsed)"."""
    return inside.IS_COLLAPSED.format(name=CONTROLS[name]) if is_collapsed else CONTROLS[name]


def place(n_before: int, *, is_computing: bool) -> str:
    """Where a request stands: how many others have their turn before it."""
    return OWN_WAIT if is_computing or not n_before else OWN_BEFORE.format(n=n_before)


def own_note(*, mb: int, side: int, is_drawn: bool) -> str:
    """Which files can be uploaded, and what happens to them."""
    note = OWN_NOTE.format(mb=mb, side=side)
    return f"{note} {OWN_DRAWN}" if is_drawn else note


def about(gallery: GalleryAbout, view: str, target: int | None, *, shown: int, kept: int) -> str:
    """The text above the pictures: how many there are, how they were chosen, how the maps were computed."""
    explained = TARGET_PREDICTED if target is None else TARGET_CLASS.format(label=gallery["labels"][target])
    heat = INPUT_NOTE if gallery.get("is_input_gradient") else HEAT_NOTE
    made = (heat if view == "grad_cam" else SIGNED_NOTE).format(
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
    """Prediction and probability; right or wrong if the label is known; the convergence delta if there is one."""
    lines = [CALLED.format(label=label, probability=probability)]
    if is_right is not None:
        lines.append(RIGHT if is_right else WRONG)
    if is_empty:
        lines.append(EMPTY_MAP)
    if delta is not None:
        lines.append((DELTA if has_converged else NOT_CONVERGED).format(delta=inside.signed(delta, 4)))
    return "\n".join(lines)


def alt_map(view: str, condition: str, label: str, probability: float) -> str:
    """Alt text of a map; ``condition`` is a key of `CONDITIONS` or a rival's name."""
    name = CONDITIONS[condition].lower() if condition in CONDITIONS else condition
    return ALT_MAP.format(view=VIEWS[view], condition=name, label=label, probability=probability)


class ControlNames(NamedTuple):
    """Texts of an average: title of its axis, name inside a sentence, description of its chart, name of its region."""

    axis: str
    what: str
    label: str
    region: str = ""


def share(view: str, regions: Sequence[str]) -> ControlNames:
    """The share of the maps on the first region."""
    first, second = regions[0], regions[1]
    return ControlNames(
        f"Share on {first}",
        f"the share of {VIEWS[view]} on {first}",
        f"{VIEWS[view]}: the weight of the map on {first}, as a share of its weight on {first} and {second}.",
        first,
    )


def erasure(regions: Sequence[str]) -> ControlNames:
    """The ratio of the effects of painting over the two regions."""
    first, second = regions[0], regions[1]
    return ControlNames(
        f"Effect of {first} ÷ {second}",
        f"the effect of painting over {first}, divided by that of painting over {second},",
        f"Erasure: the change of the logit when {first} is painted over with the picture's mean colour, divided by the "
        f"change when {second} is painted over.",
    )


def flat_note(names: ControlNames, flat: float) -> str:
    """What the level of a flat map means."""
    return (
        FLAT_REGION.format(flat=flat, region=common.plain(names.region))
        if names.region
        else FLAT_WORDS.format(flat=flat)
    )


PICTURE, SENTENCE = "picture", "sentence"  # what counterfactual twins are

IDENTITY_SHARE = ControlNames(
    "Share on identity words",
    "the share of Integrated Gradients on identity words",
    "Integrated Gradients in texts that name an identity: the absolute attribution of the words that name it, as a "
    "share of the absolute attribution of all words.",
)


def difference(names: Sequence[str], what: str) -> ControlNames:
    """The logit difference of counterfactual twins; ``what``: "picture" or "sentence"."""
    return ControlNames(
        f"Logit, {names[0]} − {names[1]}",
        f"the mean logit difference of counterfactual twins ({names[0]} minus {names[1]})",
        f"Counterfactual twins: the same {what} twice, with only the group and what it causes changed. At 0 the "
        "group makes no difference on average.",
    )


def flips(names: Sequence[str]) -> ControlNames:
    """The share of counterfactual twins that get different predictions."""
    return ControlNames(
        "Different predictions",
        f"the share of counterfactual twins ({names[0]}, {names[1]}) that get different predictions",
        "Share of pairs of counterfactual twins whose prediction changes when only the group, and what it causes, "
        "changes.",
    )
