"""A Ray cluster of this machine: every node is a group of processes with a home of its own."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

RAY = Path(sys.executable).with_name("ray")
ENVIRONMENT = {
    "RAY_AUTH_MODE": "disabled",
    "RAY_USAGE_STATS_ENABLED": "0",
}
STARTS_WITHIN = 120.0


class Node:
    """A node with one CPU.

    Args:
        folder: for its log and its home.
        arguments: of ``ray start``.
    """

    def __init__(self, folder: Path, *arguments: str) -> None:
        folder.mkdir()
        self.home, self.log = folder / "home", folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [RAY, "start", *arguments, "--num-cpus=1", "--object-store-memory=100000000", "--block"],
                env=os.environ | ENVIRONMENT | {"FAIRPROG_HOME": str(self.home)}, stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + STARTS_WITHIN
        while b"Ray runtime started" not in self.log.read_bytes():
            assert self.process.poll() is None, self.log.read_text("utf-8")
            assert time.monotonic() < deadline, self.log.read_text("utf-8")
            time.sleep(0.1)

    def kill(self) -> None:
        """End all of its processes at once, as a power cut does."""
        processes = [self.process, *psutil.Process(self.process.pid).children(recursive=True)]
        for process in processes:
            process.kill()
        psutil.wait_procs([each for each in processes if isinstance(each, psutil.Process)], timeout=20)
        self.process.wait()


class RayNodes:
    """A head, which computes too, and further nodes.

    Attributes:
        address: for ``--on``.
    """

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="ray"))  # short: it holds sockets
        port, client_port, agent_port = _free_ports(3)
        self._head_address, self.address = f"127.0.0.1:{port}", f"ray://127.0.0.1:{client_port}"
        head = Node(
            self._folder / "0", "--head", f"--port={port}", f"--ray-client-server-port={client_port}",
            f"--runtime-env-agent-port={agent_port}", "--include-dashboard=false", f"--temp-dir={self._folder / 't'}",
        )  # fmt: skip
        self.nodes = [head]
        return self

    def add(self) -> Node:
        """Start a further node."""
        self.nodes.append(node := Node(self._folder / str(len(self.nodes)), f"--address={self._head_address}"))
        return node

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for node in reversed(self.nodes):
            if node.process.poll() is None:
                node.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


def _free_ports(n: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
