"""An uploaded zip of a model: unpacked into the home beside it. Torch-free.

Only weights as safetensors, JSON and texts are taken out of it, so that nothing of it can run.
"""

import stat
import zipfile
from pathlib import Path, PurePosixPath

from fairprog_core.common.errors import ModelError, shorten
from fairprog_core.common.files.pictures.place import UNREADABLE
from fairprog_core.common.files.uploads import Upload
from fairprog_core.common.home import UNPACKED, is_folder, replacing
from fairprog_core.common.limits import limits

ENDINGS = (".safetensors", ".json", ".txt")
MOST_ENTRIES = 2_000  # of the zip, with those that are left out
MOST_FILES = 100
_BAD_ZIP = tuple(each for each in UNREADABLE if each not in (OSError, MemoryError))  # a full disk says so itself
_BLOCK = 1 << 20  # bytes per read


def unpack_model(upload: Upload) -> Path:
    """The folder of an uploaded model, unpacked if it is not yet; it is deleted with the upload.

    The files are those beside the first ``config.json``; others than `ENDINGS` are left out.

    Raises:
        ModelError: it is no zip, leads out of its folder, holds links, is too large, or holds no model.
    """
    folder = upload.path.parent / UNPACKED
    if is_folder(folder):
        return folder
    name = shorten(upload.about.name, 60)
    try:
        with zipfile.ZipFile(upload.path) as archive, replacing(folder) as part:
            part.mkdir()
            left = round(limits().upload_megabytes * 2_000_000)  # weights can hardly be packed
            for member in _files_of_model(archive, name):
                left -= _unpack(archive, member, part, most=left, name=name)
    except _BAD_ZIP as error:
        raise ModelError(
            f"{name} is not a readable zip ({shorten(error, 60)}); pack the model's folder again."
        ) from error
    return folder


def _files_of_model(archive: zipfile.ZipFile, name: str) -> list[zipfile.ZipInfo]:
    """The members beside the first config.json, that with the shortest path.

    Raises:
        ModelError: there is none, or the zip is not to be trusted.
    """
    members = archive.infolist()
    if len(members) > MOST_ENTRIES:
        raise ModelError(f"{name} holds {len(members):,} files, allowed are {MOST_ENTRIES:,}; pack the model alone.")
    for member in members:
        _check(member, name)
    files = {PurePosixPath(member.filename): member for member in members if not member.is_dir()}
    configs = sorted((path for path in files if path.name == "config.json"), key=lambda path: (len(path.parts), path))
    if not configs:
        raise ModelError(f"{name} holds no config.json; pack a folder as save_pretrained() writes it.")
    beside = [member for path, member in files.items() if path.parent == configs[0].parent and path.suffix in ENDINGS]
    if not any(member.filename.endswith(".safetensors") for member in beside):
        raise ModelError(f"{name} holds no weights as .safetensors, and pickled ones are never read; save them again.")
    if len(beside) > MOST_FILES:
        raise ModelError(
            f"{name} holds {len(beside)} files of a model, allowed are {MOST_FILES}; pack the model alone."
        )
    return beside


def _check(member: zipfile.ZipInfo, name: str) -> None:
    """Refuse a member that is no plain file inside of the zip's own folder.

    Raises:
        ModelError: so it is.
    """
    path, kind = PurePosixPath(member.filename), stat.S_IFMT(member.external_attr >> 16)
    if path.is_absolute() or ".." in path.parts or "\\" in member.filename or ":" in member.filename:
        raise ModelError(f"{name} holds {shorten(member.filename, 60)}, which leads out of its folder; pack it again.")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ModelError(f"{name} holds a link ({shorten(member.filename, 60)}); pack the files themselves.")
    if member.flag_bits & 1:
        raise ModelError(f"{name} is encrypted; pack it without a password.")


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path, *, most: int, name: str) -> int:
    """Write one file; its bytes, which are counted as they come, whatever the zip says of itself."""
    n_bytes = 0
    with archive.open(member) as packed, (folder / PurePosixPath(member.filename).name).open("xb") as file:
        while block := packed.read(_BLOCK):
            n_bytes += len(block)
            if n_bytes > most:
                raise ModelError(
                    limits().refusal("upload_megabytes", f"{name} becomes larger than it may when unpacked")
                )
            file.write(block)
    return n_bytes
