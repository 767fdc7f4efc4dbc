"""Studies by name or file, and single values set on top of them. Torch-free.

A file is TOML (or the JSON that a run writes) with the keys of ``Study``. Where the options of
one thing are expected, its kind alone is enough: ``classifier = "hybrid"``.

A *series* is several studies in one file: ``studies`` lists names of presets, or tables with a ``name``
and values to ``set`` on top of the other keys of the file.
"""

import copy
import difflib
import json
import tomllib
from collections.abc import Iterable, Iterator, MutableMapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from fairprog_core.common.errors import ConfigError
from fairprog_core.study.study import Study

Values = dict[str, Any]

KINDS = ("dataset", "classifier", "methods", "triggers", "criteria")
LISTS = ("methods", "triggers", "criteria", "seeds")


def presets() -> dict[str, str]:
    """Name and one-line description of every preset that is a single study."""
    return {name: _headline(text) for name, text in _shipped().items() if "studies" not in tomllib.loads(text)}


def series() -> dict[str, str]:
    """Name and one-line description of every preset that is a series of studies."""
    return {name: _headline(text) for name, text in _shipped().items() if "studies" in tomllib.loads(text)}


@cache
def _shipped() -> dict[str, str]:
    """The text of every preset by name."""
    files = [file for file in (resources.files(__package__) / "presets").iterdir() if file.name.endswith(".toml")]
    return {
        name: file.read_text("utf-8") for name, file in sorted({f.name.removesuffix(".toml"): f for f in files}.items())
    }


def _headline(text: str) -> str:
    return text.splitlines()[0].strip("# ")


def load_study(source: str | Path | Study, overrides: Iterable[str] = ()) -> Study:
    """Read a study and set single values.

    Args:
        source: a preset's name, a TOML or JSON file, or a study.
        overrides: ``key.path=value`` each, e.g. ``classifier.source=train``, ``seeds=0,1,2``,
            ``triggers=border,patch`` or ``triggers.0.photo=0.8``. Values are written as in
            TOML; text needs no quotes; nothing after ``=`` means empty. Setting a ``kind``
            drops the options of the kind that was there.

    Raises:
        ConfigError: there is no such preset or file, it is a series, or a key or value is not allowed.
    """
    values, where = _read(source)
    if "studies" in values:
        raise ConfigError(f"{where} is a series of studies; `fairprog run {source}` runs all of them.")
    return _study(values, where, overrides)


def load_studies(source: str | Path | Study, overrides: Iterable[str] = ()) -> list[Study]:
    """Read a study, or every study of a series, and set single values in each.

    Args:
        source: as of `load_study`, or a series.
        overrides: as of `load_study`.

    Raises:
        ConfigError: there is no such preset or file, or a key or value is not allowed.
    """
    return list(_members(source, list(overrides), ()))


def is_series(source: str | Path | Study) -> bool:
    """Whether a name or a file is a series.

    Raises:
        ConfigError: there is no such preset or file.
    """
    return "studies" in _read(source)[0]


def _members(source: str | Path | Study, overrides: list[str], within: tuple[str, ...]) -> Iterator[Study]:
    values, where = _read(source)
    if "studies" not in values:
        yield _study(values, where, overrides)
        return
    if where in within:
        raise ConfigError(f"{where}: studies names the series itself.")
    for member in values.pop("studies"):
        if isinstance(member, str):
            yield from _members(member, overrides, (*within, where))
        elif isinstance(member, dict) and set(member) == {"name", "set"}:
            own = copy.deepcopy(values) | {"name": member["name"]}
            yield _study(own, f"{where}, {member['name']}", [*member["set"], *overrides])
        else:
            raise ConfigError(f"{where}: studies: found {member!r:.80}; allowed are names and tables of name and set.")


def _study(values: Values, where: str, overrides: Iterable[str]) -> Study:
    _expand(values)
    parsed = [_override(text) for text in overrides]
    for path, value, text in sorted(parsed, key=lambda one: not _is_kind(one[0])):  # kinds first: they drop options
        _set(values, path, value, text=text, where=where)
    return Study.parse(values, where=where)


