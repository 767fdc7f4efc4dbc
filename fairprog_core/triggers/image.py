"""Triggers on pictures: a border around the shrunk photo, a frame on the edge, a patch.

Source: border and patch as in the paper (section 3.2, figure 2); the frame overlay is ours.

Notation: k rows, s image side, p side of the photo inside a border.
"""

import copy
import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field
from torch import Tensor

from fairprog_core.classifiers.base import Classifier
from fairprog_core.common.errors import ConfigError, DataError
from fairprog_core.triggers import BorderOptions, FrameOptions, PatchOptions
from fairprog_core.triggers.base import Trigger, TriggerHeader

PhotoBox = tuple[int, int, int, int]  # top, left, height, width


class ImageTriggerHeader(TriggerHeader):
    """The description in the file of a trigger on pictures.

    Attributes:
        image_size: side s of the picture in pixels.
    """

    image_size: int = Field(ge=8, le=4096)


class ImageTrigger(Trigger):
    """A trigger that sets some pixels of the picture; the others show the photo.

    Attributes:
        places: (n,) the pixels of `area`, counted row by row.
    """

    header: ClassVar[type[TriggerHeader]] = ImageTriggerHeader
    places: Tensor
    _area: Tensor

    def __init__(
        self, options: Any, *, anchor_lams: Sequence[float] = (0.0,), seed: int = 0, **input_spec: int
    ) -> None:
        super().__init__(options, anchor_lams=anchor_lams, seed=seed, **input_spec)
        self.register_buffer("_area", self.area(), persistent=False)
        self.register_buffer("places", self._area.flatten().nonzero()[:, 0], persistent=False)

    @property
    def image_size(self) -> int:
        """Side s of the picture in pixels."""
        return self.input_spec["image_size"]

    def shape(self) -> tuple[int, ...]:
        return 3, int(self.area().sum())

    def mask(self) -> Tensor:
        """(s, s) bool: the trigger's pixels."""
        raise NotImplementedError

    def area(self) -> Tensor:
        """(s, s) bool: the pixels for which values are learned; it never changes."""
        return self.mask()

    def covered(self) -> Tensor:
        """The `mask` on the trigger's device, where it stays unless it is learned."""
        is_fixed = type(self).area is ImageTrigger.area
        return self._area if is_fixed else self.mask()

    def repeated(self, tiles: Tensor) -> Tensor:
        """Values (k, 3, n) of the n pixels that repeat small patterns (k, 3, t, t) over the picture."""
        n = -(-self.image_size // tiles.shape[-1])
        return tiles.repeat(1, 1, n, n)[..., : self.image_size, : self.image_size][..., self.mask()]

    @property
    def photo_box(self) -> PhotoBox:
        """Position and size of the photo in the picture."""
        return 0, 0, self.image_size, self.image_size

    def fit_photo(self, x: Tensor) -> Tensor:
        """The photo x (k, n, s, s) at its place and size in the picture, zeros around it."""
        return x

    def pixels(self, values: Tensor) -> Tensor:
        """Learned values -> pixels: in [0, 1] if printable, else in [−1, 1] as in the paper."""
        return torch.sigmoid(2 * values) if self.options.pixels == "printable" else torch.tanh(values)

    def apply_values(self, x: Tensor, values: Tensor) -> Tensor:
        ground = self.ground(x.flatten(0, 1))
        return self.lay(ground.view(*x.shape[:2], *ground.shape[1:]), values)

    @property
    def is_added(self) -> bool:
        """Whether the picture is the sum of the cleared photo and of the trigger alone, also for the gradient.

        A trigger that lays its values over the photo in another way says so itself.
        """
        own, usual = type(self), ImageTrigger
        return own.forward is usual.forward and own.apply_values is usual.apply_values and own.lay is usual.lay

    def _is_in_parts(self, classifier: Classifier) -> bool:
        """Whether photo and trigger pass the first layers of a classifier apart, and are added behind them."""
        return self.is_added and classifier.begins_affine

    def features(self, classifier: Classifier, x: Tensor, lam: float | Tensor) -> Tensor:
        if not self._is_in_parts(classifier):
            return super().features(classifier, x, lam)
        return self._features(classifier, classifier.first_change(self.ground(x)), self.values(lam))

    def logits(self, classifier: Classifier, x: Tensor, lam: float | Tensor) -> Tensor:
        if not self._is_in_parts(classifier):
            return super().logits(classifier, x, lam)
        logits: Tensor = classifier.head(self.features(classifier, x, lam))
        return logits

    def at_each(self, classifier: Classifier, lams: Sequence[float]) -> Callable[[Tensor], Iterator[Tensor]]:
        own, usual, each = type(self), ImageTrigger, [self.values(lam) for lam in lams]
        if self._is_in_parts(classifier):
            alone = [self._alone(classifier, values) for values in each]

            def logits(x: Tensor) -> Iterator[Tensor]:
                photos = classifier.first_change(self.ground(x))
                return (classifier.head(classifier.other_layers(photos + maps)) for maps in alone)

            return logits
        if own.forward is usual.forward and own.apply_values is usual.apply_values:

            def with_pixels(x: Tensor) -> Iterator[Tensor]:
                ground = self.ground(x)
                return (classifier(self.lay(ground[None], values)[0]) for values in each)

            return with_pixels
        return super().at_each(classifier, lams)

    def _features(self, classifier: Classifier, photos: Tensor, values: Tensor) -> Tensor:
        """Features (k, d) with l triggers (l, *shape), from what k cleared photos add to the first layers."""
        maps = photos.reshape(len(values), -1, *photos.shape[1:]) + self._alone(classifier, values)[:, None]
        return classifier.other_layers(maps.flatten(0, 1))

    def _alone(self, classifier: Classifier, values: Tensor) -> Tensor:
        """The first layers' output (l, …) for l triggers (l, *shape) on no photo."""
        blank = values.new_zeros(1, 1, 3, self.image_size, self.image_size)
        return classifier.first_layers(self.lay(blank, values)[:, 0])

    def ground(self, x: Tensor) -> Tensor:
        """The photos x (k, 3, s, s) at their place, with zeros at the trigger's pixels.

        Raises:
            DataError: they are of another size.
        """
        self._check(x)
        return self.clear(self.fit_photo(x))

    def _check(self, x: Tensor) -> None:
        side, found = self.image_size, tuple(x.shape[-3:])
        if found != (3, side, side):
            raise DataError(
                f"The pictures are {' × '.join(map(str, found))}, the trigger was made for 3 × {side} × {side} "
                "(channels, height, width); scale them to that size."
            )

    def clear(self, photo: Tensor) -> Tensor:
        """Fitted photos (…, s, s) with zeros at the trigger's pixels."""
        return photo * ~self.covered().to(photo.device)

    def lay(self, ground: Tensor, values: Tensor) -> Tensor:
        """Add l triggers (l, *shape) to cleared photos (l, k/l, 3, s, s), one per first index."""
        side = self.image_size
        blank = ground.new_zeros(len(values), 3, side**2)
        pixels = blank.index_copy(2, self.places.to(ground.device), self.pixels(values))
        return ground + pixels.view(-1, 1, 3, side, side)

    def place(self, masks: Tensor) -> Tensor:
        """Masks (k, s, s) of photos -> masks of pictures; 0 at the trigger's pixels."""
        placed = self.fit_photo(masks[:, None].float())[:, 0]
        return placed * ~self.mask().to(masks.device)

    def black(self) -> Self:
        """A copy with black pixels: a control with the same geometry and no pattern."""
        dark = copy.deepcopy(self)
        with torch.no_grad():
            dark.shared.fill_(-20.0 if self.options.pixels == "printable" else 0.0)
            dark.anchors.zero_()
        return dark

    @torch.no_grad()
    def picture(self, lam: float) -> NDArray[np.uint8]:
        """The trigger alone: (s, s, 4) RGBA, transparent where the photo shows."""
        nothing = torch.zeros(1, 3, self.image_size, self.image_size, device=self.shared.device)
        pixels = self(nothing, lam)[0].clamp(0, 1).permute(1, 2, 0).cpu().numpy()
        alpha = self.mask().cpu().numpy()[..., None]
        rgba = np.concatenate([pixels * alpha, alpha], axis=-1)
        return (rgba * 255 + 0.5).astype(np.uint8)

    def to_png(self, lam: float | None = None) -> bytes:
        """The trigger alone as a PNG with an alpha channel, transparent where the photo shows.

        Scale the photo to `photo_box` (top, left, height, width) and lay this over it.

        Args:
            lam: λ; None: the chosen one of the trigger's file.

        Raises:
            ConfigError: its pixels are not all within 0 … 1, so that a picture would be another trigger; or as
                `lam_or_chosen`.
        """
        if self.options.pixels != "printable":
            raise ConfigError(
                f"This trigger has pixels of the range {self.options.pixels}, from −1 to 1, and a PNG holds 0 to 1; "
                "put it in front of the classifier with wrap, or train one with printable pixels."
            )
        out = io.BytesIO()
        Image.fromarray(self.picture(self.lam_or_chosen(lam))).save(out, "PNG")
        return out.getvalue()


class Border(ImageTrigger):
    """A learned frame around the photo, which is shrunk to p×p pixels.

    Attributes:
        takes_shrunk: whether x may also be photos that are `shrunk` already, as a training hands them over.
    """

    options: BorderOptions
    shrink: Tensor
    takes_shrunk = False

    def __init__(
        self, options: BorderOptions, *, anchor_lams: Sequence[float] = (0.0,), seed: int = 0, **input_spec: int
    ) -> None:
        super().__init__(options, anchor_lams=anchor_lams, seed=seed, **input_spec)
        top, _, height, _ = self.photo_box
        shrink = F.pad(shrinking(self.image_size, height), (0, 0, top, self.image_size - top - height))
        self.register_buffer("shrink", shrink, persistent=False)  # (s, s), with zeros for the rows of the border

    @property
    def photo_box(self) -> PhotoBox:
        side = min(max(round(self.options.photo * self.image_size), 1), self.image_size - 2)
        edge = (self.image_size - side) // 2
        return edge, edge, side, side

    def mask(self) -> Tensor:
        top, left, height, width = self.photo_box
        mask = torch.ones(self.image_size, self.image_size, dtype=torch.bool)
        mask[top : top + height, left : left + width] = False
        return mask

    def fit_photo(self, x: Tensor) -> Tensor:
        shrink = self.shrink.to(x)
        fitted = shrink @ (x.contiguous() @ shrink.T)  # one product for the rows of all photos
        return fitted.contiguous(memory_format=torch.channels_last)  # as the classifiers

    def shrunk(self, x: Tensor) -> Tensor:
        """Photos x (k, n, s, s) as `fit_photo` shrinks them, without the zeros around them: (k, n, p, p)."""
        top, left, height, width = self.photo_box
        return self.fit_photo(x)[..., top : top + height, left : left + width]

    def ground(self, x: Tensor) -> Tensor:
        """As for every trigger; with `takes_shrunk` x may also be photos (k, 3, p, p)."""
        top, left, height, width = self.photo_box
        if not self.takes_shrunk or x.shape[-3:] != (3, height, width):
            return super().ground(x)
        return F.pad(x, (left, self.image_size - left - width, top, self.image_size - top - height))

    def clear(self, photo: Tensor) -> Tensor:
        return photo  # `fit_photo` left zeros there


class Frame(ImageTrigger):
    """A learned overlay on the outermost pixels; the photo keeps its size."""

    options: FrameOptions

    def mask(self) -> Tensor:
        width = max(1, round(self.options.width * self.image_size))
        mask = torch.ones(self.image_size, self.image_size, dtype=torch.bool)
        mask[width:-width, width:-width] = False
        return mask


class Patch(ImageTrigger):
    """A learned square that covers a part of the photo."""

    options: PatchOptions

    def box(self) -> PhotoBox:
        side = min(max(1, round(self.options.size * self.image_size)), self.image_size)
        free = self.image_size - side
        if self.options.corner is None:
            return round(self.options.top * free), round(self.options.left * free), side, side
        vertical, horizontal = self.options.corner.split()
        return free * (vertical == "bottom"), free * (horizontal == "right"), side, side

    def mask(self) -> Tensor:
        top, left, height, width = self.box()
        mask = torch.zeros(self.image_size, self.image_size, dtype=torch.bool)
        mask[top : top + height, left : left + width] = True
        return mask


def shrinking(source: int, target: int) -> Tensor:
    """(target, source): antialiased bilinear resizing of one axis, three times as fast as ``interpolate``."""
    eye = torch.eye(source)[None, None]
    return F.interpolate(eye, size=(target, source), mode="bilinear", antialias=True)[0, 0]
