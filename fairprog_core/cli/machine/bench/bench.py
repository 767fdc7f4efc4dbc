"""Measures the speed of this machine, on pictures and on texts; figures of a busy machine are unreliable."""

import os
import platform
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch

from fairprog_core.cli.machine.bench.measurement import QUICK, Measurement, Size
from fairprog_core.cli.machine.bench.pictures import Pictures
from fairprog_core.cli.machine.bench.ratios.rows import BenchRow
from fairprog_core.cli.machine.bench.texts import Texts
from fairprog_core.common.errors import ConfigError
from fairprog_core.common.home import Home
from fairprog_core.common.process import memory
from fairprog_core.pipeline.jobs.environment import describe, make_deterministic

__all__ = ["QUICK", "Measurement", "Size", "bench"]

SUITE = "speed"
BORDER_STEP = "trigger_step_border"
TWO_PASSES = "two backward passes, with weights that are not frozen"
OnMeasurement = Callable[[Measurement], None]


def bench(
    *,
    devices: Sequence[str] | None = None,
    threads: int | None = None,
    size: Size | None = None,
    progress: OnMeasurement | None = None,
) -> list[Measurement]:
    """Measure this machine.

    Args:
        devices: "cpu", "cuda" or both; None: the CPU, and a GPU when there is one.
        threads: torch's threads on the CPU; None: one, as in a run.
        size: how much to measure; None: about a minute.
        progress: called with every new figure.

    Raises:
        ConfigError: "cuda" is requested on a machine without a GPU.
    """
    if "cuda" in (devices or ()) and not torch.cuda.is_available():
        raise ConfigError("There is no GPU here that CUDA can use; measure the CPU alone, with --device cpu.")
    before = torch.get_num_threads()
    memory.keep_freed()  # as in a run
    torch.set_num_threads(threads or 1)
    figures = []
    try:
        for figure in _measurements(devices or _devices(), size or Size()):
            figures.append(figure)
            if progress:
                progress(figure)
    finally:
        torch.set_num_threads(before)
    return figures


def describe_machine(device: str) -> dict[str, object]:
    """The ``environment`` of a study's result, with GPU, processor and number of cores."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {**describe(torch.device(device)), "gpu": gpu, "processor": _processor(), "cores": os.cpu_count()}


def details(figures: Sequence[Measurement]) -> dict[str, object]:
    """All figures as JSON values."""
    return {"measurements": [asdict(figure) for figure in figures]}


def speed_rows(figures: Sequence[Measurement]) -> list[BenchRow]:
    """A row of every figure; the step of a border is compared with one of two backward passes through free weights."""
    slower = {figure.device: figure for figure in figures if figure.name == f"{BORDER_STEP}_two_passes"}
    rows = []
    for each in figures:
        name = f"{SUITE}/{each.name}{'' if each.device == 'cpu' else f'-{each.device}'}"
        row = BenchRow.alone(name, each.unit, each.value, n=each.repeats, work=each.about)
        if each.name == BORDER_STEP and (other := slower.get(each.device)) is not None:
            row = replace(
                row, reference=other.value, ratio=other.value / each.value, ratio_low=other.low / each.high,
                ratio_high=other.high / each.low, work=f"{each.about}; reference: {TWO_PASSES}",
            )  # fmt: skip
        rows.append(row)
    return rows


def _measurements(devices: Sequence[str], size: Size) -> Iterator[Measurement]:
    with tempfile.TemporaryDirectory(prefix="fairprog-bench-") as folder:
        home = Home(Path(folder))
        pictures, texts = Pictures(home, size), Texts(home, size)
        yield pictures.drawing()
        for device in devices:
            make_deterministic(torch.device(device))  # as in a run
            yield from pictures.on(device)
            yield from texts.on(device)


def _devices() -> list[str]:
    return ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]


def _processor() -> str:
    """The processor's name, as far as the system reports it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8", errors="replace").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
