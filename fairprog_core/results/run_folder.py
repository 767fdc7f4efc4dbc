"""Where the files of a run lie; paths of ``result.json`` are relative to the home and end inside the run's folder."""

from pathlib import Path, PurePosixPath

from fairprog_core.common.errors import ArtifactError

RESULT = "result.json"


def base_file(folder: Path) -> Path:
    """The base's weights as they were saved."""
    return folder / "base" / "classifier.safetensors"


def base_predictions(folder: Path) -> Path:
    """What the base predicts on the test split."""
    return folder / "base" / "predictions.parquet"


def curve_folder(folder: Path, key: str) -> Path:
    """Everything of one curve."""
    return folder / "curves" / key


def relative_name(folder: Path, file: Path) -> str:
    """A file's path relative to the home, as the result JSON has it: "runs/<id>/…"."""
    return f"runs/{folder.name}/{file.relative_to(folder).as_posix()}"


def locate(folder: Path, artifact: str) -> Path:
    """The file that ``result.json`` names, in the folder that was opened, so that a run can be moved or shipped.

    Args:
        folder: the artifact folder.
        artifact: "runs/<id>/…", relative to the home; or relative to the folder.

    Raises:
        ArtifactError: the name leads out of the folder, be it through a link.
    """
    parts = PurePosixPath(artifact).parts
    inside = parts[2:] if len(parts) > 2 and parts[0] == "runs" else parts
    is_safe = inside and ".." not in inside and not PurePosixPath(artifact).is_absolute() and "\\" not in artifact
    if not is_safe or "\0" in artifact or not is_inside(folder, folder.joinpath(*inside)):
        raise ArtifactError(f"{folder / RESULT} names the file {artifact!r:.120} outside of its folder; do not use it.")
    return folder.joinpath(*inside)


def is_inside(folder: Path, file: Path) -> bool:
    """Whether a file, links resolved, lies inside a folder."""
    try:
        return file.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):  # a loop of links, a name that no file can have
        return False