def _read(source: str | Path | Study) -> tuple[Values, str]:
    if isinstance(source, Study):
        return source.to_json(), source.name
    path, is_name = Path(source), isinstance(source, str) and not Path(source).suffix and Path(source).name == source
    if is_name and source in _shipped():
        return tomllib.loads(_shipped()[str(source)]), f"preset {source}"
    if is_name and not path.is_file():
        close = difflib.get_close_matches(str(source), _shipped(), 1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise ConfigError(f"There is no preset {source!r}; there are {', '.join(_shipped())}.{hint}")
    return _read_file(path), str(path)


def _read_file(path: Path) -> Values:
    try:
        text = path.read_text("utf-8")
        values = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"The study {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"The study {path} is not a text file in UTF-8; give a TOML or JSON file.") from error
    except (tomllib.TOMLDecodeError, json.JSONDecodeError) as error:
        raise ConfigError(
            f"The study {path} is not valid {'JSON' if path.suffix == '.json' else 'TOML'}: {error}."
        ) from error
    if isinstance(values, dict) and "schema" in values:  # a result: its study is inside
        values = values.get("study")
    if not isinstance(values, dict):
        raise ConfigError(f"The study {path} holds no table of keys and values.")
    return values


def _expand(values: Values) -> None:
    """Write out what was abbreviated: one value for a list of one, a kind for its options."""
    for key in LISTS:
        if key in values and not isinstance(values[key], list):
            values[key] = [values[key]]
    for key in KINDS:
        if isinstance(values.get(key), str):
            values[key] = {"kind": values[key]}
        elif isinstance(values.get(key), list):
            values[key] = [{"kind": one} if isinstance(one, str) else one for one in values[key]]
    others = values.get("transfer")
    for other in others if isinstance(others, list) else []:
        if isinstance(other, dict):  # what else it may be is told by the study
            _expand(other)


def _override(text: str) -> tuple[list[str], Any, str]:
    """``a.b=value`` as the path to set, its value, and the text itself for the error."""
    key, equals, value = text.partition("=")
    try:
        nested: Any = tomllib.loads(f"{key.strip()} = 0") if equals and key.strip() else None
    except tomllib.TOMLDecodeError:
        nested = None
    if nested is None:
        raise ConfigError(f"--set {text!r} is not of the form key.path=value, e.g. classifier.source=train.")
    path = []
    while isinstance(nested, dict):
        part, nested = next(iter(nested.items()))
        path.append(part)
    return path, read_value(value.strip()), text


def read_value(text: str) -> Any:
    """A value behind ``key.path=``: as in TOML, a list without its brackets, or text as it is; nothing is None."""
    if text in ("", "none", "None"):
        return None
    for candidate in (text, f"[{text}]") if "," in text else (text,):
        try:
            return tomllib.loads(f"value = {candidate}")["value"]
        except tomllib.TOMLDecodeError:
            continue
    return [read_value(part.strip()) for part in text.split(",")] if "," in text else text


def _is_kind(path: list[str]) -> bool:
    return path[-1] == "kind" or (len(path) == 1 and path[0] in KINDS)


def _set(values: Values, path: list[str], value: Any, *, text: str, where: str) -> None:
    if path[0] not in values and len(path) > 1:  # what is left out follows from the rest of the study
        values |= {
            key: default for key, default in Study.parse(values, where=where).to_json().items() if key == path[0]
        }
    holder: Any = values
    for part in path[:-1]:
        holder = _inside(holder, part, text)
    key = path[-1]
    if key == "kind" and isinstance(holder, dict) and holder.get("kind") != value:
        holder.clear()
    if isinstance(holder, list):
        _inside(holder, key, text)
        holder[int(key)] = value
    else:
        holder[key] = value
    _expand(values)


def _inside(holder: Any, part: str, text: str) -> Any:
    if isinstance(holder, list):
        if part.isdecimal() and int(part) < len(holder):
            return holder[int(part)]
        raise ConfigError(f"--set {text!r}: {part!r} must be a number from 0 to {len(holder) - 1}.")
    if isinstance(holder, MutableMapping):
        if holder.get(part) is None:
            holder[part] = {}
        if isinstance(holder[part], dict | list):
            return holder[part]
    raise ConfigError(f"--set {text!r}: {part!r} is a single value; it holds nothing that could be set.")
