"""What can be chosen or called is documented, and the README speaks of what exists."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

import fairprog_core as fp
from fairprog_core import cli
from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.common.options import Options
from fairprog_core.common.registry import Entry
from fairprog_core.data import DATASETS
from fairprog_core.explain import EXPLAINERS
from fairprog_core.methods import METHODS
from fairprog_core.study import Study
from fairprog_core.study.load import load_study, presets, series
from fairprog_core.training.criteria import CRITERIA
from fairprog_core.triggers import TRIGGERS

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
REGISTRIES: dict[str, dict[str, Entry]] = {
    "data": DATASETS, "classifiers": CLASSIFIERS, "triggers": TRIGGERS, "methods": METHODS, "explain": EXPLAINERS,
}  # fmt: skip
ENTRIES = [
    pytest.param(key, entry, id=f"{kind}-{key}") for kind, all_ in REGISTRIES.items() for key, entry in all_.items()
]
SOURCES = [path for path in sorted((ROOT / "fairprog_core").rglob("*.py")) if "migrations" not in path.parts]
COMMAND = r"^\s*(?:\.venv/bin/)?fairprog ([a-z]+)(?: ([a-z]+))?"


def options_classes() -> Iterator[type[Options]]:
    """Every options class of the library."""
    found, waiting = {Study}, [Options]
    while waiting:
        waiting += (fresh := [child for child in waiting.pop().__subclasses__() if child not in found])
        found.update(fresh)
    return (each for each in sorted(found, key=lambda one: one.__name__) if each.__module__.startswith("fairprog_core"))


def definitions(tree: ast.Module) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    """Public classes and functions of a module."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield node


def section(title: str) -> str:
    """The text of the README under one heading."""
    return re.split(r"^## ", README.partition(f"## {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def code(language: str) -> str:
    """All code blocks of the README in one language."""
    return "\n".join(re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL))


@pytest.mark.parametrize(("key", "entry"), ENTRIES)
def test_registry_entry_is_named_by_its_key_and_documented(key, entry):
    assert entry.options.model_fields["kind"].default == key
    assert inspect.getdoc(entry.options)
    assert entry.load().__doc__


@pytest.mark.parametrize(("key", "options"), list(CRITERIA.items()))
def test_criterion_is_named_by_its_key_and_documented(key, options):
    assert options.model_fields["kind"].default == key
    assert inspect.getdoc(options)


@pytest.mark.parametrize("options", list(options_classes()), ids=lambda options: options.__name__)
def test_options_and_their_fields_are_explained(options):
    assert options.__doc__, f"{options.__name__} has no docstring"
    fields = {name: field for name, field in options.model_fields.items() if name != "kind"}
    assert [name for name, field in fields.items() if not field.title] == []
    assert [name for name, field in fields.items() if not field.description] == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT / "fairprog_core").as_posix())
def test_module_and_its_public_names_have_docstrings(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree) or not tree.body
    assert [node.name for node in definitions(tree) if not ast.get_docstring(node)] == []


@pytest.mark.parametrize("name", fp.__all__)
def test_public_name_and_its_methods_are_documented(name):
    value = getattr(fp, name)
    if not callable(value):
        return
    assert inspect.getdoc(value)
    routines = [key for key, member in vars(value).items() if key[0] != "_" and inspect.isroutine(member)]
    assert [key for key in routines if not inspect.getdoc(getattr(value, key))] == []


def test_readme_names_the_presets_that_exist():
    assert set(re.findall(r"^\| `([\w-]+)` \|", section("Presets"), flags=re.MULTILINE)) == {*presets(), *series()}


def test_readme_commands_exist():
    group = typer.main.get_command(cli.app)
    for first, second in re.findall(COMMAND, code("sh"), flags=re.MULTILINE):
        assert first in group.commands, f"README names fairprog {first}"
        if hasattr(group.commands[first], "commands"):
            assert second in group.commands[first].commands, f"README names fairprog {first} {second}"


def test_readme_python_compiles_and_its_names_exist():
    text = code("python")
    compile(text, "README.md", "exec")
    names = set(re.findall(r"\bfp\.(\w+)", text))
    assert names
    assert names <= set(fp.__all__)


def test_readme_study_is_allowed(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(code("toml"), encoding="utf-8")
    study = load_study(path)
    assert [trigger.kind for trigger in study.triggers] == ["border", "patch"]


def test_readme_links_lead_to_files():
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)\)", README)
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_version_is_in_the_changelog():
    assert f"## {fp.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
