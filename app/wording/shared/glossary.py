"""The glossary, one tap away on every page: the terms of the lesson, which are kept once for each language."""

from functools import cache
from typing import NamedTuple

from app.wording.shared.languages import FIRST, languages

_UI = languages()[FIRST]["ui"]
assert isinstance(_UI, dict)
BUTTON, TITLE, CLOSE = (str(_UI[key]) for key in ("glossary_button", "glossary", "close"))
COPY_LINK, COPIED_LINK = (str(_UI[key]) for key in ("copy_link", "copied_link"))


class Term(NamedTuple):
    """A term of the field, and what it means for somebody who reads it for the first time."""

    name: str
    text: str


@cache
def glossary(language: str = FIRST) -> dict[str, Term]:
    """The terms by their key, in the order of the screen."""
    terms = languages()[language]["glossary"]
    assert isinstance(terms, dict)
    return {key: Term(*term) for key, term in terms.items()}
