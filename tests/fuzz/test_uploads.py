"""Pictures and texts of one's own, as a visitor gives them: an answer or one sentence."""

import io
import random
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from app.presenters import sentences
from fairprog_core.classifiers.base import freeze
from fairprog_core.classifiers.encoder.classifier import Encoder
from fairprog_core.explain.live.decode import decode
from fairprog_core.explain.live.request import TextRequest
from fairprog_core.explain.live.text import answer
from fairprog_core.explain.text.words import worded
from fairprog_core.results.gallery_layout import Gallery
from tests.conftest import Finished
from tests.contracts.samples import usual
from tests.fuzz.harness import Fuzz
from tests.fuzz.mutations import mutate_bytes

SIDE = 32
SIZES = (0, 1, 2, 2**15, 2**16 - 1, 2**24, 2**31 - 1, 2**32 - 1)  # that a damaged picture claims
MODES = ("RGB", "RGBA", "L", "LA", "P", "1", "I;16", "CMYK", "F")
FORMATS = {"PNG": MODES[:7], "JPEG": ("RGB", "L", "CMYK"), "WEBP": ("RGB", "RGBA")}
STRANGERS = (  # what a picture can be at the same time, or claim to be
    b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", b"PK\x03\x04", b"%PDF-1.7\n", b"GIF89a",
    b"BM", b"<html>", b"\x00" * 64, b"II*\x00\x08\x00\x00\x00", b"#!/bin/sh\n", b"RIFF\xff\xff\xff\xffWEBPVP8X",
)  # fmt: skip

EXTRA = (b"tEXt", b"zTXt", b"iTXt", b"acTL", b"fcTL", b"fdAT", b"gAMA", b"tRNS", b"PLTE", b"eXIf", b"iCCP")


def drawn(mode: str, rng: random.Random) -> Image.Image:
    """A picture of random pixels in a mode of Pillow's, of any small size."""
    height, width = rng.choice((1, 2, 17, SIDE, 90)), rng.choice((1, 3, SIDE, 120))
    pixels = np.frombuffer(rng.randbytes(height * width * 4), np.uint8).reshape(height, width, 4)
    if mode in ("I;16", "F"):
        return Image.fromarray(pixels[..., :2].copy().view("<u2")[..., 0].astype("<u2" if mode == "I;16" else "<f4"))
    return Image.fromarray(pixels[..., :3]).convert(mode) if mode != "RGBA" else Image.fromarray(pixels)


def whole(form: str, rng: random.Random) -> bytes:
    """A valid file: with or without an orientation, a colour profile, several frames, a text."""
    image, out = drawn(rng.choice(FORMATS[form]), rng), io.BytesIO()
    more: dict[str, object] = {}
    if rng.random() < 0.4:
        exif = Image.Exif()
        exif[0x0112] = rng.choice((0, 1, 3, 6, 8, 9, 2**16 - 1))
        more["exif"] = exif.tobytes()
    if rng.random() < 0.3:
        more["icc_profile"] = rng.randbytes(rng.choice((0, 1, 128, 3000)))
    if form != "JPEG" and rng.random() < 0.3:
        mode = "P" if image.mode == "P" else "RGB"  # Pillow 12.3 cannot write frames of both
        more |= {"save_all": True, "append_images": [drawn(mode, rng).resize(image.size) for _ in range(3)]}
    image.save(out, form, **more)
    return out.getvalue()


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Names and contents of a PNG's chunks."""
    found, at = [], 8
    while at < len(data):
        (n,) = struct.unpack(">I", data[at : at + 4])
        found.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + n]))
        at += 12 + n
    return found


def png(parts: list[tuple[bytes, bytes]]) -> bytes:
    """A PNG of chunks, whose check sums are right whatever is in them."""
    joined = (struct.pack(">I", len(each)) + name + each + struct.pack(">I", zlib.crc32(name + each))
              for name, each in parts)  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + b"".join(joined)


def other_chunks(data: bytes, rng: random.Random) -> bytes:
    """A PNG with one chunk lost, doubled, moved, damaged or put in."""
    parts = chunks(data)
    at = rng.randrange(len(parts))
    name, content = parts[at]
    extra = rng.choice(
        (b"tEXt", b"zTXt", b"iTXt", b"acTL", b"fcTL", b"fdAT", b"gAMA", b"tRNS", b"PLTE", b"eXIf", b"iCCP")
    )
    match rng.randrange(6):
        case 0:
            del parts[at]
        case 1:
            parts.insert(at, parts[at])
        case 2:
            parts.insert(rng.randrange(len(parts)), parts.pop(at))
        case 3:
            text = zlib.compress(b"\0" * rng.choice((10, 30_000_000)))
            parts.insert(1, (extra, rng.choice((b"", rng.randbytes(26), b"a\0\0" + text, b"a\0\1\0\0\0" + text))))
        case 4 if name == b"IHDR":
            width, height = (rng.choice((*SIZES, SIDE)) for _ in range(2))
            kinds = bytes((rng.choice((1, 2, 4, 8, 16, 255)), rng.choice((0, 2, 3, 4, 6, 7)), 0, 0, rng.choice((0, 1))))
            parts[at] = name, struct.pack(">II", width, height) + kinds
        case _:
            parts[at] = name, mutate_bytes(content, rng)
    return png(parts)


