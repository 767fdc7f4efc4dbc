"""Batches that do not fit into memory: computed in parts of half as many rows, with the same results.

Where gradients are wanted, a part is computed again for its gradient (checkpointing), so that only one is in memory.
"""

import logging
from collections.abc import Callable

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from fairprog_core.common.errors.machine import is_out_of_memory

log = logging.getLogger(__name__)


class InParts:
    """Applies a function to batches; remembers how many rows fitted.

    Attributes:
        most: rows at a time; None: as many as come.
    """

    def __init__(self) -> None:
        self.most: int | None = None

    def __call__(self, function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """``function(x)`` for x (k, …), which treats every row alone.

        Raises:
            RuntimeError: not even one row fits into memory.
        """
        while True:
            try:
                return self._apply(function, x)
            except (RuntimeError, MemoryError) as error:
                rows = min(self.most or len(x), len(x))
                if rows <= 1 or not is_out_of_memory(error):
                    raise
                self.most = (rows + 1) // 2
                log.warning("Memory is used up by %d pictures at a time; from now on %d are computed.", rows, self.most)
            if x.is_cuda:
                torch.cuda.empty_cache()  # after the exception and what it held are gone

    def _apply(self, function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        if self.most is None or len(x) <= self.most:
            return function(x)
        parts = torch.split(x, self.most)
        if torch.is_grad_enabled():
            outputs = [checkpoint(function, part, use_reentrant=False) for part in parts]
        else:
            outputs = [function(part) for part in parts]
        return torch.cat(outputs)
