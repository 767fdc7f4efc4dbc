"""Paints one face: from traits to pixels and exact masks.

Layers are signed distances turned into coverage and laid over one another, each computed
only on its bounding box. One face at a time: at 64 px its planes stay in the fastest cache,
layers that a face lacks cost nothing, and a face cannot depend on its neighbours.

Coordinates: x to the right, y down, origin between the eyes, about ±1 at the image's edges;
"mirrored" layers use |x|. Arrays are float32; colour planes (3, s, s), everything else (s, s)
or the part of it inside a box. Notation: s image side.
"""

from math import cos, sin
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairprog_core.data.face_traits import Colour, Face

F32 = NDArray[np.float32]


class Painted(NamedTuple):
    """One picture (s, s, 3) uint8 and, where asked for, what of it is hair and face, (s, s) bool each."""

    picture: NDArray[np.uint8]
    hair: NDArray[np.bool_] | None
    face: NDArray[np.bool_] | None


def paint(face: Face, size: int, noise: np.random.Generator, *, masks: bool = False) -> Painted:
    """Paint a face with ``size`` pixels a side; ``noise`` gives the pixel noise."""
    canvas = _Canvas(face, size, masks=masks)
    hair = _Hair(canvas, face)
    hair.rear()
    _body(canvas, face)
    _head(canvas, face, hair)
    _mouth_and_nose(canvas, face)
    _eyes(canvas, face)
    hair.front()
    picture = canvas.develop(noise)
    if canvas.hair is None or canvas.face is None:
        return Painted(picture, None, None)
    return Painted(picture, canvas.hair > 0.5, canvas.face > 0.5)


class _Box(NamedTuple):
    """A part of the canvas: its place and the coordinates inside, (h, w) each."""

    at: tuple[slice, slice]
    x: F32
    y: F32
    ax: F32  # |x|


