"""Takes an exported run into a home: the zip is checked before anything of it is opened, and no run is replaced."""

import errno
import lzma
import re
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, cast

from fairprog_core.classifiers import CLASSIFIERS, CODE_ARCHITECTURES
from fairprog_core.common.errors import ArtifactError, ConfigError, shorten, shown, size
from fairprog_core.common.files.json_values import from_json, short
from fairprog_core.common.files.tensor_file import read_texts
from fairprog_core.common.home import user_path
from fairprog_core.common.options import Options
from fairprog_core.common.records import Record
from fairprog_core.common.sharing import Sharing, sharing
from fairprog_core.results.result import Result
from fairprog_core.results.run_folder import RESULT
from fairprog_core.runs.store import Store
from fairprog_core.runs.table.run import OVER
from fairprog_core.study import Study

MOST_BYTES, MOST_FILES = 4_000_000_000, 50_000  # of an unpacked run
_DAMAGED = (
    zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, RuntimeError, zlib.error, lzma.LZMAError,
)  # fmt: skip
_NO_NAMES = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.EINVAL)
_ID = re.compile(r"[0-9a-f]{8}")
_ROW, _RECORDS = "run.json", "records.jsonl"
_CLASSIFIER = "fairprog.classifier/1"


def import_run(store: Store, path: Path, *, is_trusted: bool = False) -> str:
    """Take in a run that ``fairprog runs export RUN run.zip`` wrote; returns its id, which stays as it was.

    Args:
        store: that gets the run.
        path: of the zip.
        is_trusted: whether its classifier may be code, or ask an address: the owner trusts who made the run.

    Raises:
        ArtifactError: it is no such zip, or damaged, or holds something else than a finished run.
        ConfigError: its classifier or study names what may not be named here, such as code.
        RunError: this home has a run with this id.
    """
    path = user_path(path)
    with _open(path) as archive:
        run_id = _checked(archive, path)
        store.home.runs.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".import-", dir=store.home.runs, ignore_cleanup_errors=True) as scratch:
            folder = Path(scratch) / run_id
            _unpack(archive, folder, path)
            row, records = _row(folder, path), list(_records(folder, path))
            _check_content(folder, row, sharing().of_strangers(is_trusted=is_trusted))
            store.take_in(run_id, row, records, folder=folder)
    return run_id


