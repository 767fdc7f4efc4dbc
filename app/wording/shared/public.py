"""Texts for visitors of a shared server: without paths of the server, and without reasons that would reveal them."""

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TypeAlias, cast

from fairprog_core.common.home import Home, assets
from fairprog_core.common.options import Options
from fairprog_core.common.process.shared import is_shared
from fairprog_core.common.process.version import PACKAGE
from fairprog_core.common.sharing import names_something

HOME = "the home"
HIDDEN = "a folder of the server"
WITHHELD = (
    "What the study names on the server cannot be used. The reason may tell of files of the server, so only the "
    "server's owner sees it: fairprog runs show."
)

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

_REST = r"[^\s'\"<>|,;()]*"  # of a path
_END = r"[^\s'\"<>|,;().:!?]"  # its last letter; a full stop behind it belongs to the sentence
_WHOLE = re.compile(r"(?:~[\w.-]*|[A-Za-z]:)?[/\\]")  # how a text begins that is a path
_PICTURE = re.compile(r"data:image/[a-z]+;base64,[A-Za-z0-9+/=]*")
_PATH = re.compile(rf"\b\w+:///{_REST}{_END}|(?<![\w.:/\\~<…-])(?:(?:~[\w.-]*)?/|[A-Za-z]:[/\\]){_REST}{_END}")


def text(value: str) -> str:
    """A text for the screen: on a shared server without absolute paths; elsewhere unchanged.

    Paths in the home become relative to it; every other one becomes "a folder of the server". The letters of a picture
    in a data URI are no path, whatever they look like.
    """
    if not is_shared() or not ("/" in value or "\\" in value) or _PICTURE.fullmatch(value):
        return value
    home, places = _places(os.environ.get("FAIRPROG_HOME", ""))
    value = home.sub(lambda match: match[1] or HOME, value)
    return _PATH.sub(HIDDEN, places.sub(HIDDEN, value))


def json_value(value: Json) -> Json:
    """A JSON value with `text` applied to every text in it; one that is a path altogether may hold spaces."""
    if isinstance(value, str):
        shown = text(value)
        return HIDDEN if is_shared() and shown.startswith(HIDDEN) and _WHOLE.match(value) else shown
    if isinstance(value, dict):
        return {text(name): json_value(part) for name, part in value.items()}
    return [json_value(part) for part in value] if isinstance(value, list) else value


def saved(study: Mapping[str, object]) -> Mapping[str, object]:
    """A saved study, as `json_value` shows it."""
    return cast(Mapping[str, object], json_value(cast(Json, dict(study))))


def reason(value: str, about: Options | None) -> str:
    """Why something failed; on a shared server one and the same sentence where options name files of the server.

    Otherwise visitors could try paths and learn from the sentences which of them exist.

    Args:
        value: the reason.
        about: the options that were used; None where they cannot be read any more.
    """
    if is_shared() and (about is None or names_something(about)):
        return WITHHELD
    return text(value)


@cache
def _places(home: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Patterns for the home, and for other folders whose paths may hold spaces; both with what follows in them."""
    own = re.escape(str(Home.find(home or None).path))
    others = {assets(), PACKAGE.parent, Path(sys.prefix), Path(tempfile.gettempdir()), Path.home()}
    with contextlib.suppress(OSError):  # the working folder may be gone
        others.add(Path.cwd())
    ordered = sorted((re.escape(str(place)) for place in others if place != Path(place.anchor)), key=len, reverse=True)
    return (
        re.compile(rf"{own}(?:[/\\]({_REST}{_END})|[/\\]?(?![\w-]))"),
        re.compile(rf"(?:{'|'.join(ordered)})(?:[/\\]{_REST}{_END}|[/\\]?(?![\w-]))"),
    )
