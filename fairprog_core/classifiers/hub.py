"""Downloads models from the Hugging Face hub: says their size first, and can be ended at any time. Torch-free.

A process of its own downloads, because the client cannot be interrupted while a server is slow. It ends with its
parent, and takes its unfinished files with it. Pickled weights are never downloaded.
"""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from fairprog_core.common.errors import ModelError, shorten, shown
from fairprog_core.common.limits import limits

FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]
FOLDERS = "*/*"  # left out
SECONDS = 0.5  # between two reports of the progress
END_SECONDS = 5.0  # that the process has to remove its unfinished files
CHUNK = 2**20  # bytes that the client reads before it writes them; by default ten times as many
UNFINISHED = ".incomplete"  # how the client's names of unfinished files end


class Download(NamedTuple):
    """The progress of a download.

    Attributes:
        name: of the model.
        done: bytes that are here.
        total: bytes to download.
    """

    name: str
    done: int
    total: int

    @property
    def label(self) -> str:
        """For the screen: "Downloading org/model (440 MB): 120 MB so far"."""
        return f"Downloading {self.name} ({_size(self.total)}): {_size(self.done)} so far"


def download(name: str) -> Generator[Download, None, Path]:
    """Download what is missing of a model. Closing the generator ends the download.

    Yields:
        The progress; the first one before anything is downloaded, none if nothing is missing.

    Returns:
        The model's folder in the cache of the hub's client.

    Raises:
        ModelError: there is no such model, it is larger than allowed, or the hub cannot be reached.
    """
    found = _look(name)
    if isinstance(found, Path):
        return found
    blobs, total = found
    now = limits()
    if total > now.download_gigabytes * 1e9:
        raise ModelError(now.refusal("download_gigabytes", f"The model {shown(name)} has {_size(total)} to download"))
    before = _bytes_in(blobs)
    with _downloading(name) as process:
        yield Download(name, 0, total)
        while process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(SECONDS)
            yield Download(name, min(max(_bytes_in(blobs) - before, 0), total), total)
        said = process.stdout.read().strip() if process.stdout else ""
    if process.returncode:
        raise _not_to_be_had(name, said or "the download ended early")
    return Path(said)


def _look(name: str) -> Path | tuple[Path, int]:
    """The folder of a model that is here; else the folder that its files are downloaded into, and their bytes."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import DryRunError
    from huggingface_hub.utils.tqdm import tqdm

    class NoBar(tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs | {"disable": True})  # type: ignore[no-untyped-call]

    wanted: dict[str, Any] = {"allow_patterns": FILES, "ignore_patterns": FOLDERS, "tqdm_class": NoBar}
    try:
        files = snapshot_download(name, dry_run=True, **wanted)
    except DryRunError as error:  # without the net, an earlier download will do
        try:
            return Path(snapshot_download(name, local_files_only=True, **wanted))
        except OSError:
            raise _not_to_be_had(name, error.__cause__ or error) from error
    except Exception as error:
        raise _not_to_be_had(name, error) from error
    missing = [file for file in files if file.will_download]
    if files and not missing:
        return Path(files[0].local_path).parent
    if not missing:
        raise _not_to_be_had(name, "it has no files that fairprog reads")
    repository = Path(missing[0].local_path).parents[2]  # holds snapshots/<revision>/<file>
    return repository / "blobs", sum(file.file_size or 0 for file in missing)


def _not_to_be_had(name: str, reason: object) -> ModelError:
    lines = str(reason).strip().splitlines() or [type(reason).__name__]
    return ModelError(
        f"The model {shown(name)} is neither a folder here nor to be had from the hub ({shorten(lines[0], 100)}); "
        "without the net, download it elsewhere and give its folder."
    )


@contextlib.contextmanager
def _downloading(name: str) -> Iterator[subprocess.Popen[str]]:
    """The process that downloads; it is ended when the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", __name__, name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"HF_HUB_DISABLE_PROGRESS_BARS": "1"},
        start_new_session=True,  # Ctrl-C in the terminal is the parent's to handle
    )
    with process:  # closes the pipes
        try:
            yield process
        finally:
            if process.stdin:
                process.stdin.close()
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _bytes_in(folder: Path) -> int:
    """The size of all files in a folder; a file may vanish meanwhile."""
    size = 0
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            with contextlib.suppress(OSError):
                size += path.stat().st_size
    return size


def _size(n: int) -> str:
    """A number of bytes: 0.4 MB, 440 MB, 12.5 GB."""
    if n >= 10**10:
        return f"{n / 1e9:,.1f} GB"
    return f"{n / 1e6:,.0f} MB" if n >= 10**7 else f"{n / 1e6:.1f} MB"


def _end_with_parent() -> None:
    """Wait until the parent has closed the input or has ended; remove unfinished files, and end this process."""
    sys.stdin.read()
    for file in psutil.Process().open_files():
        if file.path.endswith(UNFINISHED):
            with contextlib.suppress(OSError):
                Path(file.path).unlink()
    os._exit(1)


def main() -> None:
    """Download the model that the command line names, and print its folder, or why it cannot be had."""
    from huggingface_hub import constants, snapshot_download

    threading.Thread(target=_end_with_parent, daemon=True).start()
    constants.DOWNLOAD_CHUNK_SIZE = CHUNK
    try:
        said = snapshot_download(sys.argv[1], allow_patterns=FILES, ignore_patterns=FOLDERS)
        code = 0
    except Exception as error:  # noqa: BLE001 (the client raises errors of several libraries)
        said, code = (str(error).strip().splitlines() or [type(error).__name__])[0], 1
    sys.stdout.write(said)
    sys.stdout.flush()
    os._exit(code)  # threads of the client may still wait for a server


if __name__ == "__main__":
    main()
