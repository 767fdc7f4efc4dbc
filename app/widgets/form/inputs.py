"""One widget for one plain value: numbers, choices, switches, text, lists."""

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import streamlit as st

from app.wording.shared import common

if TYPE_CHECKING:
    from app.widgets.form.fields import Spec

NARROW, WIDE = 160, 230  # px; two narrow ones fit side by side on a phone


def draw(spec: "Spec", start: Any, *, key: str) -> Any:
    """Draw the widget that suits the field's type; its value as plain JSON."""
    return _widget_for(spec)(spec, start, key)


def choose(spec: "Spec", options: Sequence[Any], start: Any, *, key: str) -> Any:
    """A choice among registry keys or literals."""
    index = options.index(start) if start in options else 0
    width = "stretch" if spec.members else WIDE
    return st.selectbox(spec.label, options, index, format_func=_name, key=key, **_common(spec, width))


def choose_several(spec: "Spec", options: Sequence[str], start: Sequence[str], *, key: str) -> list[str]:
    """A selection among registry keys, in the order it was made."""
    return st.multiselect(
        spec.label, options, start, format_func=_name, key=key, help=spec.info.description, wrap=True,
        persist_state="session",
    )  # fmt: skip


def numbers(text: str) -> list[Any]:
    """``"0, 0.3, 1"`` -> [0, 0.3, 1]; what is not a number stays text, for the sentence that refuses it."""
    return [_number(part.strip()) for part in text.replace(";", ",").split(",") if part.strip()]


def _number(text: str) -> Any:
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            continue
    return text


def _widget_for(spec: "Spec") -> "Callable[[Spec, Any, str], Any]":
    if get_origin(spec.kind) is Literal:
        return _literal
    if spec.is_many:
        return _choices if get_origin(get_args(spec.kind)[0]) is Literal else _list
    return {bool: _switch, int: _amount, float: _amount, str: _text, Path: _text}.get(spec.kind, _json)


def _literal(spec: "Spec", start: Any, key: str) -> Any:
    options = ([None] if spec.is_optional else []) + list(get_args(spec.kind))
    return choose(spec, options, start, key=key)


def _choices(spec: "Spec", start: Any, key: str) -> list[str]:
    return choose_several(spec, get_args(get_args(spec.kind)[0]), start or (), key=key)


def _switch(spec: "Spec", start: Any, key: str) -> bool:
    return st.toggle(spec.label, bool(start), key=key, **_common(spec, "content"))


def _amount(spec: "Spec", start: Any, key: str) -> Any:
    """A number. The widget has no bounds: what lies outside it would keep to itself, and the form could not say so."""
    low, convert = _bound(spec, "ge", "gt"), spec.kind
    is_whole = convert is int
    step = 1 if is_whole else _step(start if start is not None else low)
    return st.number_input(
        spec.label,
        value=None if start is None else convert(start),
        step=step,
        format="%d" if is_whole else "%g",
        placeholder=common.EMPTY if spec.is_optional else None,
        key=key,
        **_common(spec),
    )


def _text(spec: "Spec", start: Any, key: str) -> str | None:
    length = next((m.max_length for m in spec.info.metadata if hasattr(m, "max_length")), None)
    text = st.text_input(spec.label, str(start or ""), max_chars=length, key=key, **_common(spec, WIDE))
    return text or (None if spec.is_optional else "")


def _list(spec: "Spec", start: Any, key: str) -> list[Any] | None:
    """Numbers or words, separated by commas."""
    item = get_args(spec.kind)[0]
    shown = ", ".join(f"{part:g}" if isinstance(part, float) else str(part) for part in start or ())
    placeholder = common.EMPTY if spec.is_optional else None
    text = st.text_input(spec.label, shown, key=key, placeholder=placeholder, **_common(spec, WIDE))
    parts = numbers(text) if item in (int, float) else [part.strip() for part in text.split(",") if part.strip()]
    return None if spec.is_optional and not parts else parts


def _json(spec: "Spec", start: Any, key: str) -> Any:
    """Anything else as JSON text; what is not JSON stays text, for the sentence that refuses it."""
    plain = start if start is None or isinstance(start, str) else json.dumps(_plain(start))
    text = st.text_input(spec.label, plain or "", key=key, **_common(spec, WIDE))
    if not text.strip():
        return None if spec.is_optional else type(start)() if start is not None else ""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "to_json"):
        return value.to_json()
    return value if isinstance(value, (int, float, str, bool, type(None))) else str(value)


def _common(spec: "Spec", width: int | str = NARROW) -> dict[str, Any]:
    return {"help": spec.info.description, "width": width, "persist_state": "session"}


def _name(option: Any) -> str:
    return common.NONE if option is None else common.kind(str(option))


def _bound(spec: "Spec", *names: str) -> Any:
    return next((getattr(m, name) for m in spec.info.metadata for name in names if hasattr(m, name)), None)


def _step(value: float | None) -> float:
    """A tenth of the leading digit's place: 0.84 -> 0.01, 0.004 -> 0.0001, 30 -> 1."""
    if not value:
        return 0.1
    return float(10.0 ** (math.floor(math.log10(abs(value))) - 1))
