"""Load studies by name or from a file, with overrides of single values. Torch-free.

A file is TOML (or the JSON that a run writes) with the keys of ``Study``. A kind is short for the
options of that kind with their defaults: ``classifier = "hybrid"``.

A *series* is several studies in one file: ``studies`` lists names of presets, or tables with a ``name``
and overrides to ``set`` in addition to the other keys of the file.

Relative paths in a file begin in the file's folder, those in other overrides in the working directory.
"""

import copy
import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import groupby, islice
from pathlib import Path

from pydantic import JsonValue

from fairprog_core.common.errors import ConfigError, shorten, shown
from fairprog_core.common.home import is_file, user_path
from fairprog_core.study.override import Override
from fairprog_core.study.paths import make_absolute
from fairprog_core.study.study import Study
from fairprog_core.study.values import DEEPEST, Values, expand, parse_json, parse_toml

MOST_STUDIES = 1000  # of a series
_MOST_CHARACTERS = 64 << 20  # of a file; results, which contain their study, are long
_MEMBERS = "a list of names of presets or files, and of tables of name and set"


def presets() -> dict[str, str]:
    """Names and one-line descriptions of the presets that are single studies."""
    return {name: _headline(text) for name, text in _shipped().items() if "studies" not in parse_toml(text)}


def series() -> dict[str, str]:
    """Names and one-line descriptions of the presets that are series of studies."""
    return {name: _headline(text) for name, text in _shipped().items() if "studies" in parse_toml(text)}


@cache
def _shipped() -> dict[str, str]:
    """The text of every preset by name."""
    files = [file for file in (resources.files(__package__) / "presets").iterdir() if file.name.endswith(".toml")]
    return dict(sorted((file.name.removesuffix(".toml"), file.read_text("utf-8")) for file in files))


def _headline(text: str) -> str:
    return text.splitlines()[0].strip("# ")


def load_study(source: str | Path | Study, overrides: Iterable[str] = ()) -> Study:
    """Load a study and override single values.

    Args:
        source: a preset's name, a TOML or JSON file, or a study.
        overrides: ``key.path=value`` each, e.g. ``classifier.source=train``, ``seeds=0,1,2``,
            ``triggers=border,patch`` or ``triggers.0.photo=0.8``. Values are written as in
            TOML; text needs no quotes; an empty value means None. Setting a ``kind`` drops the
            options of the previous kind.

    Raises:
        ConfigError: there is no such preset or file, it is a series, or a key or value is not allowed.
    """
    found = _read(source)
    if found.is_series:
        raise ConfigError(f"{found.where} is a series of studies; `fairprog run {shorten(source)}` runs all of them.")
    return _study(found, overrides)


def load_study_of(dataset: str, overrides: Iterable[str] = ()) -> Study:
    """The study with this data set, defaults that suit the data, and overrides of single values.

    Args:
        dataset: the data set's key in its registry.
        overrides: as of `load_study`.

    Raises:
        ConfigError: a key or value is not allowed.
    """
    return _study(_Source({"dataset": {"kind": dataset}}, f"data set {dataset}"), overrides)


def load_studies(source: str | Path | Study, overrides: Iterable[str] = ()) -> list[Study]:
    """Load a study, or every study of a series, and override single values in each.

    Args:
        source: as of `load_study`, or a series.
        overrides: as of `load_study`.

    Raises:
        ConfigError: there is no such preset or file, a key or value is not allowed, or there are too many studies.
    """
    found = list(islice(_members(source, list(overrides), ()), MOST_STUDIES + 1))
    if len(found) > MOST_STUDIES:
        raise ConfigError(f"{shorten(source)} holds more than {MOST_STUDIES} studies; make several series of them.")
    return found


def is_series(source: str | Path | Study) -> bool:
    """Whether a name or a file is a series.

    Raises:
        ConfigError: there is no such preset or file.
    """
    return _read(source).is_series


@dataclass(frozen=True)
class _Source:
    """The values of a study or of a series, and where they come from.

    Attributes:
        values: as in the file.
        where: the file or preset, for errors.
        folder: that relative paths in the values begin in; None: they hold none.
    """

    values: Values
    where: str
    folder: Path | None = None

    @property
    def is_series(self) -> bool:
        return "studies" in self.values


