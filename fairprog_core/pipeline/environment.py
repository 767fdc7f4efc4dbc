"""What a study ran on: versions, device, threads."""

import os
import platform
from importlib.metadata import version

import torch
from pydantic import JsonValue

from fairprog_core.common.errors import ConfigError

PACKAGES = ("fairprog", "torch", "torchvision", "captum", "numpy", "streamlit", "plotly")


def choose_device(name: str) -> torch.device:
    """The device for "auto", "cpu", "cuda" or "mps"; auto takes a GPU when there is one.

    Raises:
        ConfigError: the named device is not there.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device("cuda" if there["cuda"] else "cpu")
    if not there[name]:
        found = ", ".join(device for device, is_there in there.items() if is_there)
        raise ConfigError(f"device: {name} is not available on this machine (found {found}); choose auto.")
    return torch.device(name)


def repeat_alike(device: torch.device) -> None:
    """Have a GPU compute the same numbers from the same seed each time, as a CPU does; for this whole process.

    Only then does an interrupted run go on with the numbers of one that was not. What torch has no such kernel for
    stays as it is.
    """
    if device.type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read when cuBLAS is first used
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.backends.cuda.enable_mem_efficient_sdp(False)  # attention whose gradients are summed in any order


def releases(*packages: str) -> dict[str, str]:
    """Major and minor version of packages, e.g. {"torch": "2.9"}: numbers of a patch release are taken for the same."""
    return {name: ".".join(version(name).split(".")[:2]) for name in packages}


def describe(device: torch.device) -> dict[str, JsonValue]:
    """The ``environment`` of the result JSON."""
    return {
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "threads": torch.get_num_threads(),
        "platform": platform.platform(),
    }
