"""Any text in place of a study, or behind ``--set``: it ends in studies or in one sentence, soon."""

import contextlib
import json
import random
import time
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from fairprog_core.study import Study
from fairprog_core.study.load import load_studies, load_study
from fairprog_core.study.settings import in_short, shipped
from tests.fuzz.harness import Fuzz
from tests.fuzz.mutations import json_text, mutate_bytes, mutate_json

MOST_SECONDS = 5.0  # of a processor, for one study
STARTS = ("faces-quick", "comments-quick", Study(), "faces")
PRESETS = [file.read_bytes() for file in (resources.files("fairprog_core.study") / "presets").iterdir()]
STUDIES = [Study().to_json(), *(study.to_json() for study in shipped().values())]

# fmt: off
WORDS = (
    "name", "dataset", "classifier", "methods", "triggers", "criteria", "lam", "per", "grid", "seeds", "transfer",
    "studies", "set", "tuning_ratio", "budget", "steps", "threads", "schema", "study", "kind", "root", "hybrid",
    "faces", "comments", "celeba", "civil_comments", "encoder", "border", "soft", "hard", "adv_in", "reprogram",
    "border.equalized_odds",
)
MARKS = (
    "=", " = ", ".", ",", "\n", "\r", "[", "]", "[[", "]]", "{", "}", "[]", "{}", '"', "'", '"""', "#", ":", " ",
    "\t", "\\", "\\u0000", "\\ud800", "\x00", "\x1b[2J", "\ufeff", "\u202e", "λ", "😀", "`", "$", "%", "-",
)
VALUES = (
    "", "0", "1", "-1", "007", "0x10", "1_000", "1e400", "-0.0", "inf", "nan", "true", "null", "none", "9" * 400,
    "9" * 5000, "0x" + "f" * 5000, "2020-01-01", "07:32:00", "2020-01-01T00:00:00Z", "[" * 3000, "x" * 5000,
    "[" * 3000 + "]" * 3000, "{a=" * 2000 + "1" + "}" * 2000, '{"a":' * 3000 + "1" + "}" * 3000, "a." * 3000 + "a",
    "1," * 300, "'x'", '"x"', "[1, 2]", '["border", "patch"]', '{kind = "border"}', '{"kind": "patch"}',
    '{kind = ["x"]}', "~nouser/x", "../../x", "/dev/null", "other.toml",
)
# fmt: on


def spoil(text: str, rng: random.Random) -> str:
    """One to three tokens put in, or put in place of a part."""
    for _ in range(rng.randint(1, 3)):
        start = rng.randrange(len(text) + 1)
        end = start + rng.choice((0, 0, 1, 5, 40))
        text = text[:start] + rng.choice(rng.choice((WORDS, MARKS, VALUES))) + text[end:]
    return text


def tokens(rng: random.Random) -> str:
    """A text of random tokens, half of it lines that look like settings."""
    if rng.random() < 0.5:
        return "".join(rng.choice(rng.choice((WORDS, MARKS, VALUES))) for _ in range(rng.randint(1, 30)))
    lines = (f"{rng.choice(WORDS)} = {rng.choice(rng.choice((WORDS, VALUES)))}" for _ in range(rng.randint(1, 6)))
    return "\n".join(lines)


def toml_text(rng: random.Random) -> bytes:
    match rng.randrange(5):
        case 0 | 1:
            return mutate_bytes(rng.choice(PRESETS), rng)
        case 2:
            return tokens(rng).encode()
        case _:
            return spoil(rng.choice(PRESETS).decode(), rng).encode()


NAMES = (
    "faces-quick", "comments-quick", "faces-tradeoff", "faces", "study.toml", "other.toml", "third.toml", "none.toml",
    "./study.toml", "../x/study.toml", "/dev/null", "/dev/zero", ".", "", "\\u0000", "~nouser/x", "x" * 300, "λ",
)  # fmt: skip


