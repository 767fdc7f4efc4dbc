"""The environment of a study: versions, device, threads."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

import torch
from pydantic import JsonValue

from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.common.errors import ConfigError, shown

PACKAGES = ("fairprog", "torch", "torchvision", "captum", "numpy", "streamlit", "plotly")


def warm_up() -> None:
    """Import what takes seconds: the encoders of texts."""
    CLASSIFIERS["encoder"].load()


def choose_device(name: str) -> torch.device:
    """The device for "auto", "cpu", "cuda" or "mps"; auto takes a GPU when there is one.

    Raises:
        ConfigError: this machine does not have the device.
    """
    if name not in ("auto", "cpu", "cuda", "mps"):
        raise ConfigError(f"device is {shown(name)}, allowed are auto, cpu, cuda and mps.")
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device("cuda" if available["cuda"] else "cpu")
    if not available[name]:
        found = ", ".join(device for device, is_available in available.items() if is_available)
        raise ConfigError(f"device: {name} is not available on this machine (found {found}); choose auto.")
    return torch.device(name)


def make_deterministic(device: torch.device) -> None:
    """Make a GPU compute the same numbers from the same seed, as a CPU does; for the whole process.

    Only then does a resumed run give the numbers of an uninterrupted one. Operations for which torch has no
    deterministic kernel stay as they are.
    """
    if device.type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read when cuBLAS is first used
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.backends.cuda.enable_mem_efficient_sdp(False)  # its attention sums gradients in any order


@contextmanager
def deterministic(device: torch.device) -> Iterator[None]:
    """As `make_deterministic` inside; afterwards the process computes as before."""
    is_strict, is_warning = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    is_efficient = torch.backends.cuda.mem_efficient_sdp_enabled()  # type: ignore[no-untyped-call]
    try:
        make_deterministic(device)
        yield
    finally:
        torch.use_deterministic_algorithms(is_strict, warn_only=is_warning)
        torch.backends.cuda.enable_mem_efficient_sdp(is_efficient)


def releases(*packages: str) -> dict[str, str]:
    """Major and minor version of packages, e.g. {"torch": "2.9"}: patch releases count as equal."""
    return {name: ".".join(version(name).split(".")[:2]) for name in packages}


def describe(device: torch.device) -> dict[str, JsonValue]:
    """The ``environment`` of the result JSON."""
    return {
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "threads": torch.get_num_threads(),
        "platform": platform.platform(),
    }
