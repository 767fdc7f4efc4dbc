"""Live explanations for the page: any picture or text, any λ, from one separate warm process.

Only that process imports torch. It starts with the first request, ends after ten idle minutes, and ends by
itself when the page server has ended, also after SIGKILL.

Notation: s image side, a×a feature map, c classes.
"""

import sys
import threading
from collections import OrderedDict
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import SpawnContext, SpawnProcess
from types import ModuleType
from typing import Any, TypeAlias, cast

from fairprog_core.common.errors import RunError
from fairprog_core.common.plugins import load_plugins
from fairprog_core.common.registry import load
from fairprog_core.explain.live.request import Arrays, ExplainRequest
from fairprog_core.explain.live.request import Request as Request
from fairprog_core.explain.live.request import TextRequest as TextRequest
from fairprog_core.metrics.explanations.gallery import GalleryAbout

Answer: TypeAlias = Arrays | tuple[Arrays, GalleryAbout]  # for a picture, for a text
CONDITIONS = ("without", "untrained", "black", "with")


class ExplainProcess:
    """Answers requests one after the other in one warm process, and caches answers by the request's content."""

    def __init__(self, *, idle_seconds: float = 600.0, kept: int = 64) -> None:
        """Prepare; the process starts with the first request.

        Args:
            idle_seconds: the process ends after so long without a request; the next request starts another.
            kept: how many answers to cache.
        """
        self.idle_seconds, self.kept = idle_seconds, kept
        self._answers: OrderedDict[str, Future[Answer]] = OrderedDict()
        self._pool: ProcessPoolExecutor | None = None
        self._timer: threading.Timer | None = None
        self._lock = threading.RLock()

    def submit(self, request: ExplainRequest) -> "Future[Answer]":
        """Send a request without waiting; see `explain` and `explain_text` for the answers.

        Raises:
            DataError: a value of the request is not allowed.
        """
        request.check()
        key = request.digest()
        with self._lock:
            answer = self._answers.get(key)
            if answer is None or (answer.done() and (answer.cancelled() or answer.exception() is not None)):
                answer = self._answers[key] = self._ask(request)
            self._answers.move_to_end(key)
            while len(self._answers) > self.kept:
                self._answers.popitem(last=False)
        return answer

    def explain(self, request: Request, *, timeout: float = 120.0) -> Arrays:
        """Explain a picture, and wait for the answer.

        Returns:
            ``photo`` (s, s, 3) uint8, as the classifier gets it, and for every condition in
            `CONDITIONS`: ``picture_<condition>`` (s, s, 3) uint8, ``logits_<condition>`` (c,),
            ``target_<condition>`` () int, ``map_<condition>`` (a, a) uint8 (Grad-CAM, largest 255) or
            (s, s) int8 (Integrated Gradients, largest size 127), and for the latter
            ``delta_<condition>``, ``steps_<condition>``, ``converged_<condition>``, each ().

        Raises:
            DataError: the picture cannot be read, or the method is not known.
            ArtifactError: classifier or trigger cannot be read.
            RunError: the process ended or did not answer in time.
        """
        return cast(Arrays, self._wait(request, timeout))

    def explain_text(self, request: TextRequest, *, timeout: float = 120.0) -> tuple[Arrays, GalleryAbout]:
        """Explain a text, and wait for the answer. Every text can be explained.

        Returns:
            Arrays and note of a gallery (`text.gallery`) that holds this one text; its row, y and z are -1.
            ``is_cut`` says whether a part of the text is missing, in the tokens or in the words.

        Raises:
            DataError: classifier or trigger are not made for texts, or no λ is given.
            ArtifactError: classifier or trigger cannot be read.
            ConfigError: they do not fit together.
            RunError: the process ended or did not answer in time.
        """
        return cast(tuple[Arrays, GalleryAbout], self._wait(request, timeout))

    def _wait(self, request: ExplainRequest, timeout: float) -> Answer:
        """The answer; if the process ends meanwhile, one new process is tried."""
        for _ in range(2):
            try:
                return self.submit(request).result(timeout)
            except BrokenProcessPool:
                self.close()
            except TimeoutError as error:
                self.close()
                raise RunError(
                    f"No explanation within {timeout:g} seconds; try again, or {request.lighter}."
                ) from error
        raise RunError(
            "The process that explains ended twice, perhaps for want of memory; close other programs, try again."
        )

    def close(self) -> None:
        """End the process; a later request starts another."""
        with self._lock:
            pool, self._pool = self._pool, None
            if self._timer:
                self._timer.cancel()
        if pool:
            processes = list((pool._processes or {}).values())
            pool.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                process.terminate()
                process.join(5)

    def _ask(self, request: ExplainRequest) -> "Future[Answer]":
        if self._pool is None:
            self._pool = ProcessPoolExecutor(max_workers=1, mp_context=_Context(), initializer=_start)
        try:
            answer = self._pool.submit(_answer, request)
        except BrokenProcessPool:
            self._pool = None
            return self._ask(request)
        answer.add_done_callback(self._rest)
        return answer

    def _rest(self, _: "Future[Answer]") -> None:
        """Start to count the idle time: an answer has arrived."""
        with self._lock:
            if self._timer:
                self._timer.cancel()
            self._timer = threading.Timer(self.idle_seconds, self._leave)
            self._timer.daemon = True
            self._timer.start()

    def _leave(self) -> None:
        """End the process unless a request is pending."""
        with self._lock:
            if all(answer.done() for answer in self._answers.values()):
                self.close()


class _Process(SpawnProcess):
    """A spawned process that does not run the program's main script again.

    The page server's ``__main__`` is the page itself; spawning would run it in the child.
    """

    @staticmethod
    def _Popen(process_obj: Any) -> Any:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            return SpawnProcess._Popen(process_obj)
        finally:
            sys.modules["__main__"] = main


class _Context(SpawnContext):
    Process = _Process


def _start() -> None:
    """Prepare the process; runs in it, once. A request may name a plug-in's classifier or trigger."""
    from fairprog_core.explain.live import picture

    load_plugins()
    picture.start()


def _answer(request: ExplainRequest) -> Answer:
    """Explain one picture or text under every condition; runs in the process."""
    found: Answer = load(request.worker)(request)
    return found
