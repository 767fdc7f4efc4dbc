"""The suite ``scale``: 200,000 memory-mapped pictures against 2,000: steps, predictions and memory."""

import resource
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from itertools import count, cycle
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fairprog_core.classifiers.predict import predict
from fairprog_core.cli.machine.bench.ratios.cases import FACES, BenchCase, RatioSize, make_cases
from fairprog_core.cli.machine.bench.ratios.rows import BenchRow
from fairprog_core.cli.machine.bench.ratios.sides import BenchClock, BlockOfWork, in_turns, sides
from fairprog_core.data.base import Split

SUITE = "scale"
_STATUS = Path("/proc/self/status")


class UsedMemory(NamedTuple):
    """Memory of a process in megabytes.

    Attributes:
        peak: the most that was resident, pages of mapped files included, which the system can take back.
        own: resident now without these; None where the system does not say.
    """

    peak: float
    own: float | None


def scale_rows(clock: BenchClock, size: RatioSize) -> Iterator[BenchRow]:
    """Rows of steps, of predictions of all pictures, and of memory after both.

    Args:
        clock: device and threads.
        size: how much is measured.
    """
    few, many = size.n_scale
    with tempfile.TemporaryDirectory(prefix="fairprog-bench-") as folder:
        (case,) = make_cases(Path(folder), clock.device, size, FACES)
        files, step = [_pictures(case, n) for n in (many, few)], case.work()
        n_steps, n_blocks = size.block[FACES], size.rounds + 1
        with sides(clock, *(partial(_steps, case, file, n_steps) for file in files)) as opened:
            steps = [[1e3 * seconds / n_steps for seconds in found] for found in in_turns(opened, size.rounds)]
            of_steps = [side.ask(_memory) for side in opened]
        with sides(clock, *(partial(_predictions, case, file, n_blocks) for file in files)) as opened:
            found = in_turns(opened, size.rounds)
            memory = [side.ask(_memory) for side in opened]
    predicted = [
        [1e6 * seconds / (n // n_blocks) for seconds in each] for n, each in zip((many, few), found, strict=True)
    ]
    reference = f"{many:,} memory-mapped pictures of 64 px; reference: {few:,}"
    yield BenchRow.paired(f"{SUITE}/pictures-step", "ms", *steps, work=f"a step of {step}, {reference}")
    yield BenchRow.paired(
        f"{SUITE}/pictures-predict", "ms/1000 rows", *predicted, work=f"prediction of all, {reference}"
    )
    for name, used in (("step", of_steps), ("predict", memory)):
        yield BenchRow.paired(
            f"{SUITE}/pictures-{name}-memory", "MB", *([each.peak] for each in used),
            work=f"peak of the process, mapped pages included, {reference}",
        )  # fmt: skip
        if all(each.own is not None for each in used):
            yield BenchRow.paired(
                f"{SUITE}/pictures-{name}-own-memory", "MB", *([each.own] for each in used),
                work=f"memory of the process at the end without mapped pages, {reference}",
            )  # fmt: skip


def _pictures(case: BenchCase, n: int) -> Path:
    """A file with n pictures, the tuning rows over and over."""
    drawn = np.array(case.dataset.split("tune").x)
    path = case.folder / f"pictures-{n}.npy"
    written = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(n, *drawn.shape[1:]))
    for start in range(0, n, len(drawn)):
        written[start : start + len(drawn)] = drawn[: n - start]
    written.flush()
    return path


def _split(case: BenchCase, path: Path) -> Split:
    """The pictures of a file, memory-mapped, with their labels and groups."""
    tune, x = case.dataset.split("tune"), np.load(path, mmap_mode="r")
    y, z = (np.resize(values, len(x)) for values in (tune.y, tune.z))
    return Split(x, y, z, tune.cell_share, is_stratified=False)


def _steps(case: BenchCase, path: Path, n: int) -> BlockOfWork:
    """n training steps on the pictures of a file."""
    training = case.training(case.classifier(), _split(case, path))
    learner, steps = training.new_learner(training.for_every_lam(), None), count()

    def block() -> None:
        for _ in range(n):
            learner.step(next(steps))

    return block


def _predictions(case: BenchCase, path: Path, n_blocks: int) -> BlockOfWork:
    """Predict the next part of the pictures of a file; all of them in ``n_blocks`` blocks."""
    classifier, split = case.classifier(), _split(case, path)
    n = len(split.y) // n_blocks
    starts = cycle(range(0, n * n_blocks, n))

    def block() -> None:
        part = slice(start := next(starts), start + n)
        predict(classifier, Split(split.x[part], split.y[part], split.z[part], split.cell_share, is_stratified=False))

    return block


def _memory() -> UsedMemory:
    """The memory of this process."""
    unit = 1e6 if sys.platform == "darwin" else 1e3
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    lines = _STATUS.read_text().splitlines() if _STATUS.is_file() else []
    own = next((int(line.split()[1]) / 1e3 for line in lines if line.startswith("RssAnon:")), None)
    return UsedMemory(peak, own)
