"""Downloads from the Hugging Face hub: says the size first, and can be ended at any time. Torch-free.

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
from typing import Any, Literal, NamedTuple

import psutil

from fairprog_core.common.errors import DataError, FairprogError, ModelError, shorten, shown
from fairprog_core.common.limits import limits

Kind = Literal["model", "dataset"]

FILES: dict[Kind, list[str]] = {
    "model": ["*.json", "*.txt", "*.model", "*.safetensors"],
    "dataset": [f"*{ending}{packed}" for ending in (".csv", ".tsv", ".jsonl", ".parquet") for packed in ("", ".gz")],
}
LEFT_OUT: dict[Kind, list[str]] = {"model": ["*/*"], "dataset": []}
NOUNS: dict[Kind, str] = {"model": "model", "dataset": "data set"}
ERRORS: dict[Kind, type[FairprogError]] = {"model": ModelError, "dataset": DataError}
SECONDS = 0.5  # between two reports of the progress
END_SECONDS = 5.0  # that the process has to remove its unfinished files
CHUNK = 2**20  # bytes that the client reads before it writes them; by default ten times as many
UNFINISHED = ".incomplete"  # how the client's names of unfinished files end


class Download(NamedTuple):
    """The progress of a download.

    Attributes:
        name: of the model or data set.
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


def download(name: str, kind: Kind = "model") -> Generator[Download, None, Path]:
    """Download what is missing of a model or data set. Closing the generator ends the download.

    Yields:
        The progress; the first one before anything is downloaded, none if nothing is missing.

    Returns:
        Its folder in the cache of the hub's client.

    Raises:
        ModelError: there is no such model, it is larger than allowed, or the hub cannot be reached.
        DataError: the same, of a data set.
    """
    found = _look(name, kind)
    if isinstance(found, Path):
        return found
    blobs, total = found
    now = limits()
    if total > now.download_gigabytes * 1e9:
        what = f"The {NOUNS[kind]} {shown(name)} has {_size(total)} to download"
        raise ERRORS[kind](now.refusal("download_gigabytes", what))
    before = _bytes_in(blobs)
    with _downloading(name, kind) as process:
        yield Download(name, 0, total)
        while process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(SECONDS)
            yield Download(name, min(max(_bytes_in(blobs) - before, 0), total), total)
        said = process.stdout.read().strip() if process.stdout else ""
    if process.returncode:
        raise _not_to_be_had(name, kind, said or "the download ended early")
    return Path(said)


def _look(name: str, kind: Kind) -> Path | tuple[Path, int]:
    """The folder of what is here; else the folder that its files are downloaded into, and their bytes."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import DryRunError
    from huggingface_hub.utils.tqdm import tqdm

    class NoBar(tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs | {"disable": True})  # type: ignore[no-untyped-call]

    wanted: dict[str, Any] = {**_wanted(kind), "tqdm_class": NoBar}
    try:
        files = snapshot_download(name, dry_run=True, **wanted)
    except DryRunError as error:  # without the net, an earlier download will do
        try:
            return Path(snapshot_download(name, local_files_only=True, **wanted))
        except OSError:
            raise _not_to_be_had(name, kind, error.__cause__ or error) from error
    except Exception as error:
        raise _not_to_be_had(name, kind, error) from error
    missing = [file for file in files if file.will_download]
    if files and not missing:
        return _snapshot(Path(files[0].local_path), files[0].filename)
    if not missing:
        raise _not_to_be_had(name, kind, "it has no files that fairprog reads")
    snapshot = _snapshot(Path(missing[0].local_path), missing[0].filename)
    return snapshot.parents[1] / "blobs", sum(file.file_size or 0 for file in missing)


def _wanted(kind: Kind) -> dict[str, Any]:
    return {"repo_type": kind, "allow_patterns": FILES[kind], "ignore_patterns": LEFT_OUT[kind]}


def _snapshot(file: Path, name: str) -> Path:
    """The folder of a revision, which the name of a file in it begins in."""
    return file.parents[len(Path(name).parts) - 1]


def _not_to_be_had(name: str, kind: Kind, reason: object) -> FairprogError:
    lines = str(reason).strip().splitlines() or [type(reason).__name__]
    return ERRORS[kind](
        f"The {NOUNS[kind]} {shown(name)} is neither a folder here nor to be had from the hub "
        f"({shorten(lines[0], 100)}); without the net, download it elsewhere and give its folder."
    )


@contextlib.contextmanager
def _downloading(name: str, kind: Kind) -> Iterator[subprocess.Popen[str]]:
    """The process that downloads; it is ended when the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", __name__, kind, name],
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
    """Download what the command line names by kind and name, and print its folder, or why it cannot be had."""
    from huggingface_hub import constants, snapshot_download

    threading.Thread(target=_end_with_parent, daemon=True).start()
    constants.DOWNLOAD_CHUNK_SIZE = CHUNK
    kind: Any = sys.argv[1]
    try:
        said = snapshot_download(sys.argv[2], **_wanted(kind))
        code = 0
    except Exception as error:  # noqa: BLE001 (the client raises errors of several libraries)
        said, code = (str(error).strip().splitlines() or [type(error).__name__])[0], 1
    sys.stdout.write(said)
    sys.stdout.flush()
    os._exit(code)  # threads of the client may still wait for a server


if __name__ == "__main__":
    main()
