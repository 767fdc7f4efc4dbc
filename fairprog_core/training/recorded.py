"""Training steps that a GPU repeats by itself: recorded once as a CUDA graph, then replayed.

A step of a small net is hundreds of small operations, and launching them takes longer than computing them; a replay
launches all of them at once. Whatever changes from step to step is a tensor that is copied into a fixed place before
the replay. The recorded function must therefore neither ask the host for anything nor depend on a number of Python's.
"""

import logging
from collections import Counter
from collections.abc import Callable
from typing import Protocol, TypeAlias

import torch
from torch import Tensor

from fairprog_core.common.files.json_values import short

log = logging.getLogger(__name__)

N_REHEARSALS = 3  # calls of every variant before it is recorded: libraries set themselves up in the first ones
StepWork: TypeAlias = Callable[[], Tensor]
Variant: TypeAlias = tuple[tuple[str, bool], ...]


class StepRecorder(Protocol):
    """Records what a function does on a device."""

    def rehearse(self, run: StepWork) -> Tensor:
        """Run a function in the way in which it will be recorded."""

    def record(self, run: StepWork) -> StepWork:
        """Record a function without running it; what is returned runs it, with the same tensor as result every time.

        Raises:
            RuntimeError: the function does something that cannot be recorded.
        """


class CudaGraphs:
    """Records CUDA graphs, on a stream beside the current one, as torch demands."""

    def __init__(self, device: torch.device) -> None:
        self.stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def rehearse(self, run: StepWork) -> Tensor:
        current = torch.cuda.current_stream(self.stream.device)
        self.stream.wait_stream(current)
        with torch.cuda.stream(self.stream):
            found = run()
        current.wait_stream(self.stream)
        return found

    def record(self, run: StepWork) -> StepWork:
        graph = torch.cuda.CUDAGraph()
        with (
            torch.cuda.stream(self.stream),  # also brings the current stream back after a recording that failed
            torch.cuda.graph(graph, stream=self.stream, capture_error_mode="thread_local"),
        ):
            found = run()

        def replay() -> Tensor:
            graph.replay()
            return found

        return replay


def recorder_for(device: torch.device) -> StepRecorder | None:
    """What records steps on a device; None: nothing does, and steps are simply called."""
    return CudaGraphs(device) if device.type == "cuda" else None


class Recorded:
    """The recordings of a function of tensors with fixed shapes, one for every variant of it.

    Every call is a call of the function: the first ones run it, recording it runs nothing.
    """

    def __init__(self, recorder: StepRecorder, *, device: torch.device, n_first: int = 0) -> None:
        """Nothing is recorded yet.

        Args:
            recorder: for the device.
            device: where the function computes.
            n_first: calls, of all variants together, in which the function may still allocate what it keeps.
        """
        self.recorder, self.device, self.n_first = recorder, device, n_first
        self.can_be_recorded = True
        self.forget()

    def forget(self) -> None:
        """Drop all recordings, because tensors that the function changes were replaced."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)  # none is dropped while it is replayed
        self._inputs: list[Tensor] = []
        self._n_calls = Counter[Variant]()
        self._recordings: dict[Variant, StepWork] = {}

    def __call__(self, function: Callable[..., Tensor], *inputs: Tensor, **variant: bool) -> Tensor:
        """The function's result on the device, valid until the next call; does not wait for the device.

        Args:
            function: the same in every call, but not kept; is given inputs on the device, and the variant. It may
                change tensors in place.
            inputs: tensors on the host, of the same shapes and types in every call.
            variant: booleans that name what the function does besides.
        """
        self._send(inputs)
        key = tuple(sorted(variant.items()))

        def run() -> Tensor:
            return function(*self._inputs, **variant)

        is_ready = self._n_calls[key] >= N_REHEARSALS and self._n_calls.total() >= self.n_first
        if is_ready and self.can_be_recorded and key not in self._recordings:
            self._record(key, run)
        self._n_calls[key] += 1
        return self._recordings[key]() if key in self._recordings else self.recorder.rehearse(run)

    def _send(self, inputs: tuple[Tensor, ...]) -> None:
        """Copy inputs to their places on the device."""
        if not self._inputs:
            self._inputs = [torch.empty_like(value, device=self.device) for value in inputs]
        for place, value in zip(self._inputs, inputs, strict=True):
            place.copy_(value.pin_memory() if place.is_cuda else value, non_blocking=True)

    def _record(self, key: Variant, run: StepWork) -> None:
        try:
            self._recordings[key] = self.recorder.record(run)
        except RuntimeError as error:
            self.can_be_recorded = False
            log.warning("The steps of this training are not recorded for the GPU and take longer: %s", short(error))


def read_later(values: Tensor) -> Callable[[], list[float]]:
    """Begin to copy values (n,) to the host; what is returned waits until they are there, and gives them as numbers."""
    found = torch.empty(values.shape, dtype=values.dtype, pin_memory=values.is_cuda)
    found.copy_(values, non_blocking=True)
    if not values.is_cuda:
        return found.tolist
    copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
    copied.record(torch.cuda.current_stream(values.device))

    def read() -> list[float]:
        copied.synchronize()
        numbers: list[float] = found.tolist()
        return numbers

    return read
