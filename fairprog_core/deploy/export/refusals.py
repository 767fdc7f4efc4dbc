"""What cannot be exported, and why: told before any work, or in one sentence after torch gave up."""

import importlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from fairprog_core.classifiers.base import Classifier
from fairprog_core.common.errors import ConfigError, FairprogError, ModelError, shorten
from fairprog_core.deploy.export.graph import ExportedGraph

PACKAGES = ("onnx", "onnxruntime", "onnxscript")
SAME = 1e-6  # two passes over the same rows on one thread differ by less, unless something is drawn at random
_FIXED = "Constraints violated"  # torch.export's words for a free dimension that is not free


def check_packages(packages: Sequence[str] = PACKAGES) -> None:
    """Refuse before any work if a library of the extra is missing.

    Raises:
        ConfigError: so it is.
    """
    for name in packages:
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise ConfigError(
                f'ONNX needs the library {name}, which is not installed; run pip install "fairprog[export]", or choose '
                "the format torch_export."
            ) from error


def check_classifier(classifier: Classifier) -> None:
    """Refuse a classifier that shows no graph.

    Raises:
        ModelError: so it is.
    """
    if getattr(classifier.options, "only_answers", False):
        raise ModelError(
            "A black box shows no weights, so it cannot be exported with its trigger; export needs the model itself, "
            "and `fairprog apply` sends rows with the trigger to it."
        )
    if any(isinstance(part, torch.jit.ScriptModule) for part in classifier.modules()):
        raise ModelError(
            "The classifier is a TorchScript program, which torch.export cannot follow; give the model as a "
            "torch.export file, as factory:…, or by the library that it is from."
        )


def check_is_fixed(graph: ExportedGraph, lam: float) -> int:
    """Refuse what answers the same rows differently each time, such as a mask that is drawn at random.

    Returns:
        The number of classes c.

    Raises:
        ModelError: so it is.
    """
    inputs = graph.with_lam(graph.random_inputs(3, torch.Generator().manual_seed(0)), lam)
    with torch.no_grad():
        first, second = graph(*inputs), graph(*inputs)
    difference = float((first - second).abs().max())
    if not difference <= SAME:
        raise ModelError(
            f"Classifier and trigger answer the same rows differently each time (logits differ by {difference:.2g}), "
            "so no fixed file can hold them; remove what is drawn at random."
        )
    return int(first.shape[1])


@contextmanager
def explaining(what: str) -> Iterator[None]:
    """Turn whatever torch, onnxscript or ONNX Runtime raises into one sentence.

    Raises:
        ModelError: in place of it.
    """
    try:
        yield
    except FairprogError:
        raise
    except Exception as error:  # each of them raises exceptions of any type
        if _FIXED in str(error):
            raise ModelError(
                "Classifier and trigger cannot be exported for any number of rows: one of them fixes that number, as a "
                "torch.export file for a fixed batch does, or len(x) in its code; export the model with a free batch, "
                "and write x.shape[0]."
            ) from error
        raise ModelError(
            f"Classifier and trigger cannot be exported: {what} says {_first_line(error)}; this is what it cannot "
            "follow, such as a step that depends on the values of its input."
        ) from error


def _first_line(error: BaseException) -> str:
    """The cause of an error in a few words."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return shorten(f"{type(error).__name__}: {lines[0] if lines else ''}", 130)
