"""The card of a data set: its class docstring, read without importing the class."""

import ast
import importlib.util
import inspect
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from fairprog_core.data import DATASETS

_LINE = re.compile(r"^(\w[\w -]*): (.*(?:\n +.*)*)", flags=re.MULTILINE)  # a heading, text, its indented continuation


class DataCard(NamedTuple):
    """The card of a data set as plain text.

    Attributes:
        about: the first paragraph.
        lines: text by heading ("Input", "Label", "Sensitive attribute" and so on), in the docstring's order.
    """

    about: str
    lines: dict[str, str]

    @property
    def note(self) -> str:
        """A note to show wherever rows of the data set are shown; empty for most data sets."""
        return self.lines.get("Note", "")


@cache
def data_card(kind: str) -> DataCard | None:
    """The card of a data set; None if it has none, or if this version does not know the data set.

    Args:
        kind: its key in the registry.
    """
    if kind not in DATASETS:
        return None
    where = DATASETS[kind].implementation
    docstring = inspect.getdoc(DATASETS[kind].load()) if callable(where) else _docstring(*where.split(":"))
    if not docstring:
        return None
    about, _, rest = docstring.partition("\n\n")
    return DataCard(_one_line(about), {heading: _one_line(text) for heading, text in _LINE.findall(rest)})


def _docstring(module: str, name: str) -> str:
    """The docstring of a class, parsed from the source, because an import would load pyarrow and Pillow."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return ""
    tree = ast.parse(Path(spec.origin).read_text("utf-8"))
    node = next((each for each in tree.body if isinstance(each, ast.ClassDef) and each.name == name), None)
    return inspect.cleandoc(ast.get_docstring(node) or "") if node else ""


def _one_line(text: str) -> str:
    return " ".join(text.split())