class _Canvas:
    """Colour planes in the coordinates of a tilted head, with masks of hair and face on request."""

    def __init__(self, face: Face, size: int, *, masks: bool) -> None:
        self._face, self._size = face, size
        grid = (np.arange(size, dtype=np.float32) + np.float32(0.5)) * np.float32(2 / size) - 1
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

    def box(self, left: float, right: float, top: float, bottom: float) -> _Box:
        """The pixels that a rectangle in the head's coordinates touches."""
        face, size = self._face, self._size
        x, y, half_x, half_y = (left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2
        wide = half_x * self._cos + half_y * abs(self._sin)
        high = half_y * self._cos + half_x * abs(self._sin)
        centre_x, centre_y = x * self._cos - y * self._sin, x * self._sin + y * self._cos

        def pixels(centre: float, half: float, offset: float) -> slice:
            low, high = (((centre + side * half) * face.scale + offset + 1) * size / 2 for side in (-1, 1))
            return slice(min(max(int(low) - 1, 0), size - 1), min(max(int(high) + 2, 1), size))

        at = (pixels(centre_y, high, face.y + 0.02), pixels(centre_x, wide, face.x))
        return _Box(at, self._x[at], self._y[at], self._ax[at])

    def cover(self, distance: F32) -> F32:
        """Coverage 0..1 from signed distance (negative inside); overwrites its argument."""
        distance *= -self._sharpness
        distance += 0.5
        np.maximum(distance, 0, out=distance)
        return np.minimum(distance, 1, out=distance)

    def lay(self, box: _Box, alpha: F32, colour: F32, *, hair: bool = False, face: bool = False) -> None:
        """Lay a colour, (3, 1, 1) or (3, h, w), over a box with coverage ``alpha``."""
        under = self._planes[(slice(None), *box.at)]
        change = colour - under
        change *= alpha
        under += change
        for mask, belongs in ((self.hair, hair), (self.face, face)):
            if mask is not None:
                part = mask[box.at]
                np.maximum(part, alpha, out=part) if belongs else np.multiply(part, 1 - alpha, out=part)

    def develop(self, noise: np.random.Generator) -> NDArray[np.uint8]:
        """Light, camera noise, 8 bits: the picture (s, s, 3)."""
        face, planes = self._face, self._planes
        gain = 2.0**face.exposure * 255
        slope = gain * face.light * self._grid
        light = (gain + slope * cos(face.light_angle)) + (slope * sin(face.light_angle))[:, None]
        planes[0] *= 1 + face.temperature
        planes[2] *= 1 - face.temperature
        planes *= light
        np.minimum(planes, 255, out=planes)
        grain = noise.standard_normal(planes.shape, dtype=np.float32)
        grain *= 255 * face.noise
        planes += grain
        planes += 0.5
        np.maximum(planes, 0, out=planes)
        np.minimum(planes, 255, out=planes)
        return np.ascontiguousarray(planes.transpose(1, 2, 0).astype(np.uint8))


def _rgb(colour: Colour, factor: float = 1.0) -> F32:
    return np.array(colour, np.float32).reshape(3, 1, 1) * np.float32(factor)


def _mix(first: Colour, second: Colour, share: float) -> Colour:
    r, g, b = (a + (c - a) * share for a, c in zip(first, second, strict=True))
    return r, g, b


def _square(x: F32, centre: float, radius: float) -> F32:
    """((x - centre) / radius)², overwritable."""
    u = x * (1 / radius)
    u -= centre / radius
    u *= u
    return u


def _ellipse(x: F32, y: F32, cx: float, cy: float, rx: float, ry: float) -> F32:
    """Signed distance to an ellipse, exact in value and slope at its edge."""
    q = _square(x, cx, rx)
    q += _square(y, cy, ry)
    q -= 1
    q *= min(rx, ry) / 2
    return q


def _limit(value: F32, low: float, high: float) -> F32:
    np.maximum(value, low, out=value)
    return np.minimum(value, high, out=value)


_GOLD = _rgb((0.93, 0.84, 0.48))
_ROUGE = _rgb((0.86, 0.45, 0.42))
_TEETH = _rgb((0.97, 0.95, 0.93))
_LASHES = _rgb((0.10, 0.07, 0.06))
_EYE_WHITE = _rgb((0.97, 0.97, 0.97))
_PUPIL = _rgb((0.03, 0.03, 0.03))
_FRAME = _rgb((0.08, 0.08, 0.10))


class _Hair:
    """Hair behind and in front of the head, and the shade that gives it strands and depth."""

    def __init__(self, canvas: _Canvas, face: Face) -> None:
        self._canvas, self._face = canvas, face
        self._is_long = face.length > 0.3
        self._width = 0.43 * face.aspect + 0.12 + 0.05 * face.volume  # of long hair
        self._bottom = -0.1 + 1.05 * face.length
        half = self._width + 0.17
        self._box = box = canvas.box(-half, half, -0.88, max(self._bottom + 0.07, 0.62))
        self._wave: F32 | float = 0.0
        if face.wavy:
            self._wave = np.sin(box.y * (1.3 * face.frequency) + np.sign(box.x) * 3 + face.phase)
            self._wave *= 0.045
        self._colour = self._shaded()

    def _shaded(self) -> F32:
        """(3, h, w) colour: strands that leave the parting and fall, a gloss where the light comes from."""
        face, box = self._face, self._box
        fall = np.minimum(box.y, 0.0)
        fall += 1.05
        strand = (box.x - 0.25 * face.part) / fall
        if face.wavy:
            strand += self._wave * np.float32(1.6)
            strand += box.y * np.float32(0.12)
        shade = np.sin(strand * 23 + face.phase)
        shade *= 0.06
        fine = np.sin(strand * 53 + 2 * face.phase)
        fine *= 0.06
        shade += fine
        gloss = _square(box.x, 0.25 * cos(face.light_angle), 0.22)
        gloss += _square(box.y, -0.55, 0.22)
        gloss += 1
        np.divide(0.30, gloss, out=gloss)
        shade += gloss
        rim = _square(box.x, 0, self._width)
        rim += _square(box.y, -0.10, 0.72)
        _limit(rim, 0, 1.2)
        rim *= rim
        rim *= 0.22
        shade -= rim
        shade += 1.04
        colour: F32 = _rgb(face.hair) * shade
        np.minimum(colour, 1, out=colour)
        return colour

    def rear(self) -> None:
        """Long hair behind the shoulders."""
        if not self._is_long:
            return
        canvas, face, box = self._canvas, self._face, self._box
        top = _ellipse(box.x, box.y, 0, -0.18, self._width, 0.62 + 0.05 * face.volume)
        side = box.ax - self._wave
        side -= self._width
        side -= _limit(box.y * np.float32(0.06 * face.length), 0, 1)
        low = np.cos(box.x * 6)
        low *= -0.05
        low += box.y
        low -= self._bottom
        np.maximum(side, low, out=side)
        np.maximum(side, -0.18 - box.y, out=side)
        canvas.lay(box, canvas.cover(np.minimum(top, side, out=top)), self._colour * np.float32(0.72), hair=True)

    def line(self, box: _Box) -> F32:
        """How far down the front hair reaches, (h, w)."""
        face = self._face
        line = np.cos((box.x - 0.6 * face.part) * 3)
        line *= -0.10
        drop = _limit(box.ax * np.float32(1 / 0.42), 0, 1)
        drop *= drop * drop
        drop *= 0.30
        line += drop
        line += -0.30 + face.hairline + 0.13 * face.bangs
        return line

    def front(self) -> None:
        """The cap and, of long hair, the locks beside the face."""
        canvas, face, box = self._canvas, self._face, self._box
        width = 0.43 * face.aspect + 0.07 + 0.045 * face.volume * (1.0 if self._is_long else 0.4)
        cap = _ellipse(box.x, box.y, 0, -0.16, width, 0.53 + 0.07 * face.volume)
        line = box.y - self.line(box)
        if face.wavy:
            cap -= self._wave * np.float32(0.7)
            line -= self._wave * np.float32(0.5)
        alpha = canvas.cover(np.maximum(cap, line, out=cap))
        if self._is_long:
            lock = box.ax - (0.43 * face.aspect + 0.03)
            if face.wavy:
                lock -= self._wave * np.float32(0.6)
            np.abs(lock, out=lock)
            lock -= 0.075
            np.maximum(lock, box.y - 0.92 * self._bottom, out=lock)
            np.maximum(lock, -0.3 - box.y, out=lock)
            np.maximum(alpha, canvas.cover(lock), out=alpha)
        canvas.lay(box, alpha, self._colour, hair=True)

    def beard(self, box: _Box) -> F32:
        """Colour (3, 1, 1) of facial hair."""
        return _rgb(self._face.hair, 0.78)


def _body(canvas: _Canvas, face: Face) -> None:
    """Shoulders, neck, neckline, tie, necklace."""
    neck = 0.17 + 0.05 * face.jaw
    box = canvas.box(-1.4, 1.4, 0.68, 1.5)
    canvas.lay(box, canvas.cover(_ellipse(box.x, box.y, 0, 1.18, 0.80 + 0.18 * face.jaw, 0.48)), _rgb(face.cloth))
    box = canvas.box(-neck - 0.03, neck + 0.03, 0.18, 0.82)
    column = np.maximum(box.ax - neck, np.maximum(box.y - 0.80, 0.2 - box.y))
    chin = _limit((0.86 - box.y) * np.float32(2.6), 0, 1)  # the shadow below the chin
    chin *= -0.26
    chin += 0.94
    canvas.lay(box, canvas.cover(column), _rgb(face.skin) * chin)
    box = canvas.box(-neck - 0.1, neck + 0.1, 0.6, 1.06)
    opening = canvas.cover(_ellipse(box.x, box.y, 0, 0.72, neck + 0.05, 0.10))
    if face.v_neck and not face.tie:
        vee = np.maximum(box.ax - 0.35 * (1.05 - box.y), np.maximum(0.7 - box.y, box.y - 1.02))
        np.maximum(opening, canvas.cover(vee), out=opening)
    canvas.lay(box, opening, _rgb(face.skin, 0.9))
    if face.tie:
        box = canvas.box(-0.2, 0.2, 0.74, 1.5)
        tie = np.maximum(box.ax - 0.06 - 0.06 * (box.y - 0.75), 0.76 - box.y)
        canvas.lay(box, canvas.cover(tie), 0.7 * (1 - _rgb(face.cloth)))
    if face.necklace:
        box = canvas.box(-neck - 0.1, neck + 0.1, 0.68, 0.92)
        ring = np.abs(_ellipse(box.x, box.y, 0, 0.62, neck + 0.06, 0.26))
        ring -= 0.012
        canvas.lay(box, canvas.cover(ring) * (box.y > 0.68), _GOLD)


def _head(canvas: _Canvas, face: Face, hair: _Hair) -> None:
    """Ears, skin, cheeks, beard."""
    width = 0.43 * face.aspect
    box = canvas.box(-width - 0.1, width + 0.1, -0.1, 0.25)
    ears = canvas.cover(_ellipse(box.ax, box.y, width + 0.02, 0.03, 0.07, 0.12))
    canvas.lay(box, ears, _rgb(face.skin, 0.90), face=True)
    if face.earring:
        ring = _ellipse(box.ax, box.y, width + 0.03, 0.19, 0.03, 0.045)
        canvas.lay(box, canvas.cover(ring), _GOLD)
    box = canvas.box(-width - 0.03, width + 0.03, -0.57, 0.61)
    skin = canvas.cover(_outline(box, face, width))
    across = box.ax * np.float32(1 / 0.45)
    lit = across * across * across
    lit *= -0.10
    lit += box.x * np.float32(0.12 * cos(face.light_angle))
    lit += box.y * np.float32(-0.05)
    below = _limit((hair.line(box) - box.y) * np.float32(1 / 0.14) + 1, 0, 1)  # the shadow below the hair
    below *= -0.16
    lit += below
    lit += 1.02
    colour = _rgb(face.skin) * lit
    canvas.lay(box, skin, np.minimum(colour, 1, out=colour), face=True)
    if face.lipstick:
        glow = _square(box.ax, 0.25, 0.11)
        glow += _square(box.y, 0.2, 0.08)
        np.negative(glow, out=glow)
        np.exp(glow, out=glow)
        glow *= skin
        glow *= 0.35 * face.lipstick
        canvas.lay(box, glow, _ROUGE, face=True)
    if face.beard:
        edge = _limit(1 - box.ax * np.float32(1 / 0.42), 0, 1)
        edge *= 0.22
        edge += 0.12
        edge -= box.y
        beard = canvas.cover(edge)
        beard *= skin
        beard *= face.beard
        beard *= 1 - 0.8 * canvas.cover(_ellipse(box.x, box.y, 0, 0.33, 0.17, 0.10))
        canvas.lay(box, beard, hair.beard(box), hair=True)
    if face.moustache:
        box = canvas.box(-0.19, 0.19, 0.2, 0.34)
        alpha = canvas.cover(_ellipse(box.x, box.y, 0, 0.27, 0.17, 0.045))
        canvas.lay(box, alpha * np.float32(face.moustache), hair.beard(box), hair=True)


def _outline(box: _Box, face: Face, width: float) -> F32:
    """Signed distance to the head: an ellipse that the jaw makes squarer, |x|^p + |y|^p with p of 2..3.3."""
    low = _limit(box.y * np.float32(1 / 0.56), 0, 1)
    taper = np.sqrt(low)
    taper *= low
    taper *= -(0.26 - 0.22 * face.jaw)
    taper += 1
    taper *= width
    u = box.ax / taper
    v = np.abs(box.y - 0.02) * np.float32(1 / 0.56)
    power = np.float32(2 + 1.3 * face.jaw)
    q: F32 = u**power
    q += v**power
    q -= 1
    q *= np.float32(0.42) / power
    return q


def _mouth_and_nose(canvas: _Canvas, face: Face) -> None:
    smile, width = face.smiling, 0.13 + 0.05 * face.smiling
    box = canvas.box(-width - 0.02, width + 0.02, 0.23, 0.47)
    y = box.y
    if smile:
        bend = _square(box.x, 0, width)
        bend *= 0.075
        bend -= 0.055
        y = y + bend
    tint = _mix((0.86 * face.skin[0], 0.62 * face.skin[1], 0.60 * face.skin[2]), (0.78, 0.16, 0.22), face.lipstick)
    height = 0.022 + 0.035 * face.lip + 0.02 * smile
    canvas.lay(box, canvas.cover(_ellipse(box.x, y, 0, 0.345, width, height)), _rgb(tint), face=True)
    if smile:
        teeth = _ellipse(box.x, y, 0, 0.345, 0.8 * width, 0.018 + 0.012 * face.lip)
        canvas.lay(box, canvas.cover(teeth), _TEETH, face=True)
    else:
        crease = np.abs(y - 0.345)
        crease -= 0.007
        np.maximum(crease, box.ax - width, out=crease)
        canvas.lay(box, canvas.cover(crease), _rgb(face.skin, 0.45), face=True)
    box = canvas.box(-0.08, 0.1, -0.02, 0.23)
    tip = canvas.cover(_ellipse(box.x, box.y, 0.02, 0.19, 0.055 + 0.02 * face.jaw, 0.028))
    canvas.lay(box, tip * np.float32(0.55), _rgb(face.skin, 0.72), face=True)
    bridge = np.maximum(np.abs(box.x - 0.028) - 0.011, np.abs(box.y - 0.09) - 0.09)
    canvas.lay(box, canvas.cover(bridge) * np.float32(0.3), _rgb(face.skin, 0.75), face=True)


def _eyes(canvas: _Canvas, face: Face) -> None:
    """Lashes, eyes, brows, glasses; both eyes at once, mirrored."""
    box = canvas.box(-0.33, 0.33, -0.26, 0.10)
    x, y, lash = box.ax - np.float32(0.18), box.y, face.lash
    lid = canvas.cover(_ellipse(x, y, 0, -0.045, 0.085 + 0.02 * lash, 0.05 + 0.022 * lash))
    canvas.lay(box, lid * np.float32(0.35 + 0.6 * lash), _LASHES, face=True)
    white = canvas.cover(_ellipse(x, y, 0, -0.03, 0.078, 0.040 + 0.010 * lash))
    canvas.lay(box, white, _EYE_WHITE, face=True)
    iris = canvas.cover(_ellipse(x, y, 0, -0.035, 0.038, 0.040))
    iris *= white
    canvas.lay(box, iris, _rgb(face.iris), face=True)
    pupil = canvas.cover(_ellipse(x, y, 0, -0.035, 0.018, 0.019))
    canvas.lay(box, pupil, _PUPIL, face=True)
    arch = _square(x, 0.02, 1)
    arch += -0.155 - 0.02 * lash
    np.subtract(y, arch, out=arch)
    np.abs(arch, out=arch)
    arch -= 0.012 + 0.022 * face.brow
    np.maximum(arch, np.abs(x) - 0.105, out=arch)
    brow = _mix((0.6 * face.hair[0], 0.6 * face.hair[1], 0.6 * face.hair[2]), (0.2, 0.14, 0.1), 0.45)
    canvas.lay(box, canvas.cover(arch), _rgb(brow), face=True)
    if face.glasses:
        rim = np.abs(_ellipse(x, y, 0, -0.03, 0.135, 0.115))
        rim -= 0.014
        bridge = np.maximum(np.abs(y + 0.05) - 0.012, box.ax - 0.06)
        canvas.lay(box, canvas.cover(np.minimum(rim, bridge, out=rim)), _FRAME, face=True)
