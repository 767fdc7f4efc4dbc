"""Models on the hub: their size first, their progress, an end at any time; against a real server on this machine."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from fairprog_core.common.home import Home
from fairprog_core.runs import Store
from fairprog_core.study.load import load_study
from tests.core.run_help import ROOT, eventually, reaches
from tests.small_hub import Hub, serving

NAME = "org/model"
FILES = {
    "config.json": b"{}" * 50,
    "model.safetensors": bytes(3 * 2**20),
    "pytorch_model.bin": b"a pickle",
    "README.md": b"notes",
    "vocab.txt": b"[PAD]\n",
}
PATIENCE = {"HF_HUB_ETAG_TIMEOUT": "60", "HF_HUB_DOWNLOAD_TIMEOUT": "60"}  # a busy machine is no hub that hangs
SIZE = 100 + 3 * 2**20 + 6
CODE = """
import json, sys
from fairprog_core.common.files.hub import download
from fairprog_core.common.errors import FairprogError

def say(**what): print(json.dumps(what), flush=True)

for line in sys.stdin:
    name, until = json.loads(line)
    steps = download(name)
    try:
        for progress in steps:
            say(done=progress.done, total=progress.total, label=progress.label)
            if until is not None and progress.done >= until:
                steps.close()
                say(closed=True)
        if until is None:
            say(ended=True)
    except FairprogError as error:
        say(error=str(error))
"""


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serving({NAME: FILES, "org/empty": {"README.md": b"nothing"}}) as hub:
        yield hub


def environment(url: str, folder: Path, **more: str) -> dict[str, str]:
    """Of a process whose hub is at ``url`` and that keeps its models in ``folder``."""
    return {**os.environ, "HF_ENDPOINT": url, "HF_HOME": str(folder), "NO_PROXY": "127.0.0.1", **PATIENCE, **more}


class Client:
    """A process that downloads what it is told to; the client of the hub reads its settings when it is imported."""

    def __init__(self, url: str, folder: Path, **more: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", CODE],
            cwd=ROOT, env=environment(url, folder, **more), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def start(self, name: str, until: int | None = None) -> None:
        """Begin a download; it is closed after ``until`` bytes."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps([name, until]) + "\n")
        self.process.stdin.flush()

    def said(self) -> dict[str, object]:
        """The next line that the process says."""
        assert self.process.stdout
        found: dict[str, object] = json.loads(self.process.stdout.readline())
        return found

    def all(self, name: str, until: int | None = None) -> list[dict[str, object]]:
        """Everything that is said of a download."""
        self.start(name, until)
        lines = [self.said()]
        while not {"ended", "closed", "error"} & lines[-1].keys():
            lines.append(self.said())
        return lines


def blobs(folder: Path) -> dict[str, int]:
    """Names and sizes of the files that the cache holds."""
    return {path.name: path.stat().st_size for path in folder.glob("hub/models--*/blobs/*")}


def children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children()
    except psutil.NoSuchProcess:
        return []


def test_download_says_its_size_first_fetches_no_pickles_and_is_not_repeated(hub, tmp_path):
    with Client(hub.url, tmp_path) as client:
        first, *_, last, ended = client.all(NAME)
        assert first == {"done": 0, "total": SIZE, "label": f"Downloading {NAME} (3.1 MB): 0.0 MB so far"}
        assert (last["done"], ended) == (SIZE, {"ended": True})
        asked = [line for line in hub.asked if line.startswith("GET org/")]
        assert {line.rpartition("/")[2] for line in asked} == {"config.json", "model.safetensors", "vocab.txt"}
        hub.asked.clear()
        assert client.all(NAME) == [{"ended": True}]
        assert not [line for line in hub.asked if "resolve" in line]
        hub.shutdown()
        hub.server_close()
        assert client.all(NAME) == [{"ended": True}]  # without the net, what was downloaded earlier will do
    (folder,) = tmp_path.glob("hub/models--org--model/snapshots/*")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        name: data for name, data in FILES.items() if name.rpartition(".")[2] in ("json", "safetensors", "txt")
    }


def test_download_from_a_server_that_hangs_is_ended_at_once_and_leaves_nothing_unfinished(hub, tmp_path):
    hub.stuck.set()
    with Client(hub.url, tmp_path) as client:
        client.start(NAME, until=2**20)
        hub.served.wait(60)
        (downloading,) = eventually(lambda: children(client.process.pid))
        while "closed" not in (line := client.said()):
            assert line["done"] <= 2**20 + 106
        assert not downloading.is_running()
        assert sum(blobs(tmp_path).values()) <= 106  # no part of the large file
        hub.stuck.clear()
        *_, last, ended = client.all(NAME)
        assert (last["label"], ended) == (f"Downloading {NAME} (3.1 MB): 3.1 MB so far", {"ended": True})


def test_download_ends_with_the_process_that_asked_for_it(hub, tmp_path):
    hub.stuck.set()
    with Client(hub.url, tmp_path) as client:
        client.start(NAME)
        hub.served.wait(60)
        (downloading,) = eventually(lambda: children(client.process.pid))
        eventually(lambda: sum(blobs(tmp_path).values()) >= 2**20)
        client.process.send_signal(signal.SIGKILL)
        client.process.wait()
        downloading.wait(10)
    assert sum(blobs(tmp_path).values()) <= 106


def test_model_that_is_too_large_is_refused_with_its_size_and_nothing_is_downloaded(hub, tmp_path):
    with Client(hub.url, tmp_path, FAIRPROG_MAX_DOWNLOAD_GIGABYTES="0.003") as client:
        (line,) = client.all(NAME)
        assert line == {
            "error": "The model 'org/model' has 3.1 MB to download; at most 0.003 are allowed "
            "(FAIRPROG_MAX_DOWNLOAD_GIGABYTES): choose a smaller one, or download it yourself and give its folder."
        }
        assert not [line for line in hub.asked if line.startswith("GET org/")]
        for name, reason in (("org/missing", "404"), ("org/empty", "no files that fairprog reads")):
            (line,) = client.all(name)
            assert reason in str(line["error"])
            assert len(str(line["error"])) <= 300
        hub.shutdown()
        hub.server_close()
        (line,) = client.all(NAME)
        assert "neither a folder here nor to be had from the hub" in str(line["error"])
        assert "\n" not in str(line["error"])


def test_run_that_downloads_shows_it_and_is_cancelled_from_the_page(hub, tmp_path, home: Home):
    """A real worker: the run's label says how much, and Cancel ends the download, not the worker."""
    hub.stuck.set()
    with Store(home) as store, (tmp_path / "log").open("wb") as log:
        run_id = store.submit(load_study("comments", [f"classifier.model={NAME}"]))
        command = [sys.executable, "-m", "fairprog_core.runs.worker", str(home.path)]
        worker = subprocess.Popen(command, env=environment(hub.url, tmp_path), stdout=log, stderr=log, cwd=ROOT)
        try:
            run = eventually(lambda: run if (run := store.get(run_id)).label else None)
            assert (run.stage, run.fraction) == ("download", 0.0)
            assert (run.label or "").startswith(f"Downloading {NAME} (3.1 MB): ")
            hub.served.wait(60)
            (downloading,) = eventually(lambda: children(worker.pid))
            store.cancel(run_id)
            assert reaches(store, run_id, "cancelled", seconds=5).terminated is None  # it stopped by itself
            assert not downloading.is_running()
            assert worker.poll() is None
        finally:
            worker.kill()
            worker.wait()
