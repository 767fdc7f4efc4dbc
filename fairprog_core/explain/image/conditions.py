"""The conditions of photos: no trigger, the untrained and the black trigger, the trigger at every λ, rivals.

All triggers of one curve have the same geometry, so photos, erased photos and twins are fitted
into the picture once, for all of them.

Notation: k photos, c classes, s image side, m gallery photos, l λ-values.
"""

import copy
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fairprog_core.classifiers.image import ImageClassifier
from fairprog_core.explain.conditions import Conditions, Rival
from fairprog_core.triggers.image import ImageTrigger


class Behind(nn.Module):
    """The classifier behind one fixed trigger, for photos that already lie at their place.

    ``Behind(classifier, trigger, lam)(trigger.fit_photo(x))`` equals ``trigger.wrap(classifier, lam=lam)(x)``.
    Without a trigger it is the classifier. Features of every batch are kept in ``seen`` while
    ``is_recording``, so that they need no pass of their own.
    """

    def __init__(self, classifier: ImageClassifier, trigger: ImageTrigger | None = None, lam: float = 0.0) -> None:
        super().__init__()
        self.classifier, self.trigger, self.lam = classifier, trigger, lam
        self.is_recording = False
        self.seen: list[Tensor] = []
        if trigger is not None:
            mask = trigger.mask().to(trigger.shared.device)
            nothing = torch.zeros(1, 3, trigger.image_size, trigger.image_size, device=trigger.shared.device)
            with torch.no_grad():
                self.pixels = trigger(nothing, lam) * mask  # (1, 3, s, s)
            self.keep = (~mask).float()  # (s, s)

    @property
    def cam_layer(self) -> nn.Module:
        """The classifier's layer that Grad-CAM looks at."""
        return self.classifier.cam_layer

    def picture(self, fitted: Tensor) -> Tensor:
        """What the classifier sees of fitted photos (k, 3, s, s)."""
        return fitted if self.trigger is None else fitted * self.keep + self.pixels

    def forward(self, fitted: Tensor) -> Tensor:
        features = self.classifier.features(self.picture(fitted))
        if self.is_recording:
            self.seen.append(features.detach())
        logits: Tensor = self.classifier.head(features)
        return logits


class Condition(NamedTuple):
    """One condition: a name for the screen and the model that sees fitted photos."""

    name: str
    model: Behind


class Fitted(NamedTuple):
    """Photos, or masks, as they are and as they lie in the picture of the trigger."""

    plain: Tensor
    placed: Tensor

    def of(self, condition: Condition, rows: slice | NDArray[np.int64] = slice(None)) -> Tensor:
        """The rows that this condition's model takes."""
        return (self.plain if condition.model.trigger is None else self.placed)[rows]


class ImageConditions(Conditions[Condition]):
    """No trigger, the untrained trigger, the black trigger, then the trigger at every λ, then rivals; in this order.

    The trigger that is given is copied, not changed.
    """

    controls: ClassVar[tuple[str, str]] = ("untrained", "black")

    def __init__(
        self, classifier: ImageClassifier, trigger: ImageTrigger, lams: Sequence[float], rivals: Sequence[Rival] = ()
    ) -> None:
        self.trigger = copy.deepcopy(trigger).requires_grad_(False).eval()
        controls = [("untrained trigger", self.trigger.untrained()), ("black trigger", self.trigger.black())]
        conditions = [
            Condition("without trigger", Behind(classifier)),
            *(Condition(name, Behind(classifier, control)) for name, control in controls),
            *(Condition(f"λ = {lam:g}", Behind(classifier, self.trigger, lam)) for lam in lams),
            *(Condition(rival.name, Behind(rival.classifier)) for rival in rivals),
        ]
        super().__init__(conditions, lams, rivals)

    @torch.inference_mode()
    def fit(self, x: Tensor) -> Fitted:
        """Photos x (k, 3, s, s) at their place."""
        return Fitted(x, self.trigger.fit_photo(x).clone(memory_format=torch.channels_last))

    @torch.inference_mode()
    def place(self, masks: Tensor) -> Fitted:
        """Masks (k, s, s) where their pixels lie; 0 under the trigger."""
        return Fitted(masks.float(), self.trigger.place(masks))

    def pictures(self) -> dict[str, NDArray[Any]]:
        """The triggers alone as RGBA (l, s, s, 4) and (s, s, 4), and the box where the photo lies."""
        untrained, black = self[1].model.trigger, self[2].model.trigger
        if untrained is None or black is None:
            raise TypeError("the second and third condition are controls")
        return {
            "trigger": np.stack([self.trigger.picture(lam) for lam in self.lams]),
            "trigger_untrained": untrained.picture(0.0),
            "trigger_black": black.picture(0.0),
            "photo_box": np.array(self.trigger.photo_box, dtype=np.int64),
        }
