"""Measures the speed of this machine, on pictures and on texts.

The result contains the load before and after, because figures of a busy machine are unreliable.
"""

import os
import platform
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from fairprog_core.cli.machine.bench.measurement import QUICK, Measurement, Size
from fairprog_core.cli.machine.bench.pictures import Pictures
from fairprog_core.cli.machine.bench.texts import Texts
from fairprog_core.common.errors import ConfigError
from fairprog_core.common.home import Home
from fairprog_core.common.process import memory
from fairprog_core.pipeline.jobs.environment import describe, make_deterministic

__all__ = ["QUICK", "SCHEMA", "Measurement", "Size", "bench"]

SCHEMA = "fairprog.bench/1"
OnMeasurement = Callable[[Measurement], None]


def bench(
    *,
    devices: Sequence[str] | None = None,
    threads: int | None = None,
    size: Size | None = None,
    progress: OnMeasurement | None = None,
) -> dict[str, object]:
    """Measure this machine.

    Args:
        devices: "cpu", "cuda" or both; None: the CPU, and a GPU when there is one.
        threads: torch's threads on the CPU; None: one, as in a run.
        size: how much to measure; None: about a minute.
        progress: called with every new figure.

    Returns:
        JSON values (schema ``fairprog.bench/1``): environment, measurements, ratios.

    Raises:
        ConfigError: "cuda" is requested on a machine without a GPU.
    """
    if "cuda" in (devices or ()) and not torch.cuda.is_available():
        raise ConfigError("There is no GPU here that CUDA can use; measure the CPU alone, with --device cpu.")
    before = torch.get_num_threads()
    memory.keep_freed()  # as in a run
    torch.set_num_threads(threads or 1)
    try:
        machine = _machine()
        figures = []
        for figure in _measurements(devices or _devices(), size or Size()):
            figures.append(figure)
            if progress:
                progress(figure)
        machine["load_average_after"] = _load_average()
    finally:
        torch.set_num_threads(before)
    return {
        "schema": SCHEMA,
        "environment": machine,
        "measurements": [asdict(figure) for figure in figures],
        "ratios": _ratios(figures),
    }


def _machine() -> dict[str, object]:
    """The ``environment`` of a study's result, with processor and load average."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    described = {**describe(torch.device("cpu")), "gpu": gpu, "processor": _processor(), "cores": os.cpu_count()}
    return {**described, "load_average_before": _load_average()}


def _measurements(devices: Sequence[str], size: Size) -> Iterator[Measurement]:
    with tempfile.TemporaryDirectory(prefix="fairprog-bench-") as folder:
        home = Home(Path(folder))
        pictures, texts = Pictures(home, size), Texts(home, size)
        yield pictures.drawing()
        for device in devices:
            make_deterministic(torch.device(device))  # as in a run
            yield from pictures.on(device)
            yield from texts.on(device)


def _ratios(figures: Sequence[Measurement]) -> list[dict[str, object]]:
    """Time of one variant of the same work over that of another, on the same device; below 1: the first is faster."""
    value = {(figure.name, figure.device): figure.value for figure in figures}
    of, against = "trigger_step_border", "trigger_step_border_two_passes"
    about = "one backward pass with frozen weights against two passes with weights that are not"
    return [
        {"of": of, "against": against, "device": device, "value": value[of, device] / value[against, device],
         "about": about}
        for name, device in value
        if name == of
    ]  # fmt: skip


def _devices() -> list[str]:
    return ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]


def _processor() -> str:
    """The processor's name, as far as the system reports it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8", errors="replace").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _load_average() -> list[float] | None:
    """The load average of 1, 5 and 15 minutes; None where the system has none."""
    return [round(value, 2) for value in os.getloadavg()] if hasattr(os, "getloadavg") else None
