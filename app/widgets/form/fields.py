"""Forms from options: draws the widgets of any ``Options`` class from its fields.

Titles become labels, descriptions become help texts, literals become choices, and a union becomes a choice of a kind
with the fields of that kind below. Advanced fields are folded. A new registry entry needs no edit here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import streamlit as st
from pydantic.fields import FieldInfo

from app.widgets.form import inputs
from app.widgets.form.field import Field, field_of
from app.wording import train as words
from app.wording.shared import common
from fairprog_core.common.options import Options
from fairprog_core.common.sharing import sharing
from fairprog_core.common.validation import kind_of

FormValues: TypeAlias = dict[str, object]  # plain JSON values by the name of their field


def fields(
    cls: type[Options],
    *,
    key: str,
    value: Options | None = None,
    names: Iterable[str] | None = None,
    is_folded: bool = False,
    offers: Callable[[type[Options]], bool] = lambda _: True,
) -> FormValues:
    """Draw the fields of an options class; their values as plain JSON, by name.

    Args:
        cls: the options class.
        key: prefix of the widgets' keys.
        value: options with the initial values; None: the defaults.
        names: the fields to draw, in this order; None: all. Those that visitors of a shared server may not set are
            not drawn, and have no value.
        is_folded: whether the fields are inside an expander; then none are folded again.
        offers: whether an options class is offered where a field has several.
    """
    chosen = cls.model_fields if names is None else {name: cls.model_fields[name] for name in names}
    policy = sharing()
    every = [field_of(name, info) for name, info in chosen.items() if policy.is_open(info)]
    drawn = [
        replace(field, members=tuple(each for each in field.members if _is_offered(each, field, value, offers)))
        for field in every
        if not field.is_constant
    ]
    start = {field.name: _start(field, value) for field in drawn}
    constants = {name: info.default for name, info in chosen.items() if field_of(name, info).is_constant}
    constants |= _closed(chosen, value)
    advanced = [] if is_folded else [field for field in drawn if field.is_advanced]
    values = constants | _group([field for field in drawn if field not in advanced], start, key, is_folded)
    if advanced:
        with st.expander(words.MORE):
            values |= _group(advanced, start, key, is_folded=True)
    return values


def _is_offered(
    cls: type[Options], field: Field, value: Options | None, offers: Callable[[type[Options]], bool]
) -> bool:
    """Whether an options class can be chosen: the form begins with it, or it suits and visitors may use it."""
    return isinstance(getattr(value, field.name, None), cls) or (offers(cls) and sharing().offers(cls))


def _closed(chosen: Mapping[str, FieldInfo], value: Options | None) -> FormValues:
    """What the form begins with in fields that visitors may not set, e.g. the path of what they uploaded."""
    if value is None:
        return {}
    policy, usual = sharing(), type(value).model_construct()
    closed = {
        name for name, info in chosen.items()
        if not policy.is_open(info) and getattr(value, name) != getattr(usual, name, None)
    }  # fmt: skip
    return value.model_dump(mode="json", include=closed) if closed else {}


def _group(drawn: Sequence[Field], start: FormValues, key: str, is_folded: bool) -> FormValues:
    """Draw plain values side by side, as many as fit in a row; below them the fields with options."""
    values: FormValues = {}
    simple = [field for field in drawn if not field.members]
    if simple:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            for field in simple:
                values[field.name] = inputs.draw(field, start[field.name], key=f"{key}.{field.name}")
    for field in drawn:
        if field.members:
            values[field.name] = _options(field, start[field.name], f"{key}.{field.name}", is_folded)
    return values


def _options(field: Field, start: Any, key: str, is_folded: bool) -> Any:
    """Draw a field that holds options: one class, one of several kinds, or a selection of kinds."""
    if field.is_many:
        return _several(field, start or (), key, is_folded)
    if field.is_optional and not st.toggle(field.label, start is not None, key=key, help=field.info.description):
        return None
    if not field.is_choice:
        return fields(field.members[0], key=key, value=start, is_folded=is_folded)
    classes = {kind_of(member): member for member in field.members}
    picked = inputs.choose(field, list(classes), kind_of(type(start)) if start else None, key=f"{key}.kind")
    value = start if start is not None and kind_of(type(start)) == picked else None
    return _folded(classes[picked], picked, key=f"{key}.{picked}", value=value, is_folded=is_folded)


def _several(field: Field, start: Sequence[Options], key: str, is_folded: bool) -> list[FormValues]:
    """Draw a selection of kinds: first the initial entries, then every other kind with its defaults."""
    entries: dict[str, Options | type[Options]] = {}
    for item in start:
        kind = kind_of(type(item))
        n_same = sum(name.split("-")[0] == kind for name in entries)
        entries[f"{kind}-{n_same + 1}" if n_same else kind] = item
    picked_first = list(entries)
    entries |= {kind: cls for cls in field.members if (kind := kind_of(cls)) not in entries}
    values = []
    for name in inputs.choose_several(field, list(entries), picked_first, key=f"{key}.kinds"):
        entry = entries[name]
        cls, value = (entry, None) if isinstance(entry, type) else (type(entry), entry)
        values.append(_folded(cls, name, key=f"{key}.{name}", value=value, is_folded=is_folded))
    return values


def _folded(cls: type[Options], name: str, *, key: str, value: Options | None, is_folded: bool) -> FormValues:
    """Draw the fields of one kind, folded, because most users only choose the kind."""
    if is_folded or all(field_of(*item).is_constant for item in cls.model_fields.items()):
        return fields(cls, key=key, value=value, is_folded=True)
    with st.expander(words.options_of(name)):
        about = common.first_sentence(cls.__doc__)
        if about:
            st.markdown(about)
        return fields(cls, key=key, value=value, is_folded=True)


def _start(field: Field, value: Options | None) -> Any:
    if value is not None:
        return getattr(value, field.name)
    return (
        field.info.get_default(call_default_factory=True, validated_data={}) if not field.info.is_required() else None
    )
