"""Text of others inside Markdown, on a page and in a file."""

import re

from fairprog_core.common.errors import escaped

_JOINER = "\u2060"  # invisible and without width; around it no link, no emoji and no typographic sign is seen
_JOINTS = re.compile(r"(?<=:)(?=\S)|(?<=www)(?=\.)|(?=@)|(?<=[<>~-])(?=[=>-])", re.IGNORECASE)
_MARKUP = re.compile(r"([\\`*_\[\]<>$~#:!|&])")
_SPACES = re.compile(r"[^\S\u00a0]+")  # a space that does not break, as in "λ = 2", stays
_LIST = re.compile(r"^(\d*)([-+=.)])")  # begins an item of a list, or underlines a heading


def as_markdown(text: str) -> str:
    """Markdown that shows a text as it is written: without markup, links, emoji and formulas; in one line."""
    line = _JOINTS.sub(_JOINER, escaped(_SPACES.sub(" ", text).strip(" ")))
    return _LIST.sub(r"\1\\\2", _MARKUP.sub(r"\\\1", line))
