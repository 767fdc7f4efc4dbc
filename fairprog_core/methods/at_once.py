"""Methods whose curve is solved for at once, without steps: all λ lie in one file."""

import time
from abc import abstractmethod
from collections.abc import Generator
from pathlib import Path
from typing import Any

from torch import Tensor

from fairprog_core.methods.base import Look, Method
from fairprog_core.methods.learned_file import write_learned
from fairprog_core.training import Record


class AtOnce(Method):
    """Solves, writes one file and looks once; subclasses say what is found.

    All of them learn from the features of their rows, which the curves of one sitting share; each is charged the
    seconds of these, as what a method takes must not depend on who came first.
    """

    @property
    def steps(self) -> int:
        return 1

    @property
    def file(self) -> Path:
        return self.task.folder / "learned.safetensors"

    @abstractmethod
    def find(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """What is learned from the rows of the task, for every reported λ: tensors and JSON values."""

    def learn(self, look: Look) -> Generator[Record, None, None]:
        if self.file.exists():
            return
        shared = self.task.features.seconds(self.task.split)
        started = time.perf_counter()
        tensors, values = self.find()
        about = {"steps": self.steps, "best_step": self.steps, "seconds": shared + time.perf_counter() - started}
        write_learned(self.file, tensors, **about, **values, **self.task.about)
        found = look(self.open(), self.task.lam.grid, {})
        yield {"kind": "validation", "step": self.steps, "steps": self.steps, "is_best": True, **found}