def _open(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except FileNotFoundError:
        raise ArtifactError(
            f"There is no file {shorten(path)}; give a run that `fairprog runs export` wrote."
        ) from None
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise _no_run(path, f"it is no zip: {error}") from error


def _no_run(path: Path, reason: object) -> ArtifactError:
    return ArtifactError(f"{shorten(path.name, 80)} holds no exported run ({shorten(reason, 140)}); export it again.")


def _checked(archive: zipfile.ZipFile, path: Path) -> str:
    """The id of the run in a zip, whose names all lie in the folder of that id.

    Raises:
        ArtifactError: other names, links, encrypted files, or too much.
    """
    members = archive.infolist()
    if len(members) > MOST_FILES or sum(each.file_size for each in members) > MOST_BYTES:
        raise _no_run(path, f"it unpacks to more than {size(MOST_BYTES)} or {MOST_FILES:,} files")
    tops = {PurePosixPath(each.filename).parts[:1] for each in members}
    if len(tops) != 1 or not (top := tops.pop()) or not _ID.fullmatch(top[0]):
        raise _no_run(path, "it is not one folder whose name is the id of a run")
    for each in members:
        parts = PurePosixPath(each.filename).parts
        is_plain = stat.S_IFMT(each.external_attr >> 16) in (0, stat.S_IFREG, stat.S_IFDIR)
        if ".." in parts or "\\" in each.filename or "\0" in each.filename or not is_plain or each.flag_bits & 1:
            raise _no_run(path, f"{shown(each.filename, 60)} is a link, is encrypted, or leads out of the folder")
    if missing := {_ROW, _RECORDS} - {each.filename.partition("/")[2] for each in members}:
        raise _no_run(path, f"{sorted(missing)[0]} is missing")
    return top[0]


def _unpack(archive: zipfile.ZipFile, folder: Path, path: Path) -> None:
    """Unpack the files of a checked zip, without the folder that holds them."""
    try:
        for each in archive.infolist():
            if not each.is_dir():
                target = folder.joinpath(*PurePosixPath(each.filename).parts[1:])
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(each) as source, target.open("wb") as file:
                    shutil.copyfileobj(source, file, 1 << 20)
    except _DAMAGED as error:
        raise _no_run(path, error) from error
    except OSError as error:
        if error.errno not in _NO_NAMES:  # a full disk and the like is not the zip's fault
            raise
        raise _no_run(path, f"its names cannot be those of files here: {error.strerror}") from error


def _row(folder: Path, path: Path) -> dict[str, Any]:
    """The run's row in the table that it comes from.

    Raises:
        ArtifactError: it is no object, or the run was not over.
    """
    file = folder / _ROW
    row = _json(file.read_bytes(), path)
    file.unlink()
    if row.get("state") not in OVER:
        raise _no_run(path, f"the run was {shown(row.get('state'), 30)} when it was exported")
    return row


def _records(folder: Path, path: Path) -> Iterator[Record]:
    file = folder / _RECORDS
    for line in file.read_bytes().splitlines():
        record = _json(line, path)
        if not isinstance(record.get("kind"), str):
            raise _no_run(path, f"{_RECORDS} holds a record without a kind")
        yield cast(Record, record)
    file.unlink()


def _json(data: bytes, path: Path) -> dict[str, Any]:
    try:
        value = from_json(data)
    except ValueError as error:
        raise _no_run(path, f"damaged JSON: {error}") from error
    if not isinstance(value, dict):
        raise _no_run(path, "JSON that is no object")
    return value


def _check_content(folder: Path, row: dict[str, Any], allowed: Sharing) -> None:
    """Refuse a study or a classifier that names what it may not, and a result that cannot be read.

    Raises:
        ArtifactError: a file is damaged.
        ConfigError: something names code or an address, or on a shared server something of the server.
    """
    studies = [row.get("study") or {}]
    if (folder / RESULT).is_file():
        studies.append(Result.open(folder).study)
    elif row["state"] == "done":
        raise ArtifactError("The imported run is done, but has no result; export it again.")
    for study in studies:
        _check(Study.parse(study, where="the imported run"), allowed)
    for file in sorted(folder.rglob("*.safetensors")):
        if (options := _classifier_in(file, allowed)) is not None:
            _check(options, allowed)


def _check(options: Options, allowed: Sharing) -> None:
    try:
        allowed.check(options)
    except ConfigError as error:
        raise _not_trusted(str(error).partition(" names ")[0]) from error


def _not_trusted(where: str) -> ConfigError:
    return ConfigError(
        f"{shorten(where, 60)} of the imported run names code, an address or something of this machine; if you trust "
        "who made it, add it with `fairprog runs import --allow-code`."
    )


def _classifier_in(file: Path, allowed: Sharing) -> Options | None:
    """The options of the classifier in a file; None: it holds something else.

    Raises:
        ArtifactError: the file is damaged, or its kind of classifier is unknown here.
        ConfigError: it is a program.
    """
    try:
        about = from_json(read_texts(file).get("fairprog", "{}"))
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{file.name} of the imported run is damaged ({short(error)}); export it again.") from error
    if not isinstance(about, dict) or about.get("format") != _CLASSIFIER:
        return None
    net = about.get("architecture")
    if isinstance(net, dict) and net.get("kind") in CODE_ARCHITECTURES and allowed.is_shared:
        raise _not_trusted(file.name)
    options = about.get("options")
    kind = options.get("kind") if isinstance(options, dict) else None
    if not isinstance(options, dict) or kind not in CLASSIFIERS:
        raise ArtifactError(
            f"{file.name} of the imported run holds a classifier of an unknown kind ({shown(kind, 40)})."
        )
    found: Options = CLASSIFIERS[str(kind)].options.parse(options, where=file.name)
    return found
