"""Any words behind ``fairprog``: an exit code, and at most one short line on stderr."""

import random
from pathlib import Path

import pytest

from fairprog_core.cli import main
from fairprog_core.common.errors import LONGEST
from tests.fuzz.harness import Fuzz
from tests.fuzz.test_studies import VALUES, WORDS, spoil

COMMANDS = (
    ["runs", "list"], ["runs", "show"], ["runs", "compare"], ["runs", "experiments"], ["runs", "export"],
    ["runs", "cancel"], ["runs", "resume"], ["runs", "remove"],
    ["data"], ["data", "check"], ["run"], ["bench"], ["encoder"], [], ["runs"],
)  # fmt: skip
OPTIONS = (
    "--limit",
    "--home",
    "--json",
    "--out",
    "--set",
    "--device",
    "--gap",
    "--yes",
    "--layers",
    "--root",
    "-x",
    "--",
    "-h",
)
STRANGE = (
    "faces-quick",
    "nothing",
    "~nouser",
    "\x1b[2J",
    "a\nb",
    "\u202e",
    "-1",
    "1e9",
    "/proc/x",
    ".",
    "/dev/null",
    "λ🙂",
)


def arguments(rng: random.Random) -> list[str]:
    """A command with words that it does not expect; none that would start to train."""
    words = list(rng.choice(COMMANDS))
    if rng.random() < 0.1:
        words = [spoil(word, rng).replace("\0", "") for word in words]
    for _ in range(rng.randrange(5)):
        words.append(rng.choice(rng.choice((OPTIONS, STRANGE, VALUES, WORDS))).replace("\0", ""))
    is_work = words[:1] in (["run"], ["bench"], ["encoder"], ["data"]) or not words
    return [*words, *["--no-such-option"] * 2] if is_work else words  # an option may take the first as its value


def test_any_command_ends_in_one_line(
    fuzz: Fuzz, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)  # any word may name a home, which is made

    def read(words: list[str]) -> None:
        with pytest.raises(SystemExit) as ended:
            main(words)
        said = capsys.readouterr().err
        assert ended.value.code in (0, 2, None), said
        if ended.value.code == 2:
            assert said.count("\n") == 1, said
            assert len(said) <= LONGEST + len("fairprog: \n"), said

    fuzz("commands", arguments, read, default=80, share=0.3)
