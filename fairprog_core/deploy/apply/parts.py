"""The finished parts of a predictions file, kept beside it until all are there; a later call goes on with them.

``predictions.parquet.parts/`` holds one Parquet file a block and ``about.json``. It is made, continued and removed here
alone.
"""

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Self

from filelock import FileLock, Timeout
from pydantic import JsonValue

from fairprog_core.common.errors import ArtifactError, ConfigError, shorten
from fairprog_core.common.files.destination import Product, check_destination, writing
from fairprog_core.common.files.json_values import from_json
from fairprog_core.common.home import is_folder, replacing

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA = "fairprog.applied/1"
KEY = b"fairprog"
_FAMILY = SCHEMA.rpartition("/")[0] + "/"  # of all versions
_ABOUT = "about.json"
# Also what a killed process left of `replacing`.
_OWN = re.compile(r"\.lock|about\.json|\d{6,}\.parquet|\.(about\.json|\d{6,}\.parquet)\.\w{8}", re.ASCII)


def is_applied(path: Path) -> bool:
    """Whether a file is a Parquet file with predictions that fairprog wrote for new rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found = from_json((pq.read_schema(path).metadata or {}).get(KEY, b"null"))
    except (pa.ArrowException, OSError, ValueError):
        return False
    return _is_described(found)


PREDICTIONS = Product("a file of predictions that fairprog wrote", is_applied)


class Parts:
    """The folder of the parts of one output file; inside ``with``, no other process works on them."""

    def __init__(self, output: Path, about: dict[str, JsonValue]) -> None:
        """Name what is made.

        Args:
            output: the file that is written at the end.
            about: what the predictions are of; parts of anything else are removed.

        Raises:
            ConfigError: the output may not be written, or a folder of another kind lies where the parts belong.
        """
        self.output = check_destination(output, PREDICTIONS)
        self.about = about
        self.folder = output.with_name(f"{output.name}.parts")
        self.is_anew = False
        self._lock = FileLock(self.folder / ".lock", timeout=0)
        if self.folder.exists() and not _is_own(self.folder):
            raise ConfigError(
                f"{shorten(self.folder)} is in the way: the finished parts of {output.name} belong there; rename it."
            )

    def __enter__(self) -> Self:
        """Make the folder, or take over what is done.

        Raises:
            ConfigError: another process works on it.
            ArtifactError: it cannot be written.
        """
        try:
            if not is_folder(self.folder):
                with replacing(self.folder) as part:
                    part.mkdir()
                    self._describe(part)
            self._lock.acquire()
            if _read(self.folder / _ABOUT) != self.about:
                self.is_anew = True
                for file in self.folder.glob("*.parquet"):
                    file.unlink()
                self._describe(self.folder)
        except Timeout as error:
            raise ConfigError(
                f"Another process is writing {shorten(self.output, 120)}; wait for it, or give another name."
            ) from error
        except OSError as error:
            self._lock.release()
            raise ArtifactError(f"{shorten(self.folder)} cannot be written ({shorten(error, 100)}).") from error
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def _describe(self, folder: Path) -> None:
        with replacing(folder / _ABOUT) as part:
            part.write_text(json.dumps(self.about), "utf-8")

    def file(self, number: int) -> Path:
        """The file of a block."""
        return self.folder / f"{number:06d}.parquet"

    def n_done(self) -> int:
        """The number of the first blocks that are done; one that a power cut damaged is not."""
        number = 0
        while _is_readable(self.file(number)):
            number += 1
        return number

    def add(self, number: int, table: "pa.Table") -> None:
        """Write the predictions of a block, whole or not at all.

        Raises:
            ArtifactError: it cannot be written, e.g. because the disk is full.
        """
        import pyarrow.parquet as pq

        try:
            with replacing(self.file(number)) as part:
                pq.write_table(table, part, compression="zstd")
        except OSError as error:
            raise ArtifactError(
                f"{shorten(self.folder)} cannot be written ({shorten(error, 100)}); what is finished is kept, call the "
                "same again."
            ) from error

    def join(self, n: int) -> None:
        """Write the output from the n parts, then remove them.

        Raises:
            ConfigError: something else has come to lie where the output belongs.
            ArtifactError: it cannot be written.
        """
        import pyarrow.parquet as pq

        with writing(self.output, PREDICTIONS) as whole:
            schema = pq.read_schema(self.file(0))
            with pq.ParquetWriter(whole, schema, compression="zstd") as writer:
                for number in range(n):
                    writer.write_table(pq.read_table(self.file(number), partitioning=None))
        self._lock.release()  # on Windows its file cannot be removed else
        shutil.rmtree(self.folder)


def _is_own(folder: Path) -> bool:
    """Whether a folder holds the parts of an output and nothing else, so that it may be emptied and removed."""
    return (
        is_folder(folder)
        and _is_described(_read(folder / _ABOUT))
        and all(_OWN.fullmatch(each.name) for each in folder.iterdir())
    )


def _is_described(found: object) -> bool:
    return isinstance(found, dict) and str(found.get("schema", "")).startswith(_FAMILY)


def _is_readable(file: Path) -> bool:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        pq.read_metadata(file)
    except (pa.ArrowException, OSError):
        return False
    return True


def _read(file: Path) -> object:
    try:
        return from_json(file.read_text("utf-8"))
    except (OSError, ValueError):
        return None
