"""The settings in which a study differs from another one. Torch-free.

Two runs of one preset have the same name; their settings distinguish them, and with ``--set`` they give the same
study again.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic.fields import FieldInfo

from fairprog_core.common.errors import ConfigError
from fairprog_core.study.load import load_studies, load_study, presets, series
from fairprog_core.study.study import Study
from fairprog_core.study.values import KINDS, parse_toml, read_value

_ROUNDS = 4  # a new kind has new options, which are compared in the next round
_BARE = re.compile(r"[A-Za-z0-9_-]+")  # a key that needs no quotes in TOML


def changes(study: Study) -> tuple[str, ...]:
    """The settings in which a study differs from the shipped study of its name, or from the default for its data.

    Returns:
        As of `settings`; empty if the study has a name of its own.
    """
    kind = study.dataset.kind
    start = shipped().get(study.name)
    if start is None and study.name == kind:
        start = Study.parse({"name": kind, "dataset": {"kind": kind}})
    return (settings(study, start) if start else None) or ()


def in_short(study: Mapping[str, object], *, most: int | None = 3) -> str:
    """The `changes` of a saved study as text: "seeds=0,1,2, budget.steps=200 and 2 more"; empty if there are none.

    Args:
        study: as JSON; the text is empty for one of an earlier version that is not valid any more.
        most: largest number of settings in the text; None: all.
    """
    try:
        every = changes(Study.parse(study))
    except ConfigError:
        return ""
    shown = every[:most]
    rest = f" and {len(every) - len(shown)} more" if len(shown) < len(every) else ""
    return ", ".join(shown) + rest


def command(study: Study, preset: str) -> str | None:
    """The command that runs a study as a preset with settings; None if there is no such command."""
    own = settings(study, preset)
    if own is None:
        return None
    name = [] if study.name == preset else [f"name={_written(study.name)}"]
    return shlex.join(["fairprog", "run", preset, *(word for each in [*name, *own] for word in ("--set", each))])


def settings(study: Study, start: str | Study) -> tuple[str, ...] | None:
    """The settings that turn another study into this one.

    Args:
        study: the wanted study; its name is ignored.
        start: a study, or the name of a preset.

    Returns:
        ``key.path=value`` each, as ``load_study`` and ``--set`` take it; None if no such settings exist.
    """
    wanted, chosen = study.to_json(), dict[str, str]()
    for _ in range(_ROUNDS):
        try:
            reached = load_study(start, [f"{key}={value}" for key, value in chosen.items()]).to_json()
        except ConfigError:  # an intermediate study is not valid
            return None
        further = dict(_differences(reached, wanted | {"name": reached["name"]}, ()))
        if not further:
            return tuple(f"{key}={value}" for key, value in chosen.items())
        chosen |= further
    return None


def to_toml(study: Study) -> str | None:
    """The file from which ``fairprog run`` computes the same study; None if TOML cannot express it.

    It holds the data set, and of the rest what differs from the defaults for these data.
    """
    usual = Study.parse({"name": study.name, "dataset": study.dataset.to_json()}).to_json()
    wanted = study.to_json()
    data: Any = wanted["dataset"]
    defaults = type(study.dataset).model_fields
    lines = [f"{key} = {_toml(wanted[key])}" for key in wanted if key == "name" or wanted[key] != usual[key]]
    lines += ["", "[dataset]", f"kind = {_toml(data['kind'])}"]
    lines += [
        f"{key} = {_toml(value)}"
        for key, value in data.items()
        if key != "kind" and value is not None and getattr(study.dataset, key) != _default(defaults[key])
    ]
    text = "\n".join(lines) + "\n"
    return text if Study.parse(parse_toml(text)) == study else None


@cache
def shipped() -> Mapping[str, Study]:
    """Every study of the shipped presets and series, by its name."""
    singles = {name: load_study(name) for name in presets()}
    return {study.name: study for name in series() for study in load_studies(name)} | singles


def _differences(old: Any, new: Any, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """(key.path, value) of every setting that is needed to get from old to new."""
    if old == new:
        return
    kinds = _kinds(new) if len(path) == 1 and path[0] in KINDS else None
    if kinds is not None and _kinds(old) != kinds:
        yield ".".join(map(_key, path)), _written(kinds[0] if len(kinds) == 1 else kinds)
    elif isinstance(old, dict) and isinstance(new, dict) and old.keys() <= new.keys():
        for key, value in new.items():
            yield from _differences(old.get(key, {} if isinstance(value, dict) else None), value, (*path, key))
    elif kinds is not None and isinstance(new, list):  # the same kinds
        for place, (before, after) in enumerate(zip(old, new)):
            yield from _differences(before, after, (*path, str(place)))
    else:
        yield ".".join(map(_key, path)), _written(new)


def _default(field: FieldInfo) -> Any:
    return field.get_default(call_default_factory=True, validated_data={})


def _kinds(value: Any) -> list[str] | None:
    """The kinds of one options object or of a list of them; None for any other value."""
    several = value if isinstance(value, list) else [value]
    if several and all(isinstance(each, dict) and "kind" in each for each in several):
        return [each["kind"] for each in several]
    return None


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name)


def _written(value: Any) -> str:
    """A value as ``--set`` takes it, without quotes and brackets if it is parsed to the same value."""
    parts = value if isinstance(value, list) else [value]
    bare = ",".join("" if part is None else part if isinstance(part, str) else _toml(part) for part in parts)
    return bare if read_value(bare.strip()) == value else _toml(value)


def _toml(value: Any) -> str:
    """A JSON value in one line of TOML; keys with null are left out, because TOML has no null."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)} = {_toml(each)}" for key, each in value.items() if each is not None) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False)
