"""The layout of a run's folder. Paths in ``result.json`` are relative to the home and stay inside the run's folder."""

from pathlib import Path, PurePosixPath

from fairprog_core.common.errors import ArtifactError, shown
from fairprog_core.common.home import assets, path_problem

RESULT = "result.json"
DEMO = "demo"  # the id of the shipped faces among the runs; further demos are "demo-comments" and so on


def base_file(folder: Path) -> Path:
    """The file of the base's weights."""
    return folder / "base" / "classifier.safetensors"


def base_predictions(folder: Path) -> Path:
    """The file of the base's predictions on the test split."""
    return folder / "base" / "predictions.parquet"


def curve_folder(folder: Path, key: str) -> Path:
    """The folder of one curve."""
    return folder / "curves" / key


def relative_name(folder: Path, file: Path) -> str:
    """A file's path relative to the home, as in the result JSON: "runs/<id>/…"."""
    return f"runs/{folder.name}/{file.relative_to(folder).as_posix()}"


def locate(folder: Path, artifact: str) -> Path:
    """A file named in ``result.json``, resolved in the folder that was opened, so that a run can be moved or shipped.

    Args:
        folder: the artifact folder.
        artifact: "runs/<id>/…", relative to the home; or relative to the folder.

    Raises:
        ArtifactError: the file is outside of the folder, also if a link leads there, or no file can have its name.
    """
    parts = PurePosixPath(artifact).parts
    inside = parts[2:] if len(parts) > 2 and parts[0] == "runs" else parts
    is_safe = inside and ".." not in inside and not PurePosixPath(artifact).is_absolute() and "\\" not in artifact
    if not is_safe or "\0" in artifact or not is_inside(folder, folder.joinpath(*inside)):
        raise ArtifactError(f"{folder / RESULT} names the file {artifact!r:.120} outside of its folder; do not use it.")
    if (problem := path_problem(folder.joinpath(*inside))) is not None:
        raise ArtifactError(f"{folder / RESULT} names the file {shown(artifact, 80)}, which cannot be: {problem}.")
    return folder.joinpath(*inside)


def is_inside(folder: Path, file: Path) -> bool:
    """Whether a file is inside a folder after links are resolved."""
    try:
        return file.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):  # a loop of links, or an invalid name
        return False


def shipped_demos() -> dict[str, Path]:
    """The folders of the shipped demos by their id among the runs, the faces first."""
    return {DEMO if name == "faces" else f"{DEMO}-{name}": folder for name, folder in _shipped("demo").items()}


def shipped_comparisons() -> dict[str, Path]:
    """The folders of the shipped comparisons of methods by their id among the runs, the faces first."""
    return {f"{DEMO}-methods-{name}": folder for name, folder in _shipped("methods").items()}


def shipped_runs() -> dict[str, Path]:
    """The folders of all results that are shipped, by their id among the runs."""
    return shipped_demos() | shipped_comparisons()


def is_shipped(folder: Path) -> bool:
    """Whether a folder is that of a result that is shipped."""
    return folder.resolve() in {each.resolve() for each in shipped_runs().values()}


def _shipped(kind: str) -> dict[str, Path]:
    folders = [file.parent for file in (assets() / kind).glob(f"*/{RESULT}")]
    return {folder.name: folder for folder in sorted(folders, key=lambda each: (each.name != "faces", each.name))}
