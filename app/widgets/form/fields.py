"""Forms drawn from options: any ``Options`` class becomes widgets by way of its fields.

Titles become labels, descriptions help texts, bounds limits, literals choices, unions a choice
of kind with the fields of that kind below; fields marked as advanced are folded away. A new
registry entry needs no edit here.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, get_args, get_origin

import streamlit as st
from pydantic.fields import FieldInfo

from app.widgets.form import inputs
from app.wording import train as words
from app.wording.shared import common
from fairprog_core.common.options import ADVANCED, Options, is_marked
from fairprog_core.common.validation import is_union, kind_of, without_none

FormValues: TypeAlias = dict[str, object]  # plain JSON values by the name of their field


@dataclass(frozen=True)
class Spec:
    """One field, ready to be drawn.

    Attributes:
        kind: the annotation without ``None`` and ``Annotated``.
        is_optional: whether ``None`` is allowed.
        members: the options classes where the field holds options, else empty.
        is_many: whether it is a tuple.
        is_choice: whether there are several options classes to choose among, be they offered or not.
    """

    name: str
    info: FieldInfo
    kind: Any
    is_optional: bool
    members: tuple[type[Options], ...]
    is_many: bool
    is_choice: bool

    @property
    def label(self) -> str:
        return self.info.title or common.kind(self.name)

    @property
    def is_advanced(self) -> bool:
        return is_marked(self.info, ADVANCED)

    @property
    def is_constant(self) -> bool:
        """A literal with a single value, such as ``kind``."""
        return get_origin(self.kind) is Literal and len(get_args(self.kind)) == 1


def spec_of(name: str, info: FieldInfo) -> Spec:
    """Read a field's annotation."""
    kind, is_optional = without_none(info.annotation)
    is_many = get_origin(kind) is tuple
    item = without_none(get_args(kind)[0])[0] if is_many else kind
    candidates = get_args(item) if is_union(item) else (item,)
    members = tuple(c for c in candidates if isinstance(c, type) and issubclass(c, Options))
    return Spec(name, info, kind, is_optional, members, is_many, is_choice=len(members) > 1)


def fields(
    cls: type[Options],
    *,
    key: str,
    value: Options | None = None,
    names: Iterable[str] | None = None,
    is_folded: bool = False,
    offers: Callable[[type[Options]], bool] = lambda _: True,
) -> FormValues:
    """Draw fields; their plain values by name.

    Args:
        names: which fields, in this order; all where None.
        is_folded: whether this is drawn inside an expander already, so that nothing is folded again.
        offers: whether a kind can be chosen where there are several; the others are left out.
    """
    chosen = cls.model_fields if names is None else {name: cls.model_fields[name] for name in names}
    specs = [spec for name, info in chosen.items() if not (spec := spec_of(name, info)).is_constant]
    specs = [replace(spec, members=tuple(filter(offers, spec.members))) for spec in specs]
    start = {spec.name: _start(spec, value) for spec in specs}
    constants = {name: info.default for name, info in chosen.items() if spec_of(name, info).is_constant}
    advanced = [] if is_folded else [spec for spec in specs if spec.is_advanced]
    values = constants | _group([spec for spec in specs if spec not in advanced], start, key, is_folded)
    if advanced:
        with st.expander(words.MORE):
            values |= _group(advanced, start, key, is_folded=True)
    return values


def _group(specs: Sequence[Spec], start: FormValues, key: str, is_folded: bool) -> FormValues:
    """Single values side by side, as many as fit; what holds options below them."""
    values: FormValues = {}
    simple = [spec for spec in specs if not spec.members]
    if simple:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            for spec in simple:
                values[spec.name] = inputs.draw(spec, start[spec.name], key=f"{key}.{spec.name}")
    for spec in specs:
        if spec.members:
            values[spec.name] = _options(spec, start[spec.name], f"{key}.{spec.name}", is_folded)
    return values


def _options(spec: Spec, start: Any, key: str, is_folded: bool) -> Any:
    """A field that holds options: one, one of several kinds, or a selection of kinds."""
    if spec.is_many:
        return _several(spec, start or (), key, is_folded)
    if spec.is_optional and not st.toggle(spec.label, start is not None, key=key, help=spec.info.description):
        return None
    if not spec.is_choice:
        return fields(spec.members[0], key=key, value=start, is_folded=is_folded)
    classes = {kind_of(member): member for member in spec.members}
    picked = inputs.choose(spec, list(classes), kind_of(type(start)) if start else None, key=f"{key}.kind")
    value = start if start is not None and kind_of(type(start)) == picked else None
    return _folded(classes[picked], picked, key=f"{key}.{picked}", value=value, is_folded=is_folded)


def _several(spec: Spec, start: Sequence[Options], key: str, is_folded: bool) -> list[FormValues]:
    """A selection: what the form starts from, then every other kind with its defaults."""
    entries: dict[str, Options | type[Options]] = {}
    for item in start:
        kind = kind_of(type(item))
        n_same = sum(name.split("-")[0] == kind for name in entries)
        entries[f"{kind}-{n_same + 1}" if n_same else kind] = item
    picked_first = list(entries)
    entries |= {kind: cls for cls in spec.members if (kind := kind_of(cls)) not in entries}
    values = []
    for name in inputs.choose_several(spec, list(entries), picked_first, key=f"{key}.kinds"):
        entry = entries[name]
        cls, value = (entry, None) if isinstance(entry, type) else (type(entry), entry)
        values.append(_folded(cls, name, key=f"{key}.{name}", value=value, is_folded=is_folded))
    return values


def _folded(cls: type[Options], name: str, *, key: str, value: Options | None, is_folded: bool) -> FormValues:
    """The fields of one kind, folded away: the choice of the kind is what counts first."""
    if is_folded or all(spec_of(field, info).is_constant for field, info in cls.model_fields.items()):
        return fields(cls, key=key, value=value, is_folded=True)
    with st.expander(words.options_of(name)):
        about = common.first_sentence(cls.__doc__)
        if about:
            st.markdown(about)
        return fields(cls, key=key, value=value, is_folded=True)


def _start(spec: Spec, value: Options | None) -> Any:
    if value is not None:
        return getattr(value, spec.name)
    return spec.info.get_default(call_default_factory=True, validated_data={}) if not spec.info.is_required() else None
