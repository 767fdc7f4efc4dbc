"""What explainers and reports share: saliency maps, batches, and work that reports its progress.

Notation: k photos or texts, c classes, s image side, a×b saliency map, t tokens.
"""

from collections.abc import Callable, Generator, Iterator
from typing import Any, ClassVar, NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor, nn

from fairprog_core.metrics.explanations.averages import ImageExplanation, TextExplanation
from fairprog_core.metrics.explanations.gallery import GalleryAbout, GalleryArrays
from fairprog_core.metrics.explanations.probe import Probe

Target = int | Tensor | None  # a class for all photos, one per photo (k,), or None: the predicted class


class Saliency(NamedTuple):
    """Saliency maps, and the classes that they explain.

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
    """What every entry of `EXPLAINERS` offers; its constructor takes the options.

    Attributes:
        is_signed: whether maps have negative parts.
    """

    is_signed: ClassVar[bool]

    def explain(self, model: nn.Module, x: Any, *, target: Target = None) -> Saliency:
        """One saliency map for each input; the module does not change.

        Args:
            model: inputs to logits (k, c); in evaluation mode.
            x: photos (k, 3, s, s) in [0, 1], or k texts as a ``TextInput``.
            target: the class to explain; None: the predicted one.
        """


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
def logits_of(model: Callable[[Tensor], Tensor], x: Tensor, *, batch_size: int = 64) -> Tensor:
    """Logits (k, c) of photos x (k, 3, s, s), on the CPU."""
    if len(x) == 0:
        raise ValueError("no photos")
    return torch.cat([model(x[rows]) for rows in chunks(len(x), batch_size)]).float().cpu()


T = TypeVar("T")
Work = Generator[str, None, T]  # yields a label for the next step, returns its result


class ExplainSettings(Protocol):
    """How much is explained (the study's ``explain``): gallery rows, rows of the averages, and whether to probe."""

    @property
    def gallery(self) -> int: ...
    @property
    def rows(self) -> int: ...
    @property
    def probe(self) -> bool: ...


class ExplanationResult(NamedTuple):
    """The explanations of one curve.

    Attributes:
        explain: averages along λ.
        probe: of demographic classifiers and linear readings; None where the study does not ask for it.
        gallery: arrays of the gallery's file.
        metadata: note about these arrays.
    """

    explain: ImageExplanation | TextExplanation
    probe: Probe | None
    gallery: GalleryArrays
    metadata: GalleryAbout


class Step(NamedTuple):
    """Progress: a label for the next step, the finished share (0 … 1), and in the last step the findings."""

    label: str
    fraction: float
    findings: ExplanationResult | None = None


def walk(work: Work[ExplanationResult], total: int) -> Iterator[Step]:
    """Progress of work that yields about ``total`` times; closing the generator cancels the work."""
    done = 0
    try:
        while True:
            label = next(work)
            yield Step(label, min(done / total, 0.99))
            done += 1
    except StopIteration as end:
        yield Step("Explanations are finished", 1.0, end.value)
    finally:
        work.close()


def labelled(work: Generator[object, None, T], label: str) -> Work[T]:
    """Run a generator for its result; every value that it yields is replaced with one label."""
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


def finish(work: Generator[object, None, T]) -> T:
    """Run a generator to its end and return its result."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result
