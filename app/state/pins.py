"""The pinned runs of this home: they come first in lists, and Compare shows them beside a run on the same data."""

import json

from app.state import run_store
from fairprog_core.common.home import replacing

_FILE = "pins.json"


def pinned() -> list[str]:
    """The ids of the pinned runs, the newest pin first; none where the file is missing or damaged."""
    try:
        found = json.loads((run_store.home().path / _FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return []
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def is_pinned(run_id: str) -> bool:
    """Whether a run is pinned."""
    return run_id in pinned()


def change(run_id: str) -> None:
    """Pin a run, or take its pin away; pins of runs that are gone are forgotten."""
    home, found = run_store.home(), pinned()
    kept = [each for each in found if each != run_id and home.run(each).is_dir()]
    with replacing(home.path / _FILE) as part:
        part.write_text(json.dumps(kept if run_id in found else [run_id, *kept]), "utf-8")
