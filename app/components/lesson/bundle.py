"""Joins the lesson's scripts into one: a component of Streamlit has a single script.

Every file is a module of its own, so that it can be read and checked alone. Joined they share one scope: no two of them
may give a name at their outermost level twice.
"""

import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
FIRST, LAST = "types.js", "lesson.js"
_IMPORT = re.compile(r"^import .*;\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


@cache
def script() -> str:
    """All scripts, also of the folders here, without imports and exports; that with the default export comes last."""
    files = sorted(FOLDER.rglob("*.js"), key=lambda file: (file.name == LAST, file.name != FIRST, file.name))
    return "\n".join(_EXPORT.sub("", _IMPORT.sub("", file.read_text("utf-8"))) for file in files)
