"""The lesson's scripts as one; see `app.widgets.intro.bundle`."""

from functools import cache
from pathlib import Path

from app.widgets.intro import bundle

FOLDER = Path(__file__).parent
FIRST, LAST = "types.js", "lesson.js"


@cache
def script() -> str:
    """All scripts, also of the folders here; that with the default export comes last."""
    files = sorted(FOLDER.rglob("*.js"), key=lambda file: (file.name == LAST, file.name != FIRST, file.name))
    return bundle.joined(files)
