"""A study in few words: what is set on top of another one. Torch-free.

Two runs of one preset carry one name; what was set tells them apart, and typed behind ``--set`` it makes the same
study again.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from fairprog_core.common.errors import ConfigError
from fairprog_core.study.load import load_studies, load_study, presets, series
from fairprog_core.study.study import Study
from fairprog_core.study.values import KINDS, read_value

_ROUNDS = 4  # another kind brings options of its own, which are compared in the next round
_BARE = re.compile(r"[A-Za-z0-9_-]+")  # a key that TOML reads without quotes


def changes(study: Study) -> tuple[str, ...]:
    """What tells a study from others of its name: what is set on top of the shipped one, or of what suits its data.

    Returns:
        As of `settings`; empty where the study has a name of its own, which tells it apart.
    """
    kind = study.dataset.kind
    start = shipped().get(study.name)
    if start is None and study.name == kind:
        start = Study.parse({"name": kind, "dataset": {"kind": kind}})
    return (settings(study, start) if start else None) or ()


def in_short(study: Mapping[str, Any], *, most: int | None = 3) -> str:
    """What tells a saved study apart: "seeds=0,1,2, budget.steps=200 and 2 more"; empty where nothing does.

    Args:
        study: as JSON; one that an earlier version saved, and this one does not take, is told by nothing.
        most: how many settings are named; None: all.
    """
    try:
        found = changes(Study.parse(study))
    except ConfigError:
        return ""
    shown = found[:most]
    rest = f" and {len(found) - len(shown)} more" if len(shown) < len(found) else ""
    return ", ".join(shown) + rest


def command(study: Study, preset: str) -> str | None:
    """The line that computes a study on the command line, beginning with a preset; None where no line can."""
    found = settings(study, preset)
    if found is None:
        return None
    named = [] if study.name == preset else [f"name={_written(study.name)}"]
    return shlex.join(["fairprog", "run", preset, *(word for each in [*named, *found] for word in ("--set", each))])


def settings(study: Study, start: str | Study) -> tuple[str, ...] | None:
    """What has to be set on top of another study to compute this one.

    Args:
        study: what is wanted; its name does not count.
        start: a study, or the name of a preset.

    Returns:
        ``key.path=value`` each, as ``load_study`` and ``--set`` take it; None where that cannot be said so.
    """
    wanted, found = study.to_json(), dict[str, str]()
    for _ in range(_ROUNDS):
        try:
            reached = load_study(start, [f"{key}={value}" for key, value in found.items()]).to_json()
        except ConfigError:  # on the way there is no valid study
            return None
        further = dict(_differences(reached, wanted | {"name": reached["name"]}, ()))
        if not further:
            return tuple(f"{key}={value}" for key, value in found.items())
        found |= further
    return None


@cache
def shipped() -> Mapping[str, Study]:
    """Every study that a preset or a series computes, by its name."""
    singles = {name: load_study(name) for name in presets()}
    return {study.name: study for name in series() for study in load_studies(name)} | singles


def _differences(old: Any, new: Any, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """(key.path, value) of what has to be set to get from old to new."""
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


def _kinds(value: Any) -> list[str] | None:
    """The kinds of options, of one or of a list; None for everything else."""
    several = value if isinstance(value, list) else [value]
    if several and all(isinstance(each, dict) and "kind" in each for each in several):
        return [each["kind"] for each in several]
    return None


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name)


def _written(value: Any) -> str:
    """A value as ``--set`` takes it: without quotes and brackets where it is read alike."""
    parts = value if isinstance(value, list) else [value]
    bare = ",".join("" if part is None else part if isinstance(part, str) else _toml(part) for part in parts)
    return bare if read_value(bare.strip()) == value else _toml(value)


def _toml(value: Any) -> str:
    """A JSON value in one line of TOML, which knows no null: keys without a value are left out."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)} = {_toml(each)}" for key, each in value.items() if each is not None) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False)
