"""A file for a download button."""

from collections.abc import Callable
from typing import NamedTuple


class Handout(NamedTuple):
    """A file and its button.

    Attributes:
        label: of the button.
        data: computes the file's content when the button is pressed.
        file: end of the file's name, after the curve's key.
        mime: the file's media type.
    """

    label: str
    data: Callable[[], str | bytes]
    file: str
    mime: str
