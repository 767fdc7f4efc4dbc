"""The hair of a drawn face: behind the head, in front of it, and the beard.

Notation: h×w the bounding box of all hair.
"""

from math import cos

import numpy as np

from fairprog_core.data.faces.canvas import F32, Box, Canvas, ellipse, limit, rgb, square
from fairprog_core.data.faces.traits import Face


class Hair:
    """Hair behind and in front of the head, shaded with strands and depth."""

    def __init__(self, canvas: Canvas, face: Face) -> None:
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
        """(3, h, w) colour: strands that fall from the parting, and a gloss on the side of the light."""
        face, box = self._face, self._box
        fall = np.minimum(box.y, 0.0)
        fall += 1.05
        strand = (box.x - 0.25 * face.part) / fall
        if face.wavy:
            strand += self._wave * 1.6
            strand += box.y * 0.12
        shade = np.sin(strand * 23 + face.phase)
        shade *= 0.05
        fine = np.sin(strand * 53 + 2 * face.phase)
        fine *= 0.06
        shade += fine
        self._tuft = shade * 0.16
        gloss = square(box.x, 0.25 * cos(face.light_angle), 0.22)
        gloss += square(box.y, -0.55, 0.22)
        gloss += 1
        np.divide(0.30, gloss, out=gloss)
        shade += gloss
        rim = square(box.x, 0, self._width)
        rim += square(box.y, -0.10, 0.72)
        limit(rim, 0, 1.2)
        rim *= rim
        rim *= 0.22
        shade -= rim
        shade += 1.04
        colour: F32 = rgb(face.hair) * shade
        np.minimum(colour, 1, out=colour)
        return colour

    def rear(self) -> None:
        """Long hair behind the shoulders."""
        if not self._is_long:
            return
        canvas, face, box = self._canvas, self._face, self._box
        side = box.ax - self._wave
        top = ellipse(side, box.y, 0, -0.18, self._width, 0.62 + 0.05 * face.volume)
        side -= self._width
        side -= limit(box.y * (0.06 * face.length), 0, 1)
        low = np.cos(box.x * 6)
        low *= -0.05
        low += box.y
        low -= self._bottom
        np.maximum(side, low, out=side)
        np.maximum(side, -0.18 - box.y, out=side)
        canvas.lay(box, canvas.cover(np.minimum(top, side, out=top)), self._colour * 0.72, hair=True)

    def line(self, box: Box) -> F32:
        """(h, w) y coordinate that the front hair reaches down to."""
        face = self._face
        line: F32 = np.cos((box.x - 0.6 * face.part) * 3)
        line *= -0.10
        drop = limit(box.ax * (1 / 0.42), 0, 1)
        drop *= drop * drop
        drop *= 0.30
        line += drop
        line += -0.30 + face.hairline + 0.13 * face.bangs
        return line

    def front(self) -> None:
        """The cap and, for long hair, the locks at both sides of the face."""
        canvas, face, box = self._canvas, self._face, self._box
        if self._is_long:
            cap = ellipse(box.x, box.y, 0, -0.17, self._width - 0.035, 0.59 + 0.05 * face.volume)
        else:  # close at the sides, higher on the side away from the parting
            lean = -0.10 * face.part
            cap = ellipse(box.x, box.y, lean, -0.17, 0.47 * face.aspect + abs(lean), 0.50 + 0.12 * face.volume)
            cap -= self._tuft
        line = box.y - self.line(box)
        if face.wavy:
            cap -= self._wave * 0.7
            line -= self._wave * 0.5
        alpha = canvas.cover(np.maximum(cap, line, out=cap))
        if self._is_long:
            lock = box.ax - (0.43 * face.aspect + 0.03)
            if face.wavy:
                lock -= self._wave * 0.6
            np.abs(lock, out=lock)
            lock -= 0.075
            np.maximum(lock, box.y - 0.92 * self._bottom, out=lock)
            np.maximum(lock, -0.3 - box.y, out=lock)
            np.maximum(alpha, canvas.cover(lock), out=alpha)
        canvas.lay(box, alpha, self._colour, hair=True)

    @property
    def beard(self) -> F32:
        """Colour (3, 1, 1) of facial hair."""
        return rgb(self._face.hair, 0.78)
