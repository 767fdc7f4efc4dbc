"""Compares an exported file with classifier and trigger as fairprog runs them, and times both.

Notation: k rows, c classes.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch

from fairprog_core.common.errors import ModelError
from fairprog_core.deploy.export.files import OpenedFile
from fairprog_core.deploy.export.graph import ExportedGraph
from fairprog_core.triggers.base import Trigger

TOLERANCE = 1e-4  # of a logit
BATCHES = (1, 3, 64)
TIMED = (1, 64)
_SECONDS = 0.4  # of measuring, at most three passes longer
_FEWEST, _MOST = 3, 200


class Parity(NamedTuple):
    """The largest difference of a logit for a batch at one λ."""

    n_rows: int
    lam: float
    difference: float


def lams_to_check(trigger: Trigger, fixed: float | None, chosen: float | None = None) -> tuple[float, ...]:
    """λ at which a file is compared: the ends of the trained range, one between two anchors, and the chosen one."""
    if fixed is not None:
        return (fixed,)
    anchors = trigger.scale.anchor_lams
    middle = len(anchors) // 2
    between = (anchors[max(middle - 1, 0)] + 2 * anchors[middle]) / 3
    return tuple(sorted({anchors[0], between, anchors[-1], *([] if chosen is None else [chosen])}))


def compare(file: OpenedFile, graph: ExportedGraph, lams: Sequence[float], *, rows: Any = None) -> list[Parity]:
    """Compare logits on random rows, and on real ones if there are any, with those of classifier and trigger.

    Raises:
        ModelError: a logit differs by more than `TOLERANCE`, or is no finite number.
    """
    assert graph.trigger is not None
    found = []
    generator = torch.Generator().manual_seed(2)
    batches = [graph.random_inputs(n, generator) for n in BATCHES]
    if rows is not None and len(rows):
        batches.append(graph.inputs_of(rows))
    for inputs in filter(None, batches):  # pictures that the graph resizes are of another size than real rows
        for lam in lams:
            with torch.no_grad():
                expected = graph.classifier(graph.trigger(graph.to_classifier(*inputs), lam))
            logits = file(graph.with_lam(inputs, lam))
            if logits.shape != tuple(expected.shape):
                raise ModelError(
                    f"The exported file returns logits of the shape {logits.shape} for {len(inputs[0])} rows, expected "
                    f"is {tuple(expected.shape)}; it was not written."
                )
            difference = float(np.abs(logits - expected.numpy()).max())
            if not difference <= TOLERANCE:
                raise ModelError(
                    f"At λ = {lam:g} and {len(inputs[0])} rows a logit of the exported file differs by "
                    f"{difference:.2g} from the one here, allowed is {TOLERANCE:g}; the file was not written."
                )
            found.append(Parity(len(inputs[0]), lam, difference))
    return found


def latencies(*timed: tuple[OpenedFile, ExportedGraph], lam: float) -> list[dict[int, float]]:
    """Median milliseconds of a pass on one thread, by the number of rows, of each of several files.

    Their passes alternate, so that whatever else the machine does slows all of them down.
    """
    found: list[dict[int, float]] = [{} for _ in timed]
    with one_thread():
        for n in TIMED:
            runs = [
                partial(file, graph.with_lam(graph.random_inputs(n, torch.Generator().manual_seed(3)), lam))
                for file, graph in timed
            ]
            for milliseconds, seconds in zip(found, _passes(runs), strict=True):
                milliseconds[n] = statistics.median(seconds) * 1000
    return found


def _passes(runs: Sequence[Callable[[], object]]) -> list[list[float]]:
    """Seconds of some passes of each, in turn; a first pass of each does not count."""
    for run in runs:
        run()
    taken: list[list[float]] = [[] for _ in runs]
    while len(taken[0]) < _FEWEST or (sum(map(sum, taken)) < _SECONDS * len(runs) and len(taken[0]) < _MOST):
        for seconds, run in zip(taken, runs, strict=True):
            start = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - start)
    return taken


@contextmanager
def one_thread() -> Iterator[None]:
    """torch computes on one thread inside."""
    n = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n)
