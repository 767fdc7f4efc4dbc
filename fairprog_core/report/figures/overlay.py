"""Draws saliency maps over pictures; the colour scales also work in greyscale.

Notation: s the picture's side in pixels, a the side of a Grad-CAM map.
"""

import base64
import io
from functools import cache
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Picture = NDArray[np.uint8]  # (h, w, 3)
Map = NDArray[np.uint8]

CAM_SCALE = "inferno"  # dark to bright: lightness grows with the value
SIGNED_SCALE = "cividis"  # negative: dark blue; 0: grey; positive: bright yellow
_STOPS = {
    CAM_SCALE: "000004 1b0c41 4a0c6b 781c6d a52c60 cf4446 ed6925 fb9b06 f7d13d fcffa4",
    SIGNED_SCALE: "00224e 123570 3b496c 575d6d 707173 8a8678 a59c74 c3b369 e1cc55 fee838",
}  # evenly spaced
_QUALITY = 94  # of JPEG
_MIDDLE, _CONTRAST = 128.0, 0.35  # the photo under a signed map is reduced to tones near middle grey
_EXPONENT = 0.6  # below 1, so that weak attributions, which are most, are visible


@cache
def colours(scale: str) -> NDArray[np.float64]:
    """The 256 colours (256, 3) of a scale, 0 to 255, from low to high."""
    stops = np.array([list(bytes.fromhex(stop)) for stop in _STOPS[scale].split()], dtype=np.float64)
    at, places = np.linspace(0, 1, 256), np.linspace(0, 1, len(stops))
    return np.stack([np.interp(at, places, channel) for channel in stops.T], axis=1)


def shrink(photo: Picture, box: NDArray[np.int64]) -> Picture:
    """Shrink the photo into its box in the picture; the rest is black (s, s, 3).

    Args:
        photo: (s, s, 3).
        box: top, left, height, width in pixels.
    """
    top, left, height, width = (int(value) for value in box)
    canvas = np.zeros_like(photo)
    small = Image.fromarray(photo).resize((width, height), Image.Resampling.BILINEAR)
    canvas[top : top + height, left : left + width] = np.asarray(small)
    return canvas


def put_on(photo: Picture, trigger: Picture, box: NDArray[np.int64]) -> Picture:
    """The input of the classifier: the photo in its box under the trigger (s, s, 3).

    Args:
        photo: (s, s, 3).
        trigger: (s, s, 4) RGBA; alpha is 0 where the photo is visible.
        box: top, left, height, width in pixels.
    """
    alpha = trigger[..., 3:].astype(np.float64) / 255
    mixed = shrink(photo, box) * (1 - alpha) + trigger[..., :3] * alpha
    return cast(Picture, mixed.round().astype(np.uint8))


def heat(picture: Picture, values: Map, *, strength: float = 0.62) -> Picture:
    """Draw Grad-CAM over a picture (s, s, 3).

    Args:
        picture: (s, s, 3).
        values: (a, a) uint8, 0 … 255.
        strength: share of the map's colours in the blend.
    """
    side = picture.shape[0]
    smooth = np.asarray(Image.fromarray(values).resize((side, side), Image.Resampling.BICUBIC))
    mixed = _grey(picture) * (1 - strength) + colours(CAM_SCALE)[smooth] * strength
    return cast(Picture, mixed.round().astype(np.uint8))


def smooth(values: NDArray[np.floating], side: int) -> NDArray[np.floating]:
    """A map (a, a) of any numbers, enlarged to (side, side) without steps."""
    large = Image.fromarray(np.ascontiguousarray(values, dtype=np.float32)).resize(
        (side, side), Image.Resampling.BILINEAR
    )
    return np.asarray(large, dtype=np.float64)


def signed(picture: Picture, values: NDArray[np.int8]) -> Picture:
    """Draw Integrated Gradients over a picture (s, s, 3): bright yellow for the class, dark blue against it.

    Args:
        picture: (s, s, 3).
        values: (s, s) int8, −127 … 127, one per pixel of the picture.
    """
    ground = _MIDDLE + (_grey(picture) - _MIDDLE) * _CONTRAST
    share = (np.abs(values.astype(np.float64)) / 127)[..., None] ** _EXPONENT
    ends = np.where(values[..., None] > 0, colours(SIGNED_SCALE)[255], colours(SIGNED_SCALE)[0])
    mixed = ground * (1 - share) + ends * share
    return cast(Picture, mixed.round().astype(np.uint8))


def move(values: NDArray[np.int8], box: NDArray[np.int64]) -> NDArray[np.int8]:
    """Shrink a map of the photo (s, s) into the photo's box in the picture; 0 elsewhere."""
    top, left, height, width = (int(value) for value in box)
    small = Image.fromarray(values.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR)
    moved = np.zeros_like(values)
    moved[top : top + height, left : left + width] = np.asarray(small).round().astype(np.int8)
    return moved


def legend(*, is_signed: bool, width: int = 256, height: int = 12) -> Picture:
    """The legend's strip (height, width, 3): the colours from low to high."""
    if not is_signed:
        row = colours(CAM_SCALE)[np.linspace(0, 255, width).astype(np.int64)]
        return np.repeat(row[None], height, axis=0).round().astype(np.uint8)
    values = np.repeat(np.linspace(-127, 127, width).astype(np.int8)[None], height, axis=0)
    return signed(np.full((height, width, 3), int(_MIDDLE), dtype=np.uint8), values)


def enlarged(picture: Picture, least: int = 192) -> Picture:
    """Repeat pixels so that the picture is at least ``least`` pixels high; no smoothing."""
    times = max(1, -(-least // picture.shape[0]))
    return picture.repeat(times, axis=0).repeat(times, axis=1)


def png(picture: Picture) -> bytes:
    """Encode a picture (h, w, 3 or 4) as PNG."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG")
    return buffer.getvalue()


def as_source(picture: Picture) -> str:
    """Encode a picture as a data URI: PNG with alpha (h, w, 4), else JPEG without chroma subsampling."""
    if picture.shape[-1] == 4:
        return f"data:image/png;base64,{base64.b64encode(png(picture)).decode()}"
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="JPEG", quality=_QUALITY, subsampling=0)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _grey(picture: Picture) -> NDArray[np.float64]:
    """The picture in grey (h, w, 1), so that only the map has colours."""
    grey = picture.astype(np.float64) @ np.array([0.299, 0.587, 0.114])
    return cast(NDArray[np.float64], grey[..., None])
