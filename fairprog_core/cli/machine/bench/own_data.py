"""Measures how fast tables of one's own are read, and how much memory that takes, on generated files.

Every step is a process of its own on a temporary home, so that its peak of memory is its own. "Read" fills the cache,
"later start" opens what is there, as every run after the first does.
"""

import csv
import io
import os
import resource
import tempfile
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from fairprog_core.cli.machine.bench.ratios.rows import BenchRow
from fairprog_core.common.errors import size
from fairprog_core.common.home import Home
from fairprog_core.data import TableOptions
from fairprog_core.data.table.splits import PARTS

SUITE = "data"
STEPS = ("read", "later start")
N_TEXTS, N_PICTURES = 450_000, 200_000
HEAD = (
    "| data | step | rows | size | seconds | rows/s | peak memory |",
    "| --- | --- | --- | --- | --- | --- | --- |",
)
_WORDS = ("the", "bus", "was", "late", "again", "my", "neighbours", "sing", "well", "who", "needs", "this", "rain")
_WIDTH, _HEIGHT, _DIFFERENT = 178, 218, 64  # of the pictures, as CelebA's; so many differ before their last bytes


@dataclass(frozen=True)
class DataRate:
    """One step.

    Attributes:
        data: "texts" or "pictures".
        step: "read" or "later start".
        n: number of rows.
        n_bytes: size of the files.
        seconds: of the step, without starting the process.
        peak: of memory in bytes, the process itself included.
    """

    data: str
    step: str
    n: int
    n_bytes: int
    seconds: float
    peak: int


def data_rates(*, n_texts: int = N_TEXTS, n_pictures: int = N_PICTURES) -> Iterator[DataRate]:
    """Measure a table of texts and one of pictures."""
    with tempfile.TemporaryDirectory(prefix="fairprog-bench-") as folder:
        home = Path(folder) / "home"
        for data, make, n in (("texts", _write_texts, n_texts), ("pictures", _write_pictures, n_pictures)):
            options, n_bytes = make(Path(folder) / data, n)
            for step in STEPS:
                seconds, peak = _in_a_process(options, home)
                yield DataRate(data, step, n, n_bytes, seconds, peak)


def table_row(rate: DataRate) -> str:
    """The row of a table that Markdown reads."""
    cells = (
        rate.data, rate.step, f"{rate.n:,}", size(rate.n_bytes), f"{rate.seconds:.1f}",
        f"{rate.n / rate.seconds:,.0f}", size(rate.peak),
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def bench_rows(found: list[DataRate]) -> list[BenchRow]:
    """By data, a later start against the first reading, in seconds; and the peak of memory of each."""
    rows = []
    for data in dict.fromkeys(each.data for each in found):
        read, later = (next(each for each in found if (each.data, each.step) == (data, step)) for step in STEPS)
        work = f"a later start with {read.n:,} rows; reference: the first reading"
        rows.append(BenchRow.paired(f"{SUITE}/{data}", "s", [later.seconds], [read.seconds], work=work))
        rows.append(
            BenchRow.paired(
                f"{SUITE}/{data}-memory", "MB", [later.peak / 1e6], [read.peak / 1e6], work=f"peak of memory of {work}"
            )
        )
    return rows


def details(found: list[DataRate]) -> dict[str, object]:
    """All steps as JSON values."""
    return {"steps": [asdict(each) for each in found]}


def _in_a_process(options: TableOptions, home: Path) -> tuple[float, int]:
    """Seconds and peak of memory of preparing and opening all splits in a new process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_read, options, str(home)).result()


def _read(options: TableOptions, home: str) -> tuple[float, int]:
    from fairprog_core.data.table.dataset import OwnTable

    start = time.perf_counter()
    dataset = OwnTable(options, Home.find(home))
    for name in PARTS:
        for _ in dataset.prepare_split(name):
            pass
        dataset.split(name)
    seconds = time.perf_counter() - start
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _write_texts(folder: Path, n: int) -> tuple[TableOptions, int]:
    """A table of n comments of 10 to 90 words, with a score as label and three groups that overlap."""
    folder.mkdir()
    path, random = folder / "comments.csv", np.random.default_rng(0)
    lengths, scores, groups = random.integers(10, 90, n), random.random(n), random.random((n, 3)) < 0.2
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["comment", "toxicity", "christian", "muslim", "jewish"])
        for i in range(n):
            words = random.integers(0, len(_WORDS), lengths[i])
            text = f"{i}: {' '.join(_WORDS[word] for word in words)}"
            table.writerow([text, f"{scores[i]:.3f}", *groups[i].astype(int)])
    options = TableOptions(
        path=str(path), text="comment", label="toxicity", threshold=0.5, groups=("christian", "muslim", "jewish")
    )
    return options, path.stat().st_size


def _write_pictures(folder: Path, n: int) -> tuple[TableOptions, int]:
    """A table of n JPEGs as large as CelebA's, no two of which are equal: each ends with its number."""
    from PIL import Image

    folder.mkdir()
    random, kinds = np.random.default_rng(0), []
    for _ in range(_DIFFERENT):
        coarse = random.integers(0, 255, (12, 10, 3), dtype=np.uint8)
        content = io.BytesIO()
        Image.fromarray(coarse).resize((_WIDTH, _HEIGHT), Image.Resampling.BICUBIC).save(content, "jpeg", quality=90)
        kinds.append(content.getvalue())
    n_bytes = 0
    with (folder / "photos.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["file", "smiling", "gender"])
        for i in range(n):
            name = f"{i:06}.jpg"
            content_of = kinds[i % _DIFFERENT] + zlib.crc32(name.encode()).to_bytes(4, "big") + name.encode()
            n_bytes += len(content_of)
            (folder / name).write_bytes(content_of)  # what follows the end of a JPEG is not read
            table.writerow([name, i % 2, "female" if i // 2 % 2 else "male"])
    options = TableOptions(path=os.fspath(folder / "photos.csv"), image="file", label="smiling", group="gender")
    return options, n_bytes
