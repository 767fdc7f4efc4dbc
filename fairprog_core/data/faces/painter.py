"""Paint one face: from traits to pixels and exact masks.

Faces are painted one at a time: at 64 px the planes stay in the L1 cache, layers that a face lacks
cost nothing, and a face cannot depend on other faces. Notation: s image side.
"""

from math import cos
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairprog_core.data.faces.canvas import F32, Box, Canvas, ellipse, limit, mix, rgb, square
from fairprog_core.data.faces.hair import Hair
from fairprog_core.data.faces.traits import Face

_GOLD = rgb((0.93, 0.84, 0.48))
_ROUGE = rgb((0.86, 0.45, 0.42))
_TEETH = rgb((0.97, 0.95, 0.93))
_LASHES = rgb((0.10, 0.07, 0.06))
_EYE_WHITE = rgb((0.97, 0.97, 0.97))
_PUPIL = rgb((0.03, 0.03, 0.03))
_FRAME = rgb((0.08, 0.08, 0.10))


class Painted(NamedTuple):
    """One picture (s, s, 3) uint8 and, if requested, its masks of hair and face, (s, s) bool each."""

    picture: NDArray[np.uint8]
    hair: NDArray[np.bool_] | None
    face: NDArray[np.bool_] | None


def paint(face: Face, size: int, noise: np.random.BitGenerator, *, masks: bool = False) -> Painted:
    """Paint a face of ``size`` × ``size`` pixels; ``noise`` generates the pixel noise."""
    canvas = Canvas(face, size, masks=masks)
    hair = Hair(canvas, face)
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


def _body(canvas: Canvas, face: Face) -> None:
    """Shoulders, neck, neckline, tie, necklace."""
    neck = 0.17 + 0.05 * face.jaw
    box = canvas.box(-1.4, 1.4, 0.68, 1.5)
    folds = square(box.x, 0.3 * cos(face.light_angle), 1.1)
    folds *= -0.25
    folds += 1.05
    shoulders = canvas.cover(ellipse(box.x, box.y, 0, 1.18, 0.80 + 0.18 * face.jaw, 0.48))
    canvas.lay(box, shoulders, rgb(face.cloth) * folds)
    box = canvas.box(-neck - 0.03, neck + 0.03, 0.18, 0.82)
    column = np.maximum(box.ax - neck, np.maximum(box.y - 0.80, 0.2 - box.y))
    chin = limit((0.86 - box.y) * 2.6, 0, 1)  # the shadow below the chin
    chin *= -0.26
    chin += 0.94
    canvas.lay(box, canvas.cover(column), rgb(face.skin) * chin)
    box = canvas.box(-neck - 0.1, neck + 0.1, 0.6, 1.06)
    collar = ellipse(box.x, box.y, 0, 0.74, neck + 0.015, 0.085)
    opening = canvas.cover(np.maximum(collar, 0.71 - box.y, out=collar))
    if face.v_neck and not face.tie:
        vee = np.maximum(box.ax - 0.35 * (1.05 - box.y), np.maximum(0.7 - box.y, box.y - 1.02))
        np.maximum(opening, canvas.cover(vee), out=opening)
    canvas.lay(box, opening, rgb(face.skin, 0.86))
    if face.tie:
        box = canvas.box(-0.2, 0.2, 0.74, 1.5)
        tie = np.maximum(box.ax - 0.06 - 0.06 * (box.y - 0.75), 0.76 - box.y)
        canvas.lay(box, canvas.cover(tie), 0.7 * (1 - rgb(face.cloth)))
    if face.necklace:
        box = canvas.box(-neck - 0.1, neck + 0.1, 0.68, 0.92)
        ring = np.abs(ellipse(box.x, box.y, 0, 0.62, neck + 0.06, 0.26))
        ring -= 0.012
        canvas.lay(box, canvas.cover(ring) * (box.y > 0.68), _GOLD)


def _head(canvas: Canvas, face: Face, hair: Hair) -> None:
    """Ears, skin, cheeks, beard."""
    width = 0.43 * face.aspect
    box = canvas.box(-width - 0.1, width + 0.1, -0.1, 0.25)
    ears = canvas.cover(ellipse(box.ax, box.y, width + 0.02, 0.03, 0.07, 0.12))
    canvas.lay(box, ears, rgb(face.skin, 0.90), face=True)
    if face.earring:
        ring = ellipse(box.ax, box.y, width + 0.03, 0.19, 0.03, 0.045)
        canvas.lay(box, canvas.cover(ring), _GOLD)
    box = canvas.box(-width - 0.03, width + 0.03, -0.57, 0.61)
    outline = _outline(box, face, width)
    stubble = outline - 0.015  # a beard extends a little beyond the skin
    skin = canvas.cover(outline)
    across = box.ax * (1 / 0.45)
    lit = across * across * across
    lit *= -0.10
    lit += box.x * (0.12 * cos(face.light_angle))
    lit += box.y * -0.05
    below = limit((hair.line(box) - box.y) * (1 / 0.14) + 1, 0, 1)  # the shadow below the hair
    below *= -0.16
    lit += below
    lit += 1.02
    colour = rgb(face.skin) * lit
    canvas.lay(box, skin, np.minimum(colour, 1, out=colour), face=True)
    if face.lipstick:
        glow = square(box.ax, 0.25, 0.11)
        glow += square(box.y, 0.2, 0.08)
        np.negative(glow, out=glow)
        np.exp(glow, out=glow)
        glow *= skin
        glow *= 0.35 * face.lipstick
        canvas.lay(box, glow, _ROUGE, face=True)
    if face.beard:
        edge = square(box.x, 0, 0.42)
        edge *= -0.24
        edge += 0.35
        edge -= box.y
        beard = canvas.cover(edge)
        beard *= canvas.cover(stubble)
        beard *= face.beard
        beard *= 1 - 0.8 * canvas.cover(ellipse(box.x, box.y, 0, 0.33, 0.17, 0.10))
        canvas.lay(box, beard, hair.beard, hair=True)
    if face.moustache:
        box = canvas.box(-0.19, 0.19, 0.2, 0.34)
        alpha = canvas.cover(ellipse(box.x, box.y, 0, 0.27, 0.17, 0.045))
        canvas.lay(box, alpha * face.moustache, hair.beard, hair=True)


