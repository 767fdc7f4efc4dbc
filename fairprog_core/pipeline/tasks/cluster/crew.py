"""`Cluster`: a Ray cluster that this process is connected to, and its crew."""

import logging
import os
import signal
import socket
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # read when Ray is imported

import ray
from ray.exceptions import GetTimeoutError, RayError, RayTaskError

from fairprog_core.common.errors import ConfigError, RunError, shorten
from fairprog_core.pipeline.tasks.cluster.address import LOCAL
from fairprog_core.pipeline.tasks.cluster.folder_copy import FolderCopy
from fairprog_core.pipeline.tasks.cluster.node import SAME_EVERYWHERE, NodeWorker, Parcel
from fairprog_core.pipeline.tasks.crew import HelperAnswer
from fairprog_core.pipeline.tasks.helper import Order
from fairprog_core.pipeline.tasks.side_by_side import SideBySide
from fairprog_core.pipeline.tasks.task import Advance, Task
from fairprog_core.study import Study

log = logging.getLogger(__name__)

KNOCK_SECONDS = 10.0
ATTEMPTS = 3  # to connect: now and then a head's process dies while it is copied
SAID_EVERY = 1.0  # seconds without an answer after which a helper is said to be still at it
STOP_SECONDS = 60.0  # for a training's last step and its checkpoint
GPU_SHARE = "FAIRPROG_GPU_SHARE"  # variable: the part of a GPU that a curve gets, 0 … 1


