"""Which drawn faces show their hair plainly, and which two have hair of nearly the same colour."""

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


def tone(photo: str) -> float:
    """How blond the hair at the top of the head looks: its lightness less its redness, as the drawn faces define it.

    Args:
        photo: a picture as a data URI.
    """
    with Image.open(io.BytesIO(base64.b64decode(photo.partition(",")[2]))) as picture:
        pixels = np.asarray(picture.convert("RGB").resize((100, 100)), np.float64)
    red, green, blue = np.median(pixels[_FORELOCK].reshape(-1, 3), axis=0) / 255
    return float((red + green + blue) / 3 - (red - green))


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