def other_size(data: bytes, form: str, rng: random.Random) -> bytes:
    """A picture that claims another size in its header."""
    if form == "PNG":
        return png([(b"IHDR", struct.pack(">II", rng.choice(SIZES), rng.choice(SIZES)) + chunks(data)[0][1][8:]),
                    *chunks(data)[1:]])  # fmt: skip
    if form == "JPEG" and (at := data.find(b"\xff\xc0")) >= 0:
        return data[: at + 5] + struct.pack(">HH", *(rng.choice(SIZES[:5]) for _ in range(2))) + data[at + 9 :]
    return data[:4] + struct.pack("<I", rng.choice(SIZES)) + data[8:]


def picture(form: str) -> Callable[[random.Random], bytes]:
    """Whole or damaged pictures of a format, and files that are something else as well."""

    def mutate(rng: random.Random) -> bytes:
        data = whole(form, rng)
        match rng.randrange(8):
            case 0:
                return data
            case 1:
                return other_size(data, form, rng)
            case 2:
                stranger = rng.choice(STRANGERS)
                return rng.choice((stranger + data, data + stranger, data[:20] + stranger + data[20:], stranger))
            case 3:
                return data[: rng.randrange(40)] + whole(rng.choice(list(FORMATS)), rng)[rng.randrange(40) :]
            case 4 | 5 if form == "PNG":
                return other_chunks(data, rng)
            case _:
                return mutate_bytes(data, rng)

    return mutate


@pytest.mark.filterwarnings("ignore")  # Pillow's, of damage that does no harm
@pytest.mark.parametrize("form", FORMATS)
def test_picture_of_ones_own(fuzz: Fuzz, form: str) -> None:
    def read(data: bytes) -> None:
        pixels = decode(data, SIDE)
        assert pixels.shape == (SIDE, SIDE, 3)
        assert pixels.dtype == np.uint8

    fuzz(f"own picture, {form}", picture(form), read, default=250)


LETTERS = (
    "a", "Z", " ", "  ", "\n", "\r\n", "\t", "\x00", "\x07", "\x1b[2J", "\u202e", "\u2066", "\u200d", "\ufeff",
    "\ud800", "\udfff", "\U0010ffff", "é", "e\u0301" * 50, "ß", "İ", "ﷺ", "漢字", "🙂", "👩\u200d👧", "🏳️\u200d🌈",
    "<b>", "&amp;", "[CLS]", "[SEP]", "[PAD]", "[MASK]", "##ing", "<s>", "</s>", "http://x.y/?q", "'", '"', "`", "$x$",
    ":red[no]", "{}", "%s", "0" * 400, "x" * 3000, "word " * 300, "?!" * 500,
)  # fmt: skip


def text(rng: random.Random) -> str:
    """Up to sixty pieces, or one of them very often."""
    if rng.random() < 0.1:
        return rng.choice(LETTERS)[:20] * rng.choice((0, 1, 20, 5000))
    return "".join(rng.choice((*LETTERS, chr(rng.randrange(0x110000)))) for _ in range(rng.randrange(60)))


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    """A tiny BERT."""
    found = usual("text")
    assert isinstance(found, Encoder)
    return freeze(found)


def test_words_of_a_text_of_ones_own(fuzz: Fuzz, encoder: Encoder) -> None:
    def read(value: str) -> None:
        found = worded(encoder, value)
        assert len(found.words) <= len(value)

    fuzz("own text, its words", text, read, default=400)


def test_text_of_ones_own(fuzz: Fuzz, odd_texts: Finished) -> None:
    """The whole answer, and what the page makes of it."""
    curve = next(curve for curve in odd_texts.result.curves if curve.trigger)
    classifier = odd_texts.folder / "base" / "classifier.safetensors"

    def read(value: str) -> None:
        arrays, about = answer(TextRequest(value[:400], classifier, curve.artifact, (0.0, 2.0)))
        found = Gallery(arrays, about)
        sentences.sentence(found, 0, chosen=2.0)

    fuzz("own text, its explanation", text, read, default=6, share=0.02)
