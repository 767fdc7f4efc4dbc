"""One warm process that answers one request at a time, within limits of time and memory; only it imports torch."""

import logging
import time
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import NamedTuple, TypeAlias

import psutil

from fairprog_core.common import errors
from fairprog_core.common.errors import FairprogError, RunError, shorten
from fairprog_core.common.plugins import load_plugins
from fairprog_core.common.process.child import SpawnedProcess, belong_to_parent
from fairprog_core.common.registry import load
from fairprog_core.explain.live.request import Arrays, ExplainRequest
from fairprog_core.metrics.explanations.gallery import GalleryAbout

Answer: TypeAlias = Arrays | tuple[Arrays, GalleryAbout]  # for a picture, for a text
LOOK_SECONDS = 0.05  # between two looks at the memory and the time of a request
MOST_START_SECONDS = 120.0


class CrashError(Exception):
    """The process ended by itself while it started or computed."""


class GivenUpError(Exception):
    """Nobody waits for the answer any more."""


class Allowance(NamedTuple):
    """What one explanation may use.

    Attributes:
        seconds: of computing; waiting for its turn and the start of the process do not count.
        megabytes: of memory beyond what the process held before.
    """

    seconds: float = 120.0
    megabytes: int = 2000


class WarmProcess:
    """A process that starts with the first request, and is replaced after one that it could not finish.

    Memory is watched from outside, not limited by the system (RLIMIT_AS): torch reserves four times the address space
    that it uses, other systems than Linux have no such limit, and native code that meets it aborts.
    """

    def __init__(self, prepare: str = "fairprog_core.explain.live.picture:start") -> None:
        """Choose what the process does before its first request.

        Args:
            prepare: a function, as ``"package.module:name"``; it imports what takes long.
        """
        self.prepare = prepare
        self.start_seconds = 0.0  # how long the last start took
        self._process: SpawnedProcess | None = None
        self._line: Connection | None = None
        self._fresh_bytes = 0  # of memory after the start

    @property
    def pid(self) -> int | None:
        """The process's number; None while there is no process."""
        return self._process.pid if self._process and self._process.is_alive() else None

    def answer(self, request: ExplainRequest, allowance: Allowance, is_given_up: Callable[[float], bool]) -> Answer:
        """Answer a request; after any error but that of the request itself, the process is replaced.

        Args:
            request: what to explain.
            allowance: time and memory for it.
            is_given_up: whether to stop, given the seconds since the beginning.

        Raises:
            FairprogError: the request cannot be answered, or needs more than the allowance.
            CrashError: the process ended.
            GivenUpError: ``is_given_up`` said so.
        """
        line, before = self._started(allowance, is_given_up)
        try:
            line.send((request.worker, request))
            begun = time.monotonic()
            while not line.poll(LOOK_SECONDS):
                spent = time.monotonic() - begun
                if spent > allowance.seconds:
                    raise RunError(
                        f"The explanation was stopped after {allowance.seconds:g} seconds of computing, the most "
                        f"allowed; try again, or give {request.lighter}."
                    )
                if self._bytes() - before > allowance.megabytes * 2**20:
                    raise RunError(
                        f"The explanation was stopped because it needed more than {allowance.megabytes:,} MB of "
                        f"memory, the most allowed; give {request.lighter}."
                    )
                if is_given_up(spent):
                    raise GivenUpError
            reply: _Reply = line.recv()
        except (EOFError, OSError) as error:  # the other end of the line is closed
            self.end()
            raise CrashError from error
        except BaseException:
            self.end()
            raise
        return reply.found()

    def end(self) -> None:
        """End the process; the next request starts another."""
        process, self._process = self._process, None
        line, self._line = self._line, None
        if process:
            process.kill()
            process.join(5)
        if line:
            line.close()

    def _started(self, allowance: Allowance, is_given_up: Callable[[float], bool]) -> tuple[Connection, int]:
        """The line to a process that waits for a request, and its memory in bytes."""
        if self.pid is not None and self._bytes() - self._fresh_bytes > allowance.megabytes * 2**20:
            self.end()  # earlier requests left so much behind that this one would not have its share
        if self.pid is None:
            self.end()
            self._start(is_given_up)
        if self._line is None:
            raise CrashError
        return self._line, self._bytes()

    def _start(self, is_given_up: Callable[[float], bool]) -> None:
        begun = time.monotonic()
        self._line, other_end = Pipe()
        self._process = SpawnedProcess(
            target=serve, args=(other_end, self.prepare), daemon=True
        )  # daemon: it is ended at exit
        self._process.start()
        other_end.close()
        try:
            while not self._line.poll(LOOK_SECONDS):
                if is_given_up(0.0):
                    raise GivenUpError
                if time.monotonic() - begun > MOST_START_SECONDS:
                    raise CrashError
            self._line.recv()
        except (EOFError, OSError) as error:
            self.end()
            raise CrashError from error
        except BaseException:
            self.end()
            raise
        self.start_seconds, self._fresh_bytes = time.monotonic() - begun, self._bytes()

    def _bytes(self) -> int:
        """The resident memory of the process; 0 where it has ended."""
        try:
            return int(psutil.Process(self._process.pid).memory_info().rss) if self._process else 0
        except psutil.Error:
            return 0


class _Reply(NamedTuple):
    """What comes back for a request: an answer, or the kind and the sentence of an error."""

    answer: Answer | None
    error: str = ""
    sentence: str = ""

    def found(self) -> Answer:
        """The answer; raises the error."""
        if self.answer is None:
            kind: type[FairprogError] = getattr(errors, self.error, RunError)
            raise kind(self.sentence)
        return self.answer


def serve(requests: Connection, prepare: str) -> None:
    """Answer requests until the line is closed; runs in the process. A request may name a plug-in's classifier."""
    belong_to_parent()
    load_plugins()
    load(prepare)()
    requests.send(None)
    while True:
        try:
            worker, request = requests.recv()
        except EOFError:
            return
        requests.send(_reply(worker, request))


def _reply(worker: str, request: ExplainRequest) -> _Reply:
    try:
        return _Reply(load(worker)(request))
    except FairprogError as error:
        kinds = [kind.__name__ for kind in type(error).__mro__ if kind.__module__ == errors.__name__]
        return _Reply(None, kinds[0], str(error))
    except Exception as error:  # a model of one's own may raise anything, and the visitor needs an answer
        logging.getLogger(__name__).exception("An explanation failed.")
        found = shorten(f"{type(error).__name__}: {error}")
        return _Reply(None, "", f"The explanation failed ({found}); try again, or give {request.lighter}.")
