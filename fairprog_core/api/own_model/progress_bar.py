"""The progress of a training as one line: on a terminal and in a notebook; nothing elsewhere."""

from collections.abc import Generator
from importlib.util import find_spec
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from fairprog_core.common.records import TrainingRecord

T = TypeVar("T")


def watch(records: Generator[TrainingRecord, None, T], title: str, *, is_shown: bool) -> T:
    """Run a training to its end, drawing its progress; returns what it returns.

    Args:
        records: of the training; closed after an error or Ctrl-C.
        title: in front of the bar.
        is_shown: False: draw nothing.
    """
    console = _console()
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeRemainingColumn())
    is_drawn = is_shown and (console.is_terminal or console.is_jupyter)
    with Progress(*columns, console=console, transient=True, disable=not is_drawn) as bar:
        task = bar.add_task(title, total=None)
        try:
            while True:
                record = next(records)
                if record["kind"] == "train":
                    bar.update(task, completed=record["step"], total=record["steps"])
                else:
                    bar.update(task, description=f"{title}: {_best(record['accuracy'], record['gap'])}")
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            records.close()


def _best(accuracies: list[float], gaps: list[float]) -> str:
    """The validation rows at the smallest gap."""
    gap, accuracy = min(zip(gaps, accuracies, strict=True))
    return f"gap {gap:.3f} at accuracy {accuracy:.3f}"


def _console() -> Console:
    """A notebook without ipywidgets gets plain text, since rich would draw nothing there and warn."""
    console = Console()
    if console.is_jupyter and find_spec("ipywidgets") is None:
        return Console(force_jupyter=False, force_terminal=True, width=100)
    return console
