"""Joins the scripts of a component into one: Streamlit gives a component a single script.

Every file is a module of its own, so that it can be read and checked alone. Joined they share one scope: no two of them
may give a name at their outermost level twice.
"""

import re
from collections.abc import Iterable
from pathlib import Path

_BETWEEN_FILES = re.compile(r"^import .*?;\n|^export (?!default)", re.MULTILINE)


def joined(files: Iterable[Path]) -> str:
    """The files as one module, without imports and inner exports; each may use the ones before it."""
    return "\n".join(_BETWEEN_FILES.sub("", file.read_text("utf-8")) for file in files)
