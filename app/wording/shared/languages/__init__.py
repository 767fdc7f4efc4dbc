"""The lesson's languages: one TOML file of sentences each; a further language is one more file.

A sentence may hold names in braces, such as ``{accuracy}``; the lesson fills in the measured figures. The tables
``faces`` and ``comments`` hold what differs between the studies: the lesson looks there first.
"""

import tomllib
from functools import cache
from pathlib import Path
from typing import TypeAlias

LessonTexts: TypeAlias = dict[str, "str | list[str] | LessonTexts"]
FOLDER = Path(__file__).parent
FIRST = "en"  # the default


@cache
def languages() -> dict[str, LessonTexts]:
    """The sentences of every language by its key, the default first."""
    files = sorted(FOLDER.glob("*.toml"), key=lambda file: (file.stem != FIRST, file.stem))
    return {file.stem: tomllib.loads(file.read_text("utf-8")) for file in files}
