"""The suite ``prepare``: rows from the cache against rows that are drawn, written or decoded."""

import csv
import tempfile
from collections import deque
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fairprog_core.cli.machine.bench.ratios.cases import ALL_CASES, RatioSize
from fairprog_core.cli.machine.bench.ratios.rows import BenchRow
from fairprog_core.cli.machine.bench.ratios.sides import BenchClock, BlockOfWork, in_turns, sides
from fairprog_core.common.home import Home
from fairprog_core.common.registry import build
from fairprog_core.data import DATASETS, CommentsOptions, FacesOptions, TableOptions
from fairprog_core.data.base import Dataset, SplitName

SUITE = "prepare"
PHOTO = (178, 218)  # width and height in pixels, as CelebA's
MADE = {"faces": "drawn", "comments": "written", "photos": "decoded from JPEG and shrunk"}


def prepare_rows(clock: BenchClock, size: RatioSize) -> Iterator[BenchRow]:
    """A row of drawn faces, made-up comments, and photos of a table of one's own.

    Args:
        clock: device and threads.
        size: how much is measured.
    """
    with tempfile.TemporaryDirectory(prefix="fairprog-bench-") as name:
        folder = Path(name)
        for data, n in size.n_made.items():
            if size.cases != ALL_CASES and data not in size.cases:
                continue
            options, splits = _options(data, n, folder)
            with sides(clock, *(partial(_reading, options, splits, folder, kept) for kept in (True, False))) as opened:
                both = [[1e6 * seconds / n for seconds in found] for found in in_turns(opened, size.rounds)]
            work = f"{n} rows, per 1,000, read from the cache; reference: {MADE[data]} first"
            yield BenchRow.paired(f"{SUITE}/{data}", "ms/1000 rows", *both, work=work)


def _options(data: str, n: int, folder: Path) -> tuple[Any, tuple[SplitName, ...]]:
    """The data set with n rows, and the splits that hold them."""
    if data == "faces":
        return FacesOptions(n_tune=n), ("tune",)
    if data == "comments":
        return CommentsOptions(n_tune=n), ("tune",)
    return _photos(folder / "photos", n), ("train", "tune", "val", "test")


def _photos(folder: Path, n: int) -> TableOptions:
    """A table of n photos as large as CelebA's, all different."""
    folder.mkdir()
    random = np.random.default_rng(0)
    with (folder / "photos.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["file", "smiling", "gender"])
        for row in range(n):
            coarse = random.integers(0, 255, (12, 10, 3), dtype=np.uint8)
            Image.fromarray(coarse).resize(PHOTO, Image.Resampling.BICUBIC).save(folder / f"{row:06}.jpg", quality=90)
            table.writerow([f"{row:06}.jpg", row % 2, "female" if row // 2 % 2 else "male"])
    return TableOptions(path=str(folder / "photos.csv"), image="file", label="smiling", group="gender")


def _reading(options: Any, splits: tuple[SplitName, ...], folder: Path, is_kept: bool) -> BlockOfWork:
    """Read all rows into memory, in a home that has them or in a new one each time."""
    numbers = count()

    def block() -> None:
        home = Home.find(folder / ("kept" if is_kept else f"new-{next(numbers)}"))
        dataset: Dataset = build(DATASETS, options, home)
        for split in splits:
            deque(dataset.prepare_split(split), maxlen=0)
            np.array(dataset.split(split).x)

    return block
