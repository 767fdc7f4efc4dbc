"""What explainers share: saliency maps and values, logit margins.

Notation: k photos or texts, c classes, s image side, a×b saliency map, t tokens.
"""

from collections.abc import Generator, Iterator
from typing import Any, ClassVar, NamedTuple, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Target = int | Tensor | None  # a class for all photos, one per photo (k,), or None: the predicted class


class Saliency(NamedTuple):
    """Saliency maps and what they speak about.

    Attributes:
        maps: (k, a, b) float32 on the CPU; of texts (k, t), 0 where a text has ended.
        logits: (k, c) float32, of the same pass.
        target: (k,) int64, the class that each map explains.
        delta: (k,) float32, convergence delta in units of the logit; None where there is none.
        steps: (k,) int64, steps that were taken; None where there are none.
        converged: (k,) bool; None where nothing has to converge.
        change: (k,) float32, what the attributions should add up to; None where they need not.
    """

    maps: Tensor
    logits: Tensor
    target: Tensor
    delta: Tensor | None = None
    steps: Tensor | None = None
    converged: Tensor | None = None
    change: Tensor | None = None


class Explainer(Protocol):
    """A module and photos or texts in, one saliency map for each out; the module is left as it was.

    ``is_signed`` says whether maps have negative parts.
    """

    is_signed: ClassVar[bool]

    def __init__(self, options: Any) -> None: ...

    def explain(self, model: nn.Module, x: Any, *, target: Target = None) -> Saliency:
        """Explain x: photos (k, 3, s, s) in [0, 1], or k texts as a ``TextInput``."""


def chunks(n: int, size: int) -> Iterator[slice]:
    """Consecutive slices of at most ``size`` rows that cover n rows."""
    return (slice(start, min(start + size, n)) for start in range(0, n, size))


def choose(logits: Tensor, target: Target) -> Tensor:
    """The class (k,) that each row is explained for; None: the predicted one."""
    if target is None:
        return logits.detach().argmax(1)
    return torch.as_tensor(target, device=logits.device).expand(len(logits))


def part_of(target: Target, rows: slice) -> Target:
    """The target of some of the photos."""
    return target[rows] if isinstance(target, Tensor) and target.ndim else target


@torch.inference_mode()
def logits_of(model: nn.Module, x: Tensor, *, batch_size: int = 64) -> Tensor:
    """Logits (k, c) of photos x (k, 3, s, s), on the CPU."""
    if len(x) == 0:
        raise ValueError("no photos")
    return torch.cat([model(x[rows]) for rows in chunks(len(x), batch_size)]).float().cpu()


def margin(logits: NDArray[np.float32], of: NDArray[np.int64]) -> NDArray[np.float64]:
    """Logit of a class minus the largest other logit, logits (k, c) and classes (k,) -> (k,)."""
    rows = np.arange(len(logits))
    others = logits.astype(np.float64).copy()
    others[rows, of] = -np.inf
    gap: NDArray[np.float64] = logits[rows, of].astype(np.float64) - others.max(1)
    return gap


T = TypeVar("T")
Work = Generator[str, None, T]  # yields what is done next, returns its result


class ExplainSettings(Protocol):
    """How much is looked at (the study's ``explain``)."""

    @property
    def gallery(self) -> int: ...
    @property
    def rows(self) -> int: ...
    @property
    def probe(self) -> bool: ...


class ExplanationResult(NamedTuple):
    """What a survey found: two JSON summaries, the gallery's arrays and their description."""

    explain: dict[str, Any]
    probe: dict[str, Any] | None
    gallery: dict[str, NDArray[Any]]
    metadata: dict[str, Any]


class Step(NamedTuple):
    """Progress: what is done next, the finished share, and at the very end the findings."""

    label: str
    fraction: float
    findings: ExplanationResult | None = None


def walk(work: Work[ExplanationResult], total: int) -> Iterator[Step]:
    """Steps of work that yields about ``total`` times; closing the generator cancels it."""
    done = 0
    try:
        while True:
            label = next(work)
            yield Step(label, min(done / total, 0.99))
            done += 1
    except StopIteration as end:
        yield Step("Looking inside is finished", 1.0, end.value)
    finally:
        work.close()


def labelled(work: Generator[Any, None, T], label: str) -> Work[T]:
    """Run a generator for its result; whatever it yields becomes one label."""
    yield label
    try:
        while True:
            next(work)
            yield label
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        work.close()


def finish(work: Generator[Any, None, T]) -> T:
    """Run a generator for its result alone."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result
