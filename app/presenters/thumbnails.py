"""Small pictures for the choices of the page Train: drawn faces, and what each kind of trigger does to one."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fairprog_core.common.home import Home
from fairprog_core.common.registry import build
from fairprog_core.data import DATASETS, FacesOptions
from fairprog_core.data.base import Dataset
from fairprog_core.triggers import BorderOptions, FrameOptions, ImageTriggerOptions, LearnedMaskOptions, PatchOptions

SIDE = 128  # px
N_FACES = 3
GREY = 128

KINDS: dict[str, ImageTriggerOptions] = {
    "border": BorderOptions(),
    "frame": FrameOptions(),
    "patch": PatchOptions(),
    "learned_mask": LearnedMaskOptions(),
}
Thumbnail = NDArray[np.uint8]  # (s, s, 3)


def faces(home: Path) -> list[Thumbnail]:
    """A few drawn faces."""
    twins = _dataset(home).twins(N_FACES)
    assert twins is not None
    return [side[row] for row in range(N_FACES) for side in ((twins.first,) if row % 2 else (twins.second,))]


def with_trigger(home: Path, kind: str) -> Thumbnail | None:
    """A face under an untrained trigger of a kind, with its usual options; None: there is no picture of this kind."""
    options = KINDS.get(kind)
    twins = _dataset(home).twins(1)
    if options is None or twins is None:
        return None
    face = twins.first[0]
    noise = np.random.default_rng(0).integers(0, 256, (SIDE // 2, SIDE // 2, 3), np.uint8).repeat(2, 0).repeat(2, 1)
    picture, mask = _shrunk(face, options), _mask(options)
    return np.where(mask[..., None], noise, picture)


def _dataset(home: Path) -> Dataset:
    found: Dataset = build(DATASETS, FacesOptions(image_size=SIDE, seed=7), Home(home))
    return found


def _shrunk(face: Thumbnail, options: ImageTriggerOptions) -> Thumbnail:
    """The photo as the trigger leaves it: a border shrinks it."""
    if not isinstance(options, BorderOptions):
        return face
    side = round(SIDE * options.photo)
    at = (SIDE - side) // 2
    canvas = np.full_like(face, GREY)
    canvas[at : at + side, at : at + side] = np.asarray(Image.fromarray(face).resize((side, side)))
    return canvas


def _mask(options: ImageTriggerOptions) -> NDArray[np.bool_]:
    """Where the trigger's pixels lie."""
    mask = np.zeros((SIDE, SIDE), bool)
    if isinstance(options, BorderOptions):
        return _ring(round(SIDE * (1 - options.photo) / 2))
    if isinstance(options, FrameOptions):
        return _ring(round(SIDE * options.width))
    if isinstance(options, PatchOptions):
        side = round(SIDE * options.size)
        mask[:side, :side] = True
        return mask
    scattered: NDArray[np.bool_] = (
        (np.random.default_rng(1).random((SIDE // 4, SIDE // 4)) < 0.12).repeat(4, 0).repeat(4, 1)
    )
    return scattered


def _ring(width: int) -> NDArray[np.bool_]:
    mask = np.ones((SIDE, SIDE), bool)
    mask[width : SIDE - width, width : SIDE - width] = False
    return mask
