"""Models that are code: TorchScript and torch.export files, and functions of a Python package.

Reading them runs what their author wrote, so on a page they need the leave of the server's owner, see `common.sharing`.

Notation: k rows, m outputs.
"""

import hashlib
import importlib
import importlib.util
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from fairprog_core.classifiers import ImageModelOptions
from fairprog_core.classifiers.image_model.opened import OpenedModel
from fairprog_core.classifiers.image_model.reading import PictureReading
from fairprog_core.classifiers.weights_file import read_checkpoint
from fairprog_core.common.errors import ConfigError, ModelError, shorten, shown
from fairprog_core.common.files.checksums import sha256_of
from fairprog_core.common.home import is_file, user_path

BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)  # fixed ones that are tried
_FAILS = (RuntimeError, ValueError, TypeError, AttributeError, LookupError, AssertionError, ArithmeticError)


class FixedBatch(nn.Module):
    """A net that takes batches of one size alone: longer ones are split, and the last one is filled up."""

    def __init__(self, net: nn.Module, size: int) -> None:
        super().__init__()
        self.net, self.size = net, size

    def forward(self, x: Tensor) -> Tensor:
        parts = []
        for rows in torch.split(x, self.size):
            more = self.size - len(rows)
            full = torch.cat([rows, rows[-1:].expand(more, *rows.shape[1:])]) if more else rows
            parts.append(self.net(full)[: len(rows)])
        return torch.cat(parts)


class CodeNet(nn.Module):
    """A program around which nothing but its call is known: a module of this class holds it."""

    def __init__(self, program: nn.Module) -> None:
        super().__init__()
        self.program = program

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.program(x)
        return output


def open_file(kind: str, path: str, options: ImageModelOptions) -> OpenedModel:
    """A TorchScript file ("script") or one of torch.export ("export").

    Raises:
        ConfigError: weights are named, which the file has itself.
        ModelError: it is none, or cannot be read.
    """
    if options.weights:
        raise ConfigError(
            "classifier.weights is for timm, torchvision and factories, and this file has its own; leave it out."
        )
    file = user_path(path)
    about = {"kind": kind, "path": str(file), "sha256": sha256_of(file)}
    return OpenedModel(_program(about), about, PictureReading(), f"The model {shorten(file, 80)}")


def open_function(name: str, options: ImageModelOptions) -> OpenedModel:
    """What a function ``package.module:function`` returns, a module of torch; with the named weights, if any.

    Raises:
        ModelError: there is no such function, it fails or returns something else, or the weights are not its own.
    """
    net, where = _call(name), f"The model factory:{shorten(name, 60)}"
    notes: tuple[str, ...] = ()
    if options.weights:
        checkpoint = read_checkpoint(options.weights).named_as(net.state_dict())
        net.load_state_dict(checkpoint.check(net.state_dict(), net=f"factory:{name}"))
        notes = checkpoint.notes
    about = {"kind": "factory", "function": name, "sha256": source_digest(name)}
    return OpenedModel(net.eval(), about, PictureReading(), where, notes=notes)


def rebuild_code(about: Mapping[str, Any]) -> nn.Module:
    """The net of a description, from the same file or function, which must not have changed.

    Raises:
        ModelError: it is gone, or has changed.
    """
    if about["kind"] == "factory":
        if source_digest(about["function"]) != about["sha256"]:
            raise ModelError(f"the code of factory:{shorten(about['function'], 60)} has changed; run the study again.")
        return _call(about["function"]).eval()
    file = user_path(about["path"])
    if not is_file(file) or sha256_of(file) != about["sha256"]:
        raise ModelError(f"the program {shorten(file.name, 60)} is gone or has changed; put back the one of the study.")
    return _program(about)


def take_any_batch(net: nn.Module, x: Tensor, *, where: str) -> tuple[nn.Module, int]:
    """A net that takes any number of rows, and the one number that it takes itself; 0: any.

    Args:
        net: (k, 3, h, w) -> (k, m).
        x: one input of (1, 3, h, w).
        where: the net, for the error.

    Raises:
        ModelError: it takes none of the usual numbers.
    """
    fits = [size for size in (1, 3) if _takes(net, x, size)]
    if len(fits) == 2:
        return net, 0
    for size in fits or BATCHES:
        if _takes(net, x, size):
            return FixedBatch(net, size), size
    reason = _failure(net, x)
    raise ModelError(
        f"{where} fails on pictures of {' × '.join(map(str, x.shape[2:]))} pixels in batches of 1 to {BATCHES[-1]} "
        f"({reason}); set classifier.image_size to the side that it reads."
    )


def _takes(net: nn.Module, x: Tensor, size: int) -> bool:
    try:
        with torch.no_grad():
            return len(net(x.expand(size, *x.shape[1:]).contiguous())) == size
    except _FAILS:
        return False


def _failure(net: nn.Module, x: Tensor) -> str:
    try:
        with torch.no_grad():
            net(x)
    except _FAILS as error:
        lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        return shorten(lines[-1], 90)
    return "it returns another number of rows"


def _program(about: Mapping[str, Any]) -> nn.Module:
    file = Path(about["path"])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch.jit is no longer developed, but its files are in use
            if about["kind"] == "script":
                script = torch.jit.load(str(file), map_location="cpu")  # type: ignore[no-untyped-call]
                return CodeNet(script).eval()
            program: nn.Module = torch.export.load(file).module()
    except Exception as error:  # both readers raise exceptions of any type for another file
        what = "TorchScript" if about["kind"] == "script" else "torch.export"
        raise ModelError(
            f"{shorten(file, 100)} is no {what} file that can be read here ({shorten(error, 60)}); a file of weights "
            "belongs to classifier.weights, with timm:NAME or torchvision:NAME as classifier.model."
        ) from error
    for name in ("train", "eval"):  # torch.export fixes the mode, and refuses both calls even where nothing changes
        program.__dict__.pop(name, None)
    return CodeNet(program).eval()


def _call(name: str) -> nn.Module:
    module, _, function = name.partition(":")
    try:
        net = getattr(importlib.import_module(module), function)()
    except Exception as error:  # the function is the user's
        raise ModelError(
            f"factory:{shorten(name, 80)} cannot be called ({type(error).__name__}: {shorten(error, 80)}); give the "
            "package.module:function of a function without arguments that returns the model."
        ) from error
    if not isinstance(net, nn.Module):
        raise ModelError(f"factory:{shorten(name, 80)} returned {shown(net, 60)}; it must return a torch.nn.Module.")
    return net


def source_digest(name: str) -> str:
    """SHA-256 of the source file of a function's module; "": it has none."""
    try:
        spec = importlib.util.find_spec(name.partition(":")[0])
    except (ImportError, ValueError, AttributeError):
        spec = None
    if spec is None or spec.origin is None or not is_file(Path(spec.origin)):
        return ""
    return hashlib.sha256(Path(spec.origin).read_bytes()).hexdigest()
