"""What was made from a file of the user's: copies of its rows, bases that were trained on it, runs. Torch-free."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairprog_core.common.errors import RunError, size
from fairprog_core.common.files.json_values import from_json
from fairprog_core.common.files.tensor_file import read_texts
from fairprog_core.common.home import Home
from fairprog_core.data.cache.stored import CachedRows, cached_rows, lies_in, remove_cached
from fairprog_core.runs.store import Store
from fairprog_core.runs.table.run import Run


@dataclass(frozen=True)
class MadeFrom:
    """What was made from a file.

    Attributes:
        rows: copies of its rows in the cache.
        bases: files of base classifiers that were trained on it.
        runs: that learned from it, or whose classifier it is; they hold some of its rows as examples.
    """

    rows: tuple[CachedRows, ...]
    bases: tuple[Path, ...]
    runs: tuple[Run, ...]

    @property
    def size(self) -> str:
        """Of copies and bases together, e.g. "12.6 MB"."""
        return size(sum(each.n_bytes for each in self.rows) + sum(path.stat().st_size for path in self.bases))


def made_from(store: Store, place: Path) -> MadeFrom:
    """What was made from a file, or from files in a folder."""
    rows = tuple(each for each in cached_rows(store.home) if each.is_from(place))
    runs = tuple(run for run in store.list(limit=None) if _names(run.study, place))
    return MadeFrom(rows, tuple(_bases(store.home, place)), runs)


def remove_made(store: Store, made: MadeFrom) -> None:
    """Remove copies, bases and runs.

    Raises:
        RunError: a run is running; nothing is removed then.
    """
    if running := next((run for run in made.runs if run.state == "running"), None):
        raise RunError(f"Run {running.id} is running on this; cancel it first.")
    for run in made.runs:
        store.remove(run.id)
    for entry in made.rows:
        remove_cached(entry)
    for path in made.bases:
        path.unlink(missing_ok=True)


def _bases(home: Home, place: Path) -> Iterator[Path]:
    for path in home.models.glob("*.safetensors"):
        try:
            about = from_json(read_texts(path).get("fairprog", "{}"))
        except (OSError, ValueError):
            continue
        if _names(about, place):
            yield path


def _names(value: Any, place: Path) -> bool:
    """Whether a text in JSON values is the path of a file, or of one in that folder."""
    if isinstance(value, dict):
        return any(_names(each, place) for each in value.values())
    if isinstance(value, list):
        return any(_names(each, place) for each in value)
    return isinstance(value, str) and lies_in(value, place)
