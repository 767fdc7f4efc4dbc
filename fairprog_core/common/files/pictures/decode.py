"""The pixels of a picture in the user's files."""

import warnings
from typing import IO, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from fairprog_core.common.errors import DataError, shorten
from fairprog_core.common.files.pictures.place import UNREADABLE, Place
from fairprog_core.common.limits import check_pixels, limits

DEEP = ("I", "I;16", "I;16B", "I;16L")  # grey with more than 8 bits; Pillow would cut, not scale, the values
_DAMAGED = (*UNREADABLE, SyntaxError, ArithmeticError, AssertionError, AttributeError, TypeError)
"""What Pillow raises for a file that is no picture, or a damaged one."""


class _Opened(Protocol):
    """What can be opened as a file."""

    def open(self, mode: Literal["rb"]) -> IO[bytes]: ...


def decode(file: Place | _Opened, size: int, *, name: object = "", is_scaled_early: bool = False) -> NDArray[np.uint8]:
    """A picture as (size, size, 3): upright, its largest centred square, bilinear with antialiasing.

    Args:
        file: of a picture; of an animation the first frame counts.
        size: side of the result in pixels.
        name: what errors call the file; empty: its path.
        is_scaled_early: whether a large JPEG is scaled down while it is decoded, which is several times faster.

    Raises:
        DataError: the file is missing, cut off or no picture, or has too many pixels.
    """
    name = shorten(name or file)
    try:
        with warnings.catch_warnings(), file.open("rb") as raw:
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the size is checked below
            with Image.open(raw) as image:
                check_pixels(name, image.width, image.height)
                if is_scaled_early:
                    image.draft("RGB", (2 * size, 2 * size))
                picture = opaque(ImageOps.exif_transpose(image))
    except FileNotFoundError as error:
        raise DataError(f"{name} is missing, although a list names it; unpack the images again.") from error
    except Image.DecompressionBombError as error:  # too large even for its header
        raise DataError(limits().refusal("pixels", f"{name} has far too many pixels")) from error
    except _DAMAGED as error:
        reason = "no picture" if isinstance(error, UnidentifiedImageError) else shorten(error, 80)
        raise DataError(f"{name} is broken ({reason}); unpack or download the images again.") from error
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    square = picture.crop((left, top, left + side, top + side))
    return np.asarray(square.resize((size, size), Image.Resampling.BILINEAR).convert("RGB"))


def opaque(image: Image.Image) -> Image.Image:
    """The picture in grey or RGB, transparent parts on white."""
    if image.mode in DEEP:
        values = np.clip(np.asarray(image), 0, 65535).astype(np.uint16)
        return Image.fromarray((values >> 8).astype(np.uint8))
    if image.has_transparency_data:
        upper, ground = image.convert("RGBA"), Image.new("RGB", image.size, "white")
        ground.paste(upper, mask=upper)
        return ground
    return image if image.mode in ("L", "RGB") else image.convert("RGB")
