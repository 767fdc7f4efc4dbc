"""Usual spellings: how files of pictures end, which files are passed over, what splits are called."""

from pathlib import PurePosixPath

PICTURE_ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}
SPLITS = {
    "train": "train", "training": "train", "tr": "train",
    "tune": "tune", "tuning": "tune",
    "val": "val", "valid": "val", "validation": "val", "dev": "val", "development": "val", "eval": "val",
    "test": "test", "testing": "test", "te": "test",
}  # fmt: skip
"""Usual spellings of splits, in lower case."""


def is_picture(name: str) -> bool:
    """Whether a file is a picture by its name."""
    return PurePosixPath(name.lower()).suffix in PICTURE_ENDINGS


def is_hidden(name: str) -> bool:
    """Whether a path has a part that programs hide: ".DS_Store", "__MACOSX/._1.jpg"."""
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))
