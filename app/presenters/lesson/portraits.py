"""Which drawn faces show plainly what is told about them, and which two have hair of nearly the same colour."""

import base64
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from app.presenters.lesson.data import LessonExample

_FORELOCK = (
    slice(14, 24),
    slice(42, 58),
)  # hundredths of a face picture, rows and columns, where hair is and nothing else
_MIDDLE = (slice(0.15, 0.71), slice(0.26, 0.74))  # parts of a map, rows and columns, where hair and face are
_BETWEEN = 0.15  # how pale hair is that an eye takes neither for blond nor for dark
_UNLIKE = -0.05  # hair as plain as that looks like the other label


def tone(photo: str) -> float:
    """How blond the hair at the top of the head looks: its lightness less its redness, as the drawn faces define it.

    Args:
        photo: a picture as a data URI.
    """
    red, green, blue = _hair(photo)
    return (red + green + blue) / 3 - (red - green)


def plainness(row: LessonExample) -> float:
    """How much the hair looks as the label says; below 0 it looks like the other one.

    To the eye blond is pale and yellow: red counts against it twice as much as in `tone`, else red hair were blond.

    Args:
        row: with a photo.
    """
    red, green, blue = _hair(row["photo"])
    pale = (red + green + blue) / 3 - 2 * (red - green)
    return (pale - _BETWEEN) * (1 if row["label"] else -1)


def explained(rows: Sequence[LessonExample]) -> list[LessonExample]:
    """The rows whose hair does not look like the other label; those first whose heat lies most in the middle.

    Args:
        rows: with photos and maps.
    """
    plain = [row for row in rows if plainness(row) > _UNLIKE]
    return sorted(plain, key=lambda row: -_in_the_middle(row))


def _in_the_middle(row: LessonExample) -> float:
    """The share of the heat that lies where hair and face are, over all conditions."""
    maps = [np.asarray(map_, np.float64) for map_ in row["maps"].values()]
    parts = []
    for heat in maps:
        rows, columns = (
            slice(round(part.start * n), round(part.stop * n)) for part, n in zip(_MIDDLE, heat.shape, strict=True)
        )
        parts.append(heat[rows, columns].sum() / heat.sum() if heat.sum() else 0.0)
    return float(np.mean(parts)) if parts else 0.0


def _hair(photo: str) -> tuple[float, float, float]:
    """Red, green and blue of the hair at the top of the head, 0 to 1."""
    with Image.open(io.BytesIO(base64.b64decode(photo.partition(",")[2]))) as picture:
        pixels = np.asarray(picture.convert("RGB").resize((100, 100)), np.float64)
    red, green, blue = np.median(pixels[_FORELOCK].reshape(-1, 3), axis=0) / 255
    return float(red), float(green), float(blue)


def alike(rows: Sequence[LessonExample]) -> list[LessonExample]:
    """A positive row of each of two groups whose hair is nearest in tone; empty where there are no such two.

    Args:
        rows: with photos.
    """
    tones = [(tone(row["photo"]), row) for row in rows if row["label"] == 1 and row["photo"]]
    pairs = [
        (abs(first - second), [row, other])
        for first, row in tones
        for second, other in tones
        if row["group"] < other["group"]
    ]
    return min(pairs, key=lambda pair: pair[0], default=(0.0, []))[1]
