"""What the looks inside share: how much is looked at, how progress is told, what is found."""

from collections.abc import Generator, Iterator
from typing import Any, NamedTuple, Protocol, TypeVar

from numpy.typing import NDArray

T = TypeVar("T")
Work = Generator[str, None, T]  # yields what is done next, returns its result


class Looks(Protocol):
    """How much is looked at (the study's ``explain``)."""

    @property
    def gallery(self) -> int: ...
    @property
    def rows(self) -> int: ...
    @property
    def probe(self) -> bool: ...


class Findings(NamedTuple):
    """What a survey found: two JSON summaries, the gallery's arrays and their description."""

    explain: dict[str, Any]
    probe: dict[str, Any] | None
    gallery: dict[str, NDArray[Any]]
    metadata: dict[str, Any]


class Step(NamedTuple):
    """Progress: what is done next, the finished share, and at the very end the findings."""

    label: str
    fraction: float
    findings: Findings | None = None


def walk(work: Work[Findings], total: int) -> Iterator[Step]:
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
