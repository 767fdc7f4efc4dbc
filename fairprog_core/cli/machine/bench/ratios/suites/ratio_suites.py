"""The suites of ratios by name, at one size."""

from collections.abc import Callable, Iterator

from fairprog_core.cli.machine.bench.ratios.cases import RatioSize
from fairprog_core.cli.machine.bench.ratios.rows import BenchRow
from fairprog_core.cli.machine.bench.ratios.sides import BenchClock
from fairprog_core.cli.machine.bench.ratios.suites.curve import curve_rows
from fairprog_core.cli.machine.bench.ratios.suites.evaluate import evaluate_rows
from fairprog_core.cli.machine.bench.ratios.suites.precision import precision_rows
from fairprog_core.cli.machine.bench.ratios.suites.prepare import prepare_rows
from fairprog_core.cli.machine.bench.ratios.suites.scale import scale_rows
from fairprog_core.cli.machine.bench.ratios.suites.screen import screen_rows
from fairprog_core.cli.machine.bench.ratios.suites.step import step_rows

SIZE = RatioSize()
NAMES = {
    "step": tuple(f"step/{case}{kind}" for case in ("resnet18-224", "faces", "comments") for kind in ("", "-floor")),
    "curve": ("curve/faces-separate", "curve/faces-authors", "curve/faces-large-steps", "curve/comments-separate"),
    "precision": ("precision/resnet18-224-step", "precision/faces", "precision/comments"),
    "evaluate": ("evaluate/resnet18-224", "evaluate/faces", "evaluate/comments"),
    "prepare": ("prepare/faces", "prepare/comments", "prepare/photos"),
    "screen": ("screen/start", "screen/tradeoff"),
    "scale": (
        "scale/pictures-step", "scale/pictures-predict", "scale/pictures-step-memory",
        "scale/pictures-step-own-memory", "scale/pictures-predict-memory", "scale/pictures-predict-own-memory",
    ),
}  # of the rows, in their order; they stay as they are, so that figures of versions can be compared  # fmt: skip


def _screen(clock: BenchClock, size: RatioSize) -> Iterator[BenchRow]:
    return screen_rows(rounds=size.rounds, redraws=size.redraws)


SUITE_ROWS: dict[str, Callable[[BenchClock, RatioSize], Iterator[BenchRow]]] = {
    "step": step_rows,
    "curve": curve_rows,
    "precision": precision_rows,
    "evaluate": evaluate_rows,
    "prepare": prepare_rows,
    "screen": _screen,
    "scale": scale_rows,
}


def measure(name: str, device: str, threads: int) -> Iterator[BenchRow]:
    """The rows of one suite, each as soon as it is there.

    Args:
        name: key of `SUITE_ROWS`.
        device: "cpu" or "cuda".
        threads: that torch computes with on the CPU.
    """
    return SUITE_ROWS[name](BenchClock(device, threads), SIZE)