def _study(found: _Source, overrides: Iterable[str], own: Iterable[str] = ()) -> Study:
    """Parse a study after its overrides; ``own`` are those of its file."""
    expand(found.values)
    make_absolute(found.values, found.folder)
    parsed = [Override.parse(text, folder=found.folder) for text in own] + [Override.parse(text) for text in overrides]
    ordered = sorted(parsed, key=lambda each: not each.is_kind)  # kinds first, because they drop options
    for folder, group in groupby(ordered, key=lambda each: each.folder):
        for override in group:
            override.apply(found.values, where=found.where)
        make_absolute(found.values, folder)
    return Study.parse(found.values, where=found.where)


def _members(
    source: str | Path | Study, overrides: Sequence[str], within: tuple[str, ...], folder: Path | None = None
) -> Iterator[Study]:
    """Every study of a source; ``within`` are the series that contain it, ``folder`` is that of the last."""
    found = _read(source, folder)
    if not found.is_series:
        yield _study(found, overrides)
        return
    place = source if isinstance(source, Study) else str((folder or Path()) / source)
    if place in within:
        raise ConfigError(f"{found.where}: studies names the series itself.")
    if len(within) == DEEPEST:
        raise ConfigError(f"{found.where}: series name series more than {DEEPEST} deep; name the studies themselves.")
    for member in _list_of_members(found):
        if isinstance(member, str):
            yield from _members(member, overrides, (*within, str(place)), found.folder)
        else:
            name, own = _name_and_settings(member, found.where)
            values = copy.deepcopy({key: value for key, value in found.values.items() if key != "studies"})
            of_member = _Source(values | {"name": name}, f"{found.where}, {shorten(name, 60)}", found.folder)
            yield _study(of_member, overrides, own)


def _list_of_members(found: _Source) -> list[JsonValue]:
    members = found.values["studies"]
    if not isinstance(members, list) or not members:
        raise ConfigError(f"{found.where}: studies: found {shown(members)}; allowed is {_MEMBERS}.")
    return members


def _name_and_settings(member: JsonValue, where: str) -> tuple[JsonValue, list[str]]:
    """The name and the overrides of one study in a series."""
    if isinstance(member, dict) and member.keys() == {"name", "set"} and isinstance(member["set"], list):
        own = [text for text in member["set"] if isinstance(text, str)]
        if len(own) == len(member["set"]):
            return member["name"], own
    raise ConfigError(
        f"{where}: studies: found {shown(member)}; allowed are names and tables of name and set, "
        "a list of key.path=value."
    )


def _read(source: str | Path | Study, folder: Path | None = None) -> _Source:
    """Read a study or a series; ``folder``: that a relative path begins in, None: the working directory."""
    if isinstance(source, Study):
        return _Source(source.to_json(), shorten(source.name))
    is_name = isinstance(source, str) and not Path(source).suffix and Path(source).name == source
    if is_name and source in _shipped():
        return _Source(parse_toml(_shipped()[str(source)]), f"preset {source}")
    if is_name and not is_file((folder or Path()) / source):
        close = difflib.get_close_matches(str(source)[:80], _shipped(), 1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise ConfigError(f"There is no preset {shown(source)}; there are {', '.join(_shipped())}.{hint}")
    path = (folder or Path()) / user_path(source, what="The study")
    return _Source(_read_file(path), shorten(path), path.absolute().parent)


def _read_file(path: Path) -> Values:
    """The study in a file: the whole content, or the study of a result."""
    text, form = _read_text(path), "JSON" if path.suffix == ".json" else "TOML"
    try:
        values = parse_json(text) if form == "JSON" else parse_toml(text)
    except ValueError as error:
        raise ConfigError(f"The study {shorten(path)} is not valid {form}: {shorten(error)}.") from error
    if isinstance(values, dict) and "schema" in values:
        values = values.get("study")
    if not isinstance(values, dict):
        raise ConfigError(f"The study {shorten(path)} holds no table of keys and values.")
    return values


def _read_text(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(_MOST_CHARACTERS + 1)
    except OSError as error:
        raise ConfigError(f"The study {shorten(path)} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"The study {shorten(path)} is not a text file in UTF-8; give a TOML or JSON file."
        ) from error
    except ValueError as error:  # a null character in its name
        raise ConfigError(f"The study {shorten(path)} cannot be read: {shorten(error)}.") from error
    if len(text) > _MOST_CHARACTERS:
        raise ConfigError(f"The study {shorten(path)} is longer than {_MOST_CHARACTERS >> 20} million characters.")
    return text