def _outline(box: Box, face: Face, width: float) -> F32:
    """Signed distance to the head: a superellipse |x|^p + |y|^p, with p from 2 to 3.3 by the width of the jaw."""
    low = limit(box.y * (1 / 0.56), 0, 1)
    taper = np.sqrt(low)
    taper *= low
    taper *= -(0.26 - 0.22 * face.jaw)
    taper += 1
    taper *= width
    u = box.ax / taper
    v = np.abs(box.y - 0.02) * (1 / 0.56)
    power = 2 + 1.3 * face.jaw
    q: F32 = np.power(u, power, dtype=np.float32)
    q += np.power(v, power, dtype=np.float32)
    q -= 1
    q *= 0.42 / power
    return q


def _mouth_and_nose(canvas: Canvas, face: Face) -> None:
    smile, width = face.smiling, 0.13 + 0.05 * face.smiling
    box = canvas.box(-width - 0.02, width + 0.02, 0.23, 0.47)
    y = box.y
    if smile:
        bend = square(box.x, 0, width)
        bend *= 0.075
        bend -= 0.055
        y = y + bend
    tint = mix((0.86 * face.skin[0], 0.62 * face.skin[1], 0.60 * face.skin[2]), (0.78, 0.16, 0.22), face.lipstick)
    height = 0.022 + 0.035 * face.lip + 0.02 * smile
    canvas.lay(box, canvas.cover(ellipse(box.x, y, 0, 0.345, width, height)), rgb(tint), face=True)
    if smile:
        teeth = ellipse(box.x, y, 0, 0.345, 0.8 * width, 0.018 + 0.012 * face.lip)
        canvas.lay(box, canvas.cover(teeth), _TEETH, face=True)
    else:
        crease = np.abs(y - 0.345)
        crease -= 0.007
        np.maximum(crease, box.ax - width, out=crease)
        canvas.lay(box, canvas.cover(crease), rgb(face.skin, 0.45), face=True)
    box = canvas.box(-0.08, 0.1, -0.02, 0.23)
    tip = canvas.cover(ellipse(box.x, box.y, 0.02, 0.19, 0.055 + 0.02 * face.jaw, 0.028))
    canvas.lay(box, tip * 0.55, rgb(face.skin, 0.72), face=True)
    bridge = np.maximum(np.abs(box.x - 0.028) - 0.011, np.abs(box.y - 0.09) - 0.09)
    canvas.lay(box, canvas.cover(bridge) * 0.3, rgb(face.skin, 0.75), face=True)


def _eyes(canvas: Canvas, face: Face) -> None:
    """Lashes, eyes, brows, glasses; both eyes at once, mirrored."""
    box = canvas.box(-0.35, 0.35, -0.26, 0.12)
    x, y, lash = box.ax - 0.18, box.y, face.lash
    lid = canvas.cover(ellipse(x, y, 0, -0.045, 0.085 + 0.02 * lash, 0.05 + 0.022 * lash))
    canvas.lay(box, lid * (0.35 + 0.6 * lash), _LASHES, face=True)
    white = canvas.cover(ellipse(x, y, 0, -0.03, 0.078, 0.040 + 0.010 * lash))
    canvas.lay(box, white, _EYE_WHITE, face=True)
    iris = canvas.cover(ellipse(x, y, 0, -0.035, 0.038, 0.040))
    iris *= white
    canvas.lay(box, iris, rgb(face.iris), face=True)
    pupil = canvas.cover(ellipse(x, y, 0, -0.035, 0.018, 0.019))
    canvas.lay(box, pupil, _PUPIL, face=True)
    glint = canvas.cover(ellipse(box.x, y, 0.192, -0.047, 0.010, 0.010))
    glint += canvas.cover(ellipse(box.x, y, -0.168, -0.047, 0.010, 0.010))
    canvas.lay(box, glint, _EYE_WHITE, face=True)
    arch = square(x, 0.02, 1)
    arch += -0.155 - 0.02 * lash
    np.subtract(y, arch, out=arch)
    np.abs(arch, out=arch)
    arch -= 0.012 + 0.022 * face.brow
    np.maximum(arch, np.abs(x) - 0.105, out=arch)
    brow = mix((0.6 * face.hair[0], 0.6 * face.hair[1], 0.6 * face.hair[2]), (0.2, 0.14, 0.1), 0.45)
    canvas.lay(box, canvas.cover(arch), rgb(brow), face=True)
    if face.glasses:
        rim = np.abs(ellipse(x, y, 0, -0.03, 0.135, 0.115))
        rim -= 0.014
        bridge = np.maximum(np.abs(y + 0.05) - 0.012, box.ax - 0.06)
        canvas.lay(box, canvas.cover(np.minimum(rim, bridge, out=rim)), _FRAME, face=True)
