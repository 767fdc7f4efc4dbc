"""What averages over test rows measure: the share of a map, erasure, counterfactual twins, and their names."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

POSITIVE = 1  # the class of two that is explained at first
VIEWS = {"grad_cam": "Grad-CAM", "integrated_gradients": "Integrated Gradients"}
FLAT_REGION = (
    "The dashed line is a flat map, which is the same everywhere: it would reach {flat:.3f}, the part of {region} in "
    "the area of both regions. A share that only moves towards this line shows a more even map, not attention to "
    "{region}."
)
FLAT_WORDS = (
    "The dashed line is a flat map, in which every word counts alike: it would reach {flat:.3f}, the identity words' "
    "part of all words."
)


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


def flat_note(names: ControlNames, flat: float, *, plain: Callable[[str], str] = str) -> str:
    """What the level of a flat map means."""
    return FLAT_REGION.format(flat=flat, region=plain(names.region)) if names.region else FLAT_WORDS.format(flat=flat)


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
