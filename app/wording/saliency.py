"""Sentences of the page Saliency."""

from functools import partial

from app.wording.shared import common, inside
from fairprog_core.report.wording.saliency import POSITIVE as POSITIVE
from fairprog_core.report.wording.saliency import VIEWS as VIEWS
from fairprog_core.report.wording.saliency import flat_note as plain_flat_note
from fairprog_core.results.gallery_layout import GalleryAbout

TITLE = "Where the classifier looks"
LEAD = "One picture or sentence can look convincing by chance: the means and the controls count."
ROWS = "Single test rows"

VIEW = "Map"
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

flat_note = partial(plain_flat_note, plain=common.plain)


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
