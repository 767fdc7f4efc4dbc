"""The pages of the documentation, and the blocks of code on them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_BLOCK = re.compile(
    r'^```(\w*)(?: title="([^"]*)")?\n(.*?)^```$(?=(\n+```text\n(.*?)^```$)?)', re.MULTILINE | re.DOTALL
)


class Block(NamedTuple):
    """A block of code.

    Attributes:
        line: of the page, on which its code begins.
        title: what is written above it, empty where nothing is.
        printed: what it prints, as the page shows it in a block of ``text`` right behind it; None without one.
    """

    line: int
    title: str
    code: str
    printed: str | None


def blocks(page: Path, language: str) -> Iterator[Block]:
    """The blocks of a page in one language."""
    text = page.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        if found[1] == language:
            yield Block(text[: found.start(3)].count("\n") + 1, found[2] or "", found[3], found[5])


def name(page: Path) -> str:
    """A page's path inside the repository."""
    return page.relative_to(ROOT).as_posix()
