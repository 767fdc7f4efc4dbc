"""A file that a download button hands out."""

from collections.abc import Callable
from typing import NamedTuple


class Handout(NamedTuple):
    """What a button hands out; ``data`` is made when it is pressed.

    Attributes:
        label: on the button.
        data: makes the file's content.
        file: end of its name, behind the curve's.
        mime: its type.
    """

    label: str
    data: Callable[[], str | bytes]
    file: str
    mime: str
