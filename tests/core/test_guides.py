"""What the pages show runs as it is shown: Python, commands and studies."""

import json
import re
import shlex
import tomllib
from typing import Any

import pytest
import typer

from fairprog_core import cli
from fairprog_core.study.load import load_studies
from tests.conftest import TINY
from tests.core.pages import PAGES, ROOT, blocks, name

GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))
WITHOUT_CODE = {"docs/guides/lesson.md"}  # for teachers
OF_THE_READER = "my_"  # a file of a plug-in, tried in test_new_trigger.py
QUICK = '"faces-quick"'  # what the pages run; here a study that is over in seconds takes its place
BRIEF = TINY | {
    "dataset": TINY["dataset"] | {"n_test": 240},  # 60 rows per group and label: enough for intervals of gaps
    "budget": {"steps": 4, "validate_every": 2},
    "explain": {"gallery": 0, "rows": 0, "probe": False},
}
WITH_PYTHON = [page for page in PAGES if any(blocks(page, "python"))]
WITH_SH = [page for page in PAGES if any(blocks(page, "sh"))]
WITH_STUDIES = [page for page in PAGES if any(blocks(page, "toml"))]
OF_FAIRPROG = re.compile(r"^\s*(?:\w+=\S+ )*(?:\.venv/bin/)?fairprog +(.*?)(?: +#.*)?$", re.MULTILINE)


@pytest.fixture(scope="module")
def home_of_the_pages(tmp_path_factory):
    """One home for all pages: faces are drawn and the base is trained once."""
    return tmp_path_factory.mktemp("pages") / "home"


@pytest.mark.parametrize("page", WITH_PYTHON, ids=name)
def test_python_runs_and_prints_what_the_page_says(page, home_of_the_pages, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("FAIRPROG_HOME", str(home_of_the_pages))
    study = tmp_path / "tiny.json"
    study.write_text(json.dumps(BRIEF))
    namespace = {"__name__": "__main__"}
    for block in blocks(page, "python"):
        if block.title.startswith(OF_THE_READER):
            continue
        code = "\n" * (block.line - 1) + block.code.replace(QUICK, repr(str(study)))  # errors name the page's own line
        exec(compile(code, str(page), "exec"), namespace)  # noqa: S102
        printed = capsys.readouterr().out
        if block.printed is not None:
            assert [line.rstrip() for line in printed.splitlines()] == block.printed.splitlines()


@pytest.mark.parametrize("page", WITH_SH, ids=name)
def test_commands_and_their_options_exist(page):
    lines = [line for block in blocks(page, "sh") for line in OF_FAIRPROG.findall(block.code)]
    for line in lines:
        command: Any = typer.main.get_command(cli.app)
        words = shlex.split(line.replace("[", "").replace("]", ""))
        while hasattr(command, "commands"):
            assert words, f"fairprog {line}: which command?"
            assert words[0] in command.commands, f"{name(page)} names fairprog {line}"
            command = command.commands[words.pop(0)]
        known = {option for parameter in command.params for option in parameter.opts + parameter.secondary_opts}
        assert {word for word in words if word.startswith("--")} <= known, f"{name(page)} names fairprog {line}"


@pytest.mark.parametrize("page", WITH_SH, ids=name)
def test_targets_of_make_exist(page):
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    used = re.findall(r"(?:^|`)make ([\w-]+)", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert {target for target in used if not target.startswith("demo-")} <= targets


@pytest.mark.parametrize("page", WITH_STUDIES, ids=name)
def test_studies_can_be_loaded_and_planned(page, tmp_path):
    for number, block in enumerate(blocks(page, "toml")):
        if block.title == "pyproject.toml":
            assert tomllib.loads(block.code)
            continue
        path = tmp_path / f"{number}.toml"
        path.write_text(block.code, encoding="utf-8")
        assert all(study.plan() for study in load_studies(path)), f"{name(page)}, line {block.line}"


def test_six_curves_of_the_guide_are_six(tmp_path):
    path = tmp_path / "several.toml"
    path.write_text(list(blocks(ROOT / "docs/guides/study.md", "toml"))[1].code, encoding="utf-8")
    (study,) = load_studies(path)
    assert len(study.plan()) == 6


def test_blocks_are_found_with_line_title_and_output(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        '# A\n\n```python title="a.py"\nprint(1)\n```\n\n```text\n1\n```\n\n```python\nx = 1\n```\n\nEnd.\n'
    )
    assert [tuple(block) for block in blocks(page, "python")] == [
        (4, "a.py", "print(1)\n", "1\n"),
        (12, "", "x = 1\n", None),
    ]


def test_pages_show_python_studies_and_commands():
    assert {name(page) for page in WITH_PYTHON} >= {"README.md", *map(name, GUIDES)} - WITHOUT_CODE
    assert {name(page) for page in WITH_STUDIES} >= {"docs/guides/study.md"}
    assert {name(page) for page in WITH_SH} >= {"README.md", "docs/command-line.md"}