def series_text(rng: random.Random) -> bytes:
    """A series: its members are presets, files, other series, itself, or tables with overrides; some are damaged."""

    def word() -> str:
        return rng.choice(rng.choice((WORDS, VALUES))) if rng.random() < 0.1 else f'"{rng.choice(NAMES)}"'

    def setting() -> str:
        key, value = rng.choice(SETTINGS)
        text = rng.choice((f"{key}={value}", f"{rng.choice(WORDS)}={rng.choice(VALUES)}", rng.choice(WORDS), "=", ""))
        return json.dumps(text[:6000])

    def member() -> str:
        if rng.random() < 0.5:
            return word()
        settings = ", ".join(setting() for _ in range(rng.choice((0, 1, 2, 200))))
        listed = rng.choice((f"[{settings}]", f"[{settings}]", f"[{settings}]", word(), f"[[{settings}]]"))
        return f"{{name = {word()}, {rng.choice(('set', 'set', 'set', 'sets', 'lam'))} = {listed}}}"

    members = ", ".join(member() for _ in range(rng.choice((0, 1, 2, 3, 30, 1001 if rng.random() < 0.02 else 5))))
    text = f"studies = [{members}]\n"
    if rng.random() < 0.4:
        text += rng.choice(PRESETS).decode()
    return (spoil(text, rng) if rng.random() < 0.3 else text).encode()


def any_json(rng: random.Random) -> bytes:
    study = rng.choice(STUDIES)
    match rng.randrange(6):
        case 0:
            return mutate_bytes(json.dumps(study).encode(), rng)
        case 1:
            return spoil(json.dumps(study), rng).encode()
        case 2:
            return json_text(mutate_json({"schema": "fairprog.study/1", "study": study}, rng)).encode()
        case 3:
            series = {**study, "studies": ["faces-quick", {"name": "a", "set": ["base_seed=1", "dataset.seed=3"]}]}
            return json_text(mutate_json(series, rng)).encode()
        case _:
            return json_text(mutate_json(study, rng)).encode()


def paths(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every ``key.path`` of a study, and the value there as JSON."""
    yield path, json.dumps(value)
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        yield from paths(each, f"{path}.{key}".removeprefix("."))


SETTINGS = sorted({pair for study in STUDIES for pair in paths(study)})


def overrides(rng: random.Random) -> list[str]:
    def one() -> str:
        key, value = rng.choice(SETTINGS)
        match rng.randrange(9):
            case 0:
                return tokens(rng)
            case 1:
                return spoil(f"{key}={value}", rng)
            case 2:
                return f"{spoil(key, rng)}={rng.choice(VALUES)}"
            case 3:
                return f"{key}.{rng.choice((*WORDS, *VALUES))}={value}"
            case 4:
                return f"{key}={rng.choice(SETTINGS)[1]}"
            case 5:
                return f"{key}={rng.choice(VALUES)}"
            case _:
                return f"{key}={value}"

    return [one() for _ in range(rng.choice((1, 1, 1, 2, 3)))]


@contextlib.contextmanager
def soon() -> Iterator[None]:
    """Reading and refusing must both be quick; other processes do not count."""
    started = time.process_time()
    try:
        yield
    finally:
        assert time.process_time() - started < MOST_SECONDS


@pytest.mark.parametrize(
    ("what", "mutate", "default"),
    [("studies in TOML", toml_text, 1200), ("studies in JSON", any_json, 1000), ("series", series_text, 400)],
)
def test_any_file_is_studies_or_one_sentence(
    fuzz: Fuzz, tmp_path: Path, what: str, mutate: Any, default: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # what a series names is looked for here
    file = tmp_path / ("study.json" if "JSON" in what else "study.toml")
    (tmp_path / "other.toml").write_text('studies = ["study.toml", "third.toml"]')
    (tmp_path / "third.toml").write_text('studies = ["faces-quick", {name = "a", set = ["base_seed=1"]}]')

    def read(text: bytes) -> object:
        file.write_bytes(text)
        with soon():
            return load_studies(file)

    fuzz(what, mutate, read, default=default)


def test_any_setting_is_a_study_or_one_sentence(fuzz: Fuzz) -> None:
    def read(texts: list[str]) -> object:
        with soon():
            return load_study(STARTS[len(texts[0]) % len(STARTS)], texts)

    fuzz("--set", overrides, read, default=2000)


def test_any_saved_study_is_told_apart_without_an_error(fuzz: Fuzz) -> None:
    def mutate(rng: random.Random) -> Any:
        try:
            return json.loads(json_text(mutate_json(rng.choice(STUDIES), rng)))
        except (ValueError, RecursionError):
            return None

    def read(study: Any) -> object:
        with soon():
            return in_short(study)

    fuzz("saved studies", mutate, read, default=1500)
