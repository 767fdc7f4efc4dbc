"""The canvas of a drawn face: colour planes, masks, boxes, and the signed distances that define shapes.

A layer is a signed distance turned into coverage and blended over the layers before it; it is
computed only on its bounding box.

Coordinates: x to the right, y down, origin between the eyes, about ±1 at the image's edges;
"mirrored" layers use |x|. Arrays are float32; colour planes (3, s, s), everything else (s, s)
or (h, w), the part of it inside a box. Notation: s image side.
"""

import math
from math import cos, sin
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairprog_core.data.faces.traits import Colour, Face

F32 = NDArray[np.float32]

_FOUR_BYTES = math.sqrt(4 * (256**2 - 1) / 12)  # the standard deviation of a sum of four random bytes


class Box(NamedTuple):
    """A part of the canvas: its slices and the coordinates inside, (h, w) each."""

    at: tuple[slice, slice]
    x: F32
    y: F32
    ax: F32  # |x|


class Canvas:
    """Colour planes in the coordinates of a tilted head, with masks of hair and face on request."""

    def __init__(self, face: Face, size: int, *, masks: bool) -> None:
        self._face, self._size = face, size
        grid = (np.arange(size, dtype=np.float32) + 0.5) * (2 / size) - 1
        self._grid, self._cos, self._sin = grid, cos(face.tilt), sin(face.tilt)
        across, down = (grid - face.x) / face.scale, (grid - face.y - 0.02) / face.scale
        self._x = across * self._cos + (down * self._sin)[:, None]
        self._y = across * -self._sin + (down * self._cos)[:, None]
        self._ax = np.abs(self._x)
        self._sharpness = face.scale * size / 2.6  # coverage falls from 1 to 0 over 1.3 pixels
        self._planes = np.empty((3, size, size), np.float32)
        fade = (grid + 1) / 2
        for plane, top, bottom in zip(self._planes, face.back_top, face.back_bottom, strict=True):
            plane[:] = (top + (bottom - top) * fade)[:, None]
        self.hair: F32 | None = np.zeros((size, size), np.float32) if masks else None
        self.face: F32 | None = np.zeros((size, size), np.float32) if masks else None

    def box(self, left: float, right: float, top: float, bottom: float) -> Box:
        """The pixels that a rectangle in the head's coordinates covers."""
        face, size = self._face, self._size
        x, y, half_x, half_y = (left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2
        wide = half_x * self._cos + half_y * abs(self._sin)
        high = half_y * self._cos + half_x * abs(self._sin)
        centre_x, centre_y = x * self._cos - y * self._sin, x * self._sin + y * self._cos

        def pixels(centre: float, half: float, offset: float) -> slice:
            low, high = (((centre + side * half) * face.scale + offset + 1) * size / 2 for side in (-1, 1))
            return slice(min(max(int(low) - 1, 0), size - 1), min(max(int(high) + 2, 1), size))

        at = (pixels(centre_y, high, face.y + 0.02), pixels(centre_x, wide, face.x))
        return Box(at, self._x[at], self._y[at], self._ax[at])

    def cover(self, distance: F32) -> F32:
        """Coverage 0..1 from signed distance (negative inside); overwrites its argument."""
        distance *= -self._sharpness
        distance += 0.5
        np.maximum(distance, 0, out=distance)
        return np.minimum(distance, 1, out=distance)

    def lay(self, box: Box, alpha: F32, colour: F32, *, hair: bool = False, face: bool = False) -> None:
        """Blend a colour, (3, 1, 1) or (3, h, w), over a box with coverage ``alpha``."""
        under = self._planes[(slice(None), *box.at)]
        change = colour - under
        change *= alpha
        under += change
        for mask, belongs in ((self.hair, hair), (self.face, face)):
            if mask is not None:
                part = mask[box.at]
                np.maximum(part, alpha, out=part) if belongs else np.multiply(part, 1 - alpha, out=part)

    def develop(self, noise: np.random.BitGenerator) -> NDArray[np.uint8]:
        """Apply light and camera noise and round to 8 bits: the picture (s, s, 3)."""
        face, planes = self._face, self._planes
        gain = 2.0**face.exposure * 255
        slope = gain * face.light * self._grid
        light = (gain + slope * cos(face.light_angle)) + (slope * sin(face.light_angle))[:, None]
        planes[0] *= 1 + face.temperature
        planes[2] *= 1 - face.temperature
        planes *= light
        np.minimum(planes, 255, out=planes)
        planes += _grain(noise, planes.shape, 255 * face.noise)
        limit(planes, 0, 255)
        picture = np.empty((self._size, self._size, 3), np.uint8)
        for channel, plane in enumerate(planes):
            picture[..., channel] = plane
        return picture


def _grain(noise: np.random.BitGenerator, shape: tuple[int, ...], deviation: float) -> F32:
    """Noise around 0.5 (half a level, for rounding): the sum of four random bytes, a third of a normal's cost."""
    n = math.prod(shape)
    a, b, c, d = noise.random_raw(-(-n // 2)).view(np.uint8)[: 4 * n].reshape(4, n)
    total = np.add(a, b, dtype=np.uint16)
    total += c
    total += d
    grain = total.astype(np.float32)
    grain *= deviation / _FOUR_BYTES
    grain += 0.5 - 4 * 127.5 * deviation / _FOUR_BYTES
    return grain.reshape(shape)


def rgb(colour: Colour, factor: float = 1.0) -> F32:
    """A colour times a factor, (3, 1, 1)."""
    return np.array(colour, np.float32).reshape(3, 1, 1) * factor


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """``share`` of the second colour in the first."""
    r, g, b = (a + (c - a) * share for a, c in zip(first, second, strict=True))
    return r, g, b


def square(x: F32, centre: float, radius: float) -> F32:
    """((x - centre) / radius)², overwritable."""
    u = x * (1 / radius)
    u -= centre / radius
    u *= u
    return u


def ellipse(x: F32, y: F32, cx: float, cy: float, rx: float, ry: float) -> F32:
    """Signed distance to an ellipse, exact in value and slope at its edge."""
    q = square(x, cx, rx)
    q += square(y, cy, ry)
    q -= 1
    q *= min(rx, ry) / 2
    return q


def limit(value: F32, low: float, high: float) -> F32:
    """Clip in place; without np.clip's overhead, which counts at this size."""
    np.maximum(value, low, out=value)
    return np.minimum(value, high, out=value)
