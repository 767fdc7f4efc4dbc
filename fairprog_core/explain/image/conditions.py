"""The conditions of photos: no trigger, the untrained and the black trigger, the trigger at every λ, rivals.

All triggers of one curve have the same geometry, so photos, erased photos and counterfactual pairs are fitted
into the picture once, for all of them.

Notation: k photos, c classes, s image side, m gallery photos, l λ-values.
"""

import copy
from collections.abc import Sequence
from typing import ClassVar, NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fairprog_core.classifiers.image import ImageClassifier
from fairprog_core.explain.conditions import Conditions, Rival
from fairprog_core.metrics.explanations.gallery import GalleryArrays
from fairprog_core.triggers.base import ReprogrammedClassifier
from fairprog_core.triggers.image import ImageTrigger


class PlacedPhotoClassifier(ReprogrammedClassifier):
    """A reprogrammed classifier of photos that already lie at their place in the trigger's picture.

    ``PlacedPhotoClassifier(trigger, classifier, lam)(trigger.fit_photo(x))`` equals
    ``trigger.wrap(classifier, lam=lam)(x)``; the trigger's pixels are computed once.
    """

    trigger: ImageTrigger
    pixels: Tensor
    keep: Tensor

    def __init__(self, trigger: ImageTrigger, classifier: ImageClassifier, lam: float) -> None:
        super().__init__(trigger, classifier, lam)
        mask = trigger.mask().to(trigger.shared.device)
        nothing = torch.zeros(1, 3, trigger.image_size, trigger.image_size, device=trigger.shared.device)
        with torch.no_grad():
            self.pixels = trigger(nothing, lam) * mask  # (1, 3, s, s)
        self.keep = (~mask).float()  # (s, s)

    def picture(self, placed: Tensor) -> Tensor:
        """Placed photos (k, 3, s, s) with the trigger, as the classifier takes them."""
        return placed * self.keep + self.pixels

    def features(self, x: Tensor) -> Tensor:
        features: Tensor = self.classifier.features(self.picture(x))
        return features

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.picture(x))
        return logits


class Condition(NamedTuple):
    """One condition: a name for the screen, the classifier, and the trigger in front of it, if any."""

    name: str
    classifier: ImageClassifier
    reprogrammed: PlacedPhotoClassifier | None = None

    @property
    def model(self) -> ImageClassifier | PlacedPhotoClassifier:
        """From photos, placed where there is a trigger, to logits."""
        return self.reprogrammed or self.classifier

    def picture(self, fitted: Tensor) -> Tensor:
        """The pictures that the classifier takes, from photos (k, 3, s, s) as `model` takes them."""
        return self.reprogrammed.picture(fitted) if self.reprogrammed else fitted


class Fitted(NamedTuple):
    """Photos, or masks, as they are, and placed in the picture of the trigger."""

    plain: Tensor
    placed: Tensor

    def of(self, condition: Condition, rows: slice | NDArray[np.int64] = slice(None)) -> Tensor:
        """The rows as this condition's model takes them."""
        return (self.placed if condition.reprogrammed else self.plain)[rows]


class ImageConditions(Conditions[Condition]):
    """No trigger, the untrained trigger, the black trigger, then the trigger at every λ, then rivals; in this order.

    The given trigger is copied and does not change.
    """

    controls: ClassVar[tuple[str, str]] = ("untrained", "black")

    def __init__(
        self, classifier: ImageClassifier, trigger: ImageTrigger, lams: Sequence[float], rivals: Sequence[Rival] = ()
    ) -> None:
        self.trigger = copy.deepcopy(trigger).requires_grad_(False).eval()
        self.untrained, self.black = self.trigger.untrained(), self.trigger.black()

        def reprogrammed(name: str, trigger: ImageTrigger, lam: float = 0.0) -> Condition:
            return Condition(name, classifier, PlacedPhotoClassifier(trigger, classifier, lam))

        conditions = [
            Condition("without trigger", classifier),
            reprogrammed("untrained trigger", self.untrained),
            reprogrammed("black trigger", self.black),
            *(reprogrammed(f"λ = {lam:g}", self.trigger, lam) for lam in lams),
            *(Condition(rival.name, cast(ImageClassifier, rival.classifier)) for rival in rivals),
        ]
        super().__init__(conditions, lams, rivals)

    @torch.inference_mode()
    def fit(self, x: Tensor) -> Fitted:
        """Photos x (k, 3, s, s), as they are and at their place in the picture."""
        return Fitted(x, self.trigger.fit_photo(x).clone(memory_format=torch.channels_last))

    @torch.inference_mode()
    def place(self, masks: Tensor) -> Fitted:
        """Masks (k, s, s), as they are and placed in the picture; 0 where the trigger covers them."""
        return Fitted(masks.float(), self.trigger.place(masks))

    def pictures(self) -> GalleryArrays:
        """The triggers alone as RGBA (l, s, s, 4) and (s, s, 4), and the box where the photo lies."""
        return {
            "trigger": np.stack([self.trigger.picture(lam) for lam in self.lams]),
            "trigger_untrained": self.untrained.picture(0.0),
            "trigger_black": self.black.picture(0.0),
            "photo_box": np.array(self.trigger.photo_box, dtype=np.int64),
        }
