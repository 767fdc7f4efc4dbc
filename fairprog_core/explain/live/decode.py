"""Reads a picture that a user chose: from a file's bytes to the classifier's pixels, with little memory.

Every copy of a large picture takes 100 MB, so it is converted only where its mode needs that, and to RGB once it is
small.

Notation: s image side, h×w picture.
"""

import io
import struct
import warnings
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from fairprog_core.common.errors import DataError
from fairprog_core.common.files.pictures.decode import opaque
from fairprog_core.common.limits import check_pixels, limits

FORMATS = ("PNG", "JPEG", "WEBP")

_UNREADABLE = (
    Image.DecompressionBombError, ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, OSError,
    SyntaxError, TypeError, ValueError, struct.error, zlib.error,
)  # fmt: skip
"""What Pillow raises for damaged files."""


def decode(picture: bytes | NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """A picture as (size, size, 3) uint8: upright, the middle square, scaled, transparent parts on white.

    Args:
        picture: the bytes of a file, or (h, w, 3) pixels.
        size: s.

    Raises:
        DataError: no PNG, JPEG or WebP, damaged, or too large.
    """
    if not isinstance(picture, np.ndarray):
        return _read(picture, size)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise DataError(f"The picture is {picture.dtype} {picture.shape}; give (h, w, 3) uint8 pixels.")
    return np.array(_square(Image.fromarray(picture), size))


def _read(picture: bytes, size: int) -> NDArray[np.uint8]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the size is checked below
            image: Image.Image = Image.open(io.BytesIO(picture), formats=FORMATS)
        check_pixels("The picture", image.width, image.height)
        ImageOps.exif_transpose(image, in_place=True)
        return np.array(_square(opaque(image), size).convert("RGB"))
    except Image.DecompressionBombError as error:  # too large even for its header
        raise DataError(limits().refusal("pixels", "The picture has far too many pixels")) from error
    except _UNREADABLE as error:
        raise DataError("The file is no readable PNG, JPEG or WebP picture; choose another one.") from error


def _square(image: Image.Image, size: int) -> Image.Image:
    """The middle square, scaled."""
    return image if image.size == (size, size) else ImageOps.fit(image, (size, size), Image.Resampling.BICUBIC)
