"""Widgets for plain values: numbers, choices, switches, text, lists."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import streamlit as st

from app.widgets.form.field import Field
from app.wording.shared import common
from fairprog_core.common.limits import limits
from fairprog_core.study.values import parse_json

NARROW, WIDE = 160, 230  # px; two narrow ones fit side by side on a phone


@dataclass(frozen=True)
class Unread:
    """In place of a value: a text that is too long to be parsed at every redraw.

    Attributes:
        reason: one sentence.
    """

    reason: str


def draw(field: Field, start: Any, *, key: str) -> Any:
    """Draw the widget for the field's type; its value as plain JSON."""
    return _widget_for(field)(field, start, key)


def choose(field: Field, options: Sequence[Any], start: Any, *, key: str) -> Any:
    """Draw a choice among registry keys or literals."""
    index = options.index(start) if start in options else 0
    width = "stretch" if field.members else WIDE
    return st.selectbox(field.label, options, index, format_func=_name, key=key, **_common(field, width))


def choose_several(field: Field, options: Sequence[str], start: Sequence[str], *, key: str) -> list[str]:
    """Draw a selection among registry keys; the selected keys in the order of the clicks."""
    return st.multiselect(
        field.label, options, start, format_func=_name, key=key, help=field.info.description, wrap=True,
        persist_state="session",
    )  # fmt: skip


def numbers(text: str) -> list[Any]:
    """``"0, 0.3, 1"`` -> [0, 0.3, 1]; other text is kept, so that the error of the options can quote it."""
    return [_number(part.strip()) for part in text.replace(";", ",").split(",") if part.strip()]


def _number(text: str) -> Any:
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            continue
    return text


def _widget_for(field: Field) -> Callable[[Field, Any, str], Any]:
    if get_origin(field.kind) is Literal:
        return _literal
    if field.is_many:
        return _choices if get_origin(get_args(field.kind)[0]) is Literal else _list
    return {bool: _switch, int: _number_input, float: _number_input, str: _text, Path: _text}.get(field.kind, _json)


def _literal(field: Field, start: Any, key: str) -> Any:
    options = ([None] if field.is_optional else []) + list(get_args(field.kind))
    return choose(field, options, start, key=key)


def _choices(field: Field, start: Any, key: str) -> list[str]:
    return choose_several(field, get_args(get_args(field.kind)[0]), start or (), key=key)


def _switch(field: Field, start: Any, key: str) -> bool:
    return st.toggle(field.label, bool(start), key=key, **_common(field, "content"))


def _number_input(field: Field, start: Any, key: str) -> Any:
    """Draw a number without bounds: a widget with bounds hides a forbidden value, and the form could not refuse it."""
    low, convert = _bound(field, "ge", "gt"), field.kind
    is_whole = convert is int
    step = 1 if is_whole else _step(start if start is not None else low)
    return st.number_input(
        field.label,
        value=None if start is None else convert(start),
        step=step,
        format="%d" if is_whole else "%g",
        placeholder=common.EMPTY if field.is_optional else None,
        key=key,
        **_common(field),
    )


def _text(field: Field, start: Any, key: str) -> Any:
    length = next((m.max_length for m in field.info.metadata if hasattr(m, "max_length")), None)
    text = st.text_input(field.label, str(start or ""), max_chars=length, key=key, **_common(field, WIDE))
    return read(field, text, lambda text: text or (None if field.is_optional else ""))


def read(field: Field, text: str, parse: Callable[[str], Any]) -> Any:
    """The value that was typed into a field; `Unread` if it is too long. The browser's own limit is not relied on."""
    now = limits()
    if len(text) > now.typed:
        return Unread(now.refusal("typed", f"“{field.label}” holds {len(text):,} letters"))
    return parse(text)


def read_list(field: Field, text: str) -> list[Any] | None:
    """Numbers or words, separated by commas."""
    is_number = get_args(field.kind)[0] in (int, float)
    parts = numbers(text) if is_number else [part.strip() for part in text.split(",") if part.strip()]
    return None if field.is_optional and not parts else parts


def read_json(field: Field, text: str, empty: Any) -> Any:
    """JSON; other text is kept, so that the error of the options can quote it.

    Args:
        field: the field.
        text: what was typed.
        empty: the value of a field that is not optional where nothing was typed.
    """
    if not text.strip():
        return None if field.is_optional else empty
    try:
        return parse_json(text)
    except ValueError:
        return text


def _list(field: Field, start: Any, key: str) -> Any:
    """Draw a text field for numbers or words, separated by commas."""
    shown = ", ".join(f"{part:g}" if isinstance(part, float) else str(part) for part in start or ())
    placeholder = common.EMPTY if field.is_optional else None
    text = st.text_input(field.label, shown, key=key, placeholder=placeholder, **_common(field, WIDE))
    return read(field, text, lambda text: read_list(field, text))


def _json(field: Field, start: Any, key: str) -> Any:
    """Draw any other value as JSON text."""
    plain = start if start is None or isinstance(start, str) else json.dumps(_plain(start))
    text = st.text_input(field.label, plain or "", key=key, **_common(field, WIDE))
    empty = "" if start is None else type(start)()
    return read(field, text, lambda text: read_json(field, text, empty))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "to_json"):
        return value.to_json()
    return value if isinstance(value, (int, float, str, bool, type(None))) else str(value)


def _common(field: Field, width: int | str = NARROW) -> dict[str, Any]:
    return {"help": field.info.description, "width": width, "persist_state": "session"}


def _name(option: Any) -> str:
    return common.NONE if option is None else common.kind(str(option))


def _bound(field: Field, *names: str) -> Any:
    return next((getattr(m, name) for m in field.info.metadata for name in names if hasattr(m, name)), None)


def _step(value: float | None) -> float:
    """The step of a number field, a tenth of the leading digit's place: 0.84 -> 0.01, 0.004 -> 0.0001, 30 -> 1."""
    if not value:
        return 0.1
    return float(10.0 ** (math.floor(math.log10(abs(value))) - 1))
