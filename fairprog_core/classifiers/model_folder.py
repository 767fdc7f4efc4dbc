"""Folders in Hugging Face's format, of texts and of pictures: found here or downloaded, and read without their code."""

import hashlib
import re
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from fairprog_core.common.errors import ModelError, shorten
from fairprog_core.common.files.hub import Download, download
from fairprog_core.common.home import is_folder, user_path

ADAPTER = "adapter_config.json"  # in a folder of the library peft; transformers reads it by itself where it stands
READ = {".json", ".txt", ".model", ".safetensors"}  # what of a folder can change what a model computes
_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?", re.ASCII)
R = TypeVar("R")


def fetch_folder(name: str, *, advice: str) -> Generator[Download, None, Path]:
    """A model's folder, which is downloaded if it is missing; closing the generator ends the download.

    Args:
        name: a folder, or a name on the Hugging Face hub, contacted only if there is no such folder.
        advice: what may be named, for the error.

    Yields:
        The progress of the download.

    Returns:
        The folder.

    Raises:
        ModelError: there is no such model, or its download is larger than allowed.
    """
    folder = user_path(name)
    if is_folder(folder):
        return folder
    if not _HUB_NAME.fullmatch(name) or name.startswith("."):
        raise ModelError(f"There is no folder {shorten(folder)}; {advice}.")
    return (yield from download(name))


def finish(steps: Generator[Download, None, R], tell: Callable[[Download], None] = lambda _: None) -> R:
    """What a generator returns; what it yields is passed to ``tell``."""
    while True:
        try:
            tell(next(steps))
        except StopIteration as end:
            value: R = end.value
            return value


def digest_of_files(paths: Iterable[Path]) -> str:
    """First 16 hex digits of the SHA-256 of the names and contents of files."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.name.encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


@contextmanager
def quiet() -> Iterator[None]:
    """Silence progress bars and reports of transformers; callers check what matters in them."""
    from transformers.utils import logging

    verbosity, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bar:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
