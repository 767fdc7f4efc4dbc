"""What can be chosen or called is documented, and the pages speak of what exists. Their code: test_guides.py."""

import ast
import inspect
import re
from collections.abc import Iterator
from typing import get_args

import pytest

import fairprog_core as fp
from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.common.options import Options
from fairprog_core.common.registry import Entry
from fairprog_core.data import DATASETS
from fairprog_core.data.base import SplitName
from fairprog_core.explain import EXPLAINERS
from fairprog_core.methods import METHODS
from fairprog_core.study import Study
from fairprog_core.study.load import presets, series
from fairprog_core.training.criteria import CRITERIA
from fairprog_core.triggers import TRIGGERS
from tests.core.pages import PAGES, ROOT, name
from tests.core.test_structure import FLOORS, type_names

MOST_LINES = 150  # of the README
MOST_WORDS = 25  # in the glossary
REGISTRIES: dict[str, dict[str, Entry]] = {
    "data": DATASETS, "classifiers": CLASSIFIERS, "triggers": TRIGGERS, "methods": METHODS, "explain": EXPLAINERS,
}  # fmt: skip
ENTRIES = [
    pytest.param(key, entry, id=f"{kind}-{key}") for kind, all_ in REGISTRIES.items() for key, entry in all_.items()
]
SOURCES = [path for path in sorted((ROOT / "fairprog_core").rglob("*.py")) if "migrations" not in path.parts]
NOT_THERE = {"fairprog_core/triggers/corners.py"}  # the reader is asked to write it
PATH = re.compile(r"`((?:fairprog_core|app|tests|assets|docs)/[\w./-]*)`")


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


def section(page: str, title: str) -> str:
    """The text of a page under one heading."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.split(r"^## ", text.partition(f"## {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def first_column(page: str, title: str) -> set[str]:
    """What stands as code in the first column of the tables under a heading."""
    return set(re.findall(r"^\| `([\w-]+)` \|", section(page, title), flags=re.MULTILINE))


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


def test_tables_name_what_can_be_chosen():
    learned = {kind for kind, entry in METHODS.items() if not entry.options.is_control}
    assert first_column("docs/methods.md", "Presets") == {*presets(), *series()}
    assert first_column("docs/methods.md", "Methods") == learned
    assert first_column("docs/methods.md", "Triggers") == set(TRIGGERS)
    assert first_column("docs/methods.md", "Criteria") == set(CRITERIA)
    assert set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/data.md").read_text("utf-8"), flags=re.MULTILINE)) == {
        *DATASETS, *get_args(SplitName),
    }  # fmt: skip


def test_series_are_named_as_series():
    (sentence,) = re.findall(r"^(.*) are \*series\*", section("docs/methods.md", "Presets"), flags=re.MULTILINE)
    assert set(re.findall(r"`([\w-]+)`", sentence)) == set(series())


def test_rooms_stand_on_the_floors_that_the_page_says():
    for package, floors in FLOORS.items():
        rows = re.findall(r"^\| (\d+) \| (.*?) \|", section("docs/development.md", "Rooms and floors"), re.MULTILINE)
        of_package = rows[: len(FLOORS["fairprog_core"])] if package == "fairprog_core" else rows[-len(floors) :]
        assert [(int(number), set(re.findall(r"\w+", rooms))) for number, rooms in of_package] == [
            (number + 1, set(floors[number])) for number in reversed(range(len(floors)))
        ]


def test_glossary_has_one_line_a_word_and_its_classes_exist():
    lines = section("docs/development.md", "Glossary").strip().splitlines()
    assert all(re.match(r"\* \*\*.+?\*\*.* – ", line) for line in lines)
    assert len(lines) <= MOST_WORDS
    named = {name for line in lines for name in re.findall(r"`([A-Z]\w+)`", line)}
    classes = {name for path in SOURCES for name in type_names(path)}
    assert named
    assert named <= classes


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def test_public_names_stand_in_the_reference():
    text = (ROOT / "docs" / "reference" / "index.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^::: fairprog_core\.(\w+)$", text, flags=re.MULTILINE)) == set(fp.__all__)


def test_places_for_something_new_exist():
    text = section("docs/development.md", "Add something")
    places = re.findall(r"`([\w/]+\.py)`, `([A-Z]+)`", text) + [
        (path, key) for key, path in re.findall(r"`([A-Z]+)` of\s+`([\w/]+\.py)`", text)
    ]
    assert len(places) > 8
    for path, key in places:
        assert re.search(rf"^{key}\b", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE), f"{key} in {path}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_and_paths_lead_to_files(page):
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)", text)
    assert [target for target in links if not (page.parent / target).exists()] == []
    assert [path for path in PATH.findall(text) if path not in NOT_THERE and not (ROOT / path).exists()] == []


def test_version_is_in_the_changelog():
    assert f"## {fp.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
