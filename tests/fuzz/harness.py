"""Many damaged inputs for one reader: each must end in a value or in one sentence, soon, without much memory."""

import contextlib
import faulthandler
import json
import random
import resource
import signal
import time
import traceback
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import psutil
import pytest

from fairprog_core.common.errors import LONGEST, FairprogError

LIMIT = 10.0  # seconds that one input may take
LONGEST_CALL = 120.0  # seconds after which a process is ended in which no signal arrives
ROOM = 2 * 2**30  # bytes that reading may add to the process
MOST_SHOWN = 8  # different failures that a report shows

T = TypeVar("T")


class Hang(BaseException):
    """Not an Exception: nothing on the way may catch it."""


@dataclass
class Tally:
    """What became of the inputs of one reader.

    Attributes:
        failures: per kind of failure the seeds that led to it, and the first one's traceback.
    """

    reader: str
    n_values: int = 0
    n_refused: int = 0
    failures: dict[str, tuple[list[int], str]] = field(default_factory=dict)

    def fail(self, kind: str, seed: int, details: str) -> None:
        """Note a failure."""
        self.failures.setdefault(kind, ([], details))[0].append(seed)

    def report(self) -> str:
        """The failures as text, the most frequent first."""
        ordered = sorted(self.failures.items(), key=lambda item: -len(item[1][0]))
        parts = [
            f"{len(seeds)} × {kind}\n  again with: --fuzz-first {seeds[0]} --fuzz-inputs 1\n{details}"
            for kind, (seeds, details) in ordered[:MOST_SHOWN]
        ]
        n_failed = sum(len(seeds) for seeds, _ in self.failures.values())
        return f"{self.reader}: {n_failed} inputs failed in {len(ordered)} ways\n\n" + "\n".join(parts)


@dataclass(frozen=True)
class Fuzz:
    """Runs a reader on damaged inputs; see the fixture ``fuzz``.

    Attributes:
        n_inputs: of each reader; None: the test's own default.
        first: the first seed.
        note: a file that names the input that is being read, for the case that it ends the process.
    """

    config: pytest.Config
    n_inputs: int | None
    first: int
    note: Path

    def __call__(
        self, reader: str, mutate: Callable[[random.Random], T], read: Callable[[T], object], *, default: int,
        name_in_errors: str = "", share: float = 1.0,
    ) -> Tally:  # fmt: skip
        """Fail unless every input ends in a value or in a ``FairprogError``.

        Args:
            reader: what is tested, for the report and as a part of every seed.
            mutate: makes the input of a seed.
            read: reads it.
            default: inputs, where ``--fuzz-inputs`` does not say how many: for about six seconds.
            name_in_errors: must be part of every error's sentence, e.g. the file's name.
            share: the part of ``--fuzz-inputs`` that a slow reader gets; at least one.
        """
        tally = Tally(reader)
        n_inputs = default if self.n_inputs is None else max(1, round(self.n_inputs * share))
        with _bounded_memory(), self.note.open("w") as note:
            for seed in range(self.first, self.first + n_inputs):
                value = mutate(random.Random(f"{reader}/{seed}"))
                note.seek(0)
                note.write(f"{reader}: --fuzz-first {seed} --fuzz-inputs 1\n")
                note.flush()
                faulthandler.dump_traceback_later(LONGEST_CALL, exit=True, file=note)  # code in C that never returns
                self._try(tally, seed, lambda value=value: read(value), name_in_errors)  # type: ignore[misc]
        faulthandler.cancel_dump_traceback_later()
        self.config.stash[TALLIES].append(tally)
        if tally.failures:
            pytest.fail(tally.report(), pytrace=False)
        return tally

    def _try(self, tally: Tally, seed: int, read: Callable[[], object], name: str) -> None:
        started = time.monotonic()
        try:
            with _time_limit():
                read()
            tally.n_values += 1
        except FairprogError as error:
            tally.n_refused += 1
            if wrong := _what_is_wrong(str(error), name):
                tally.fail(f"a sentence that {wrong}: {type(error).__name__}", seed, f"  {str(error)[:1000]!r}\n")
        except Hang:
            tally.fail("hang", seed, traceback.format_exc())
        except Exception as error:  # noqa: BLE001 - whatever it is, it is counted and reported
            frames = traceback.extract_tb(error.__traceback__)
            own = [frame for frame in frames if "fairprog_core" in frame.filename or "/app/" in frame.filename]
            at = f" in {own[-1].name}, {own[-1].filename.rpartition('/')[2]}:{own[-1].lineno}" if own else ""
            tally.fail(f"{type(error).__name__}{at}", seed, traceback.format_exc()[-3000:])
        if time.monotonic() - started > LIMIT + 1:
            tally.fail("late", seed, f"  {time.monotonic() - started:.1f} s\n")


TALLIES = pytest.StashKey[list[Tally]]()


def _what_is_wrong(sentence: str, name: str) -> str | None:
    if len(sentence) > LONGEST:
        return f"has more than {LONGEST} characters"
    if "\n" in sentence:
        return "has line breaks"
    try:
        json.dumps(sentence).encode()
        sentence.encode()
    except UnicodeEncodeError:
        return "cannot be printed"
    return None if name in sentence else f"does not name {name}"


@contextlib.contextmanager
def _time_limit() -> Iterator[None]:
    def stop(_signal: int, _frame: types.FrameType | None) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, LIMIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def _bounded_memory() -> Iterator[None]:
    """What asks for much more memory gets a MemoryError, or torch's own, instead of the machine's last."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (psutil.Process().memory_info().vms + ROOM, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