class Cluster:
    """A cluster to which this process is connected.

    Args:
        study: that is computed there.
    """

    def __init__(self, study: Study) -> None:
        self.resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        self.threads = study.threads or 1
        wants_gpu = study.device == "cuda" or (study.device == "auto" and self.resources.get("GPU", 0.0) > 0)
        self.gpus = _gpu_share() if wants_gpu else 0.0
        self.study = study

    def n_at_once(self, most: int | None) -> int:
        """How many tasks the cluster computes at once, at most as many as there are curves, or as were asked for."""
        places = self.resources.get("CPU", 1.0) // self.threads
        if self.gpus:
            places = min(places, self.resources.get("GPU", 0.0) // self.gpus)
        return max(min(int(places), len(self.study.plan()), most or len(self.study.plan())), 1)

    def train_base(self, order: Order) -> Generator[Advance]:
        """Train the base of a study on a node; afterwards its file is in the run folder here.

        Yields:
            How far it is.
        """
        training = SideBySide(self.crew(order, (), lambda _: []), 1).compute([Task("base")])
        with closing(training):
            for _, advance in training:
                if advance is not None:
                    yield advance

    def crew(self, order: Order, base: Sequence[Path], files_of: Callable[[Task], list[Path]]) -> "RayCrew":
        """Those who compute a run.

        Args:
            order: what they have to know of it.
            base: the files of its base.
            files_of: files and folders of the run folder that a task reads.
        """
        needs = {"num_cpus": self.threads, "num_gpus": self.gpus}
        return RayCrew(replace(order, environment={}), base, files_of, needs)


@contextmanager
def connected(study: Study, address: str) -> Iterator[Cluster]:
    """Connect to a cluster, or start one on this machine; it, or the connection, ends with the block.

    Raises:
        ConfigError: the cluster does not answer.
    """
    with _own_signals():
        _connect(address)
    try:
        yield Cluster(study)
    finally:
        ray.shutdown()


@contextmanager
def shared(address: str) -> Iterator[str]:
    """The address at which several processes reach one cluster; "ray" starts it on this machine, for the block.

    Raises:
        ConfigError: it cannot be started.
    """
    if address != LOCAL:
        yield address
        return
    with _own_signals():
        _connect(address)
    try:
        yield ray.get_runtime_context().gcs_address
    finally:
        ray.shutdown()


def _connect(address: str) -> None:
    if address != LOCAL:
        _knock(address)
    for attempt in range(ATTEMPTS):
        try:
            ray.init(None if address == LOCAL else address, log_to_driver=False, logging_level=logging.ERROR)
        except ConnectionError as error:  # the head could not start a process for this connection
            if attempt == ATTEMPTS - 1:
                raise _no_answer(address, error) from error
        except (RuntimeError, OSError, ValueError, RayError) as error:
            raise _no_answer(address, error) from error
        else:
            return


def _knock(address: str) -> None:
    """Refuse within seconds an address at which nothing listens; Ray tries for half a minute."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=KNOCK_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise _no_answer(address, error) from error


def _no_answer(address: str, error: Exception) -> ConfigError:
    return ConfigError(
        f"The cluster {address} does not answer ({shorten(str(error), 120)}); check its address, and that it runs Ray "
        f"{version('ray')}."
    )


@contextmanager
def _own_signals() -> Iterator[None]:
    """Ray sets a handler for SIGTERM, which would end this process instead of stopping the run; put back ours."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _gpu_share() -> float:
    """The part of a GPU that a curve gets.

    Raises:
        ConfigError: the variable holds something else.
    """
    text = os.environ.get(GPU_SHARE, "1")
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0.0 < share <= 1.0:
        raise ConfigError(f"{GPU_SHARE} is {shorten(text, 40)!r}; it must be a part of a GPU, above 0 and up to 1.")
    return share


class RayHelper:
    """A `NodeWorker` somewhere in the cluster.

    Args:
        actor: the handle of the worker.
        copy: of the run folder, for this worker.
        crew: that it belongs to.
    """

    def __init__(self, actor: Any, copy: FolderCopy, crew: "RayCrew") -> None:
        self.actor, self.copy, self.crew = actor, copy, crew
        self.task: Task | None = None
        self.waits_for: Any = None  # the parcel that it was asked for
        self.inbox = deque[HelperAnswer]()
        self._has_answered = False
        self._stopping: Any = None
        self._loss = ""

    @property
    def is_waiting(self) -> bool:
        """Whether no node has had room for it."""
        return not self._has_answered

    def begin(self, task: Task) -> None:
        """Send a task with its files."""
        self.task = task
        self.waits_for = self.actor.begin.remote(task, self.copy.news(self.crew.files_of(task)))

    def go_on(self) -> None:
        """Ask for its next parcel, once the answers of the last one are read."""
        if not self.inbox and self.waits_for is None and self.task is not None:
            self.waits_for = self.actor.go_on.remote()

    def answer(self) -> HelperAnswer | None:
        """The next answer of its parcel; that it is still at it if none has come."""
        if not self.inbox and not ray.wait([self.waits_for], timeout=0)[0]:
            waits = "Waiting for a free place in the cluster" if self.is_waiting else None
            return Advance("triggers", 0.0, waits, 0.0)
        if not self.inbox and not self._receive(self.waits_for):
            return None
        if not self.inbox:
            return Advance("triggers", None, None, 0.0)
        return self.inbox.popleft()

    def _receive(self, parcel_ref: Any, timeout: float | None = None) -> bool:
        """Unpack a parcel; returns whether it came.

        Raises:
            RunError: the node's program has an error that is not of the task.
        """
        self.waits_for = None
        try:
            parcel = cast(Parcel, ray.get(parcel_ref, timeout=timeout))
        except RayTaskError as error:
            raise RunError(f"A node of the cluster cannot compute: {shorten(str(error.cause), 200)}.") from error
        except (RayError, ConnectionError) as error:
            self._loss = "no answer" if isinstance(error, GetTimeoutError) else shorten(str(error), 120)
            return False
        self._has_answered = True
        self.copy.write(parcel.files)
        self.crew.devices |= {parcel.device} - {""}
        self.inbox.extend(parcel.answers)
        return True

    def stop(self) -> None:
        """Tell it to stop; one that has not begun has nothing to lose."""
        self._stopping = self.actor.stop.remote() if self._has_answered else None

    def wait(self) -> None:
        """Wait until its last files have come; one that cannot send them keeps no other from sending its own."""
        if self._stopping is not None:
            for parcel in filter(None, (self.waits_for, self._stopping)):
                try:
                    self._receive(parcel, STOP_SECONDS)
                except RunError as error:  # why the study ends is told already
                    log.warning("%s", error)
        ray.kill(self.actor)

    def dismiss(self) -> str:
        """Give it up; returns what Ray says of its end."""
        ray.kill(self.actor)
        return self._loss


class RayCrew:
    """Workers on the nodes of a cluster; see `Cluster.crew`.

    Attributes:
        devices: that they compute on.
    """

    advice = "perhaps because nodes are lost or short of memory; look at the cluster (ray status), then resume the run"

    def __init__(
        self, order: Order, base: Sequence[Path], files_of: Callable[[Task], list[Path]], needs: dict[str, float]
    ) -> None:
        self.order, self.files_of, self.needs = order, files_of, needs
        self.devices = set[str]()
        self._base = ray.put(FolderCopy(order.folder).news(base))  # sent to every node once
        self._versions = {package: version(package) for package in SAME_EVERYWHERE}

    def hire(self, number: int) -> RayHelper:
        """Ask for a worker; it begins as soon as a node has room for it."""
        worker = ray.remote(NodeWorker).options(**self.needs)
        return RayHelper(worker.remote(self.order, self._base, self._versions), FolderCopy(self.order.folder), self)

    def not_kept(self, idle: Sequence[RayHelper]) -> Sequence[RayHelper]:
        """None: a worker keeps its place, and what it has read, until the study is finished."""
        return []

    def wait(self, helpers: Sequence[RayHelper]) -> Sequence[RayHelper]:
        """Those with an answer; all of them when none has come for a while, so that it can be said."""
        if full := [helper for helper in helpers if helper.inbox]:
            return full
        refs = {helper.waits_for: helper for helper in helpers}
        ready, _ = ray.wait(list(refs), timeout=SAID_EVERY)
        return [refs[ref] for ref in ready] or helpers

    def n_after_loss(self, lost: RayHelper, n: int) -> int:
        """As many: another node takes over, or the task waits for one."""
        return n

    def lost_with(self, lost: RayHelper, idle: Sequence[RayHelper]) -> Sequence[RayHelper]:
        """None is noticed before it is given a task."""
        return []
