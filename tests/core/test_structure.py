"""The structure of both packages: rooms on floors, arrows down only, no circles, and few entries in each room."""

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLOORS = {
    "fairprog_core": (
        ("common",),
        ("data",),
        ("metrics", "classifiers"),
        ("training", "triggers"),
        ("methods",),
        ("study", "results", "explain"),
        ("pipeline",),
        ("runs", "deploy", "report", "trackers"),
        ("api",),
        ("cli",),
    ),
    "app": (
        ("models",),
        ("wording",),
        ("charts", "state"),
        ("widgets", "presenters"),
        ("components",),
        ("views", "server"),
    ),
}  # the lowest first; rooms of one floor do not know each other
OPENERS = {"fairprog_core": {"__main__"}, "app": {"main"}}  # beside the rooms: what Python and Streamlit start
MOST_IN_A_ROOM, MOST_IN_A_ROOT = 13, 17
NO_ENTRY = {"__init__", "__main__"}
DATA_FOLDERS = {"app/.streamlit", "app/static", "fairprog_core/study/presets", "fairprog_core/report/templates"}

HEAVY = {"torch", "torchvision", "transformers", "captum", "streamlit", "plotly"}
TORCH_FREE = (
    "fairprog_core",
    "fairprog_core.api.auditing.audit",
    "fairprog_core.classifiers",
    "fairprog_core.cli",
    "fairprog_core.data",
    "fairprog_core.data.card",
    "fairprog_core.explain",
    "fairprog_core.methods",
    "fairprog_core.metrics.comparison",
    "fairprog_core.metrics.leakage.audit",
    "fairprog_core.pipeline.stress.stress_result",
    "fairprog_core.pipeline.stress.survival",
    "fairprog_core.report.render",
    "fairprog_core.report.write",
    "fairprog_core.results.experiments",
    "fairprog_core.results.head_to_head",
    "fairprog_core.results.result",
    "fairprog_core.runs.store",
    "fairprog_core.study.cost",
    "fairprog_core.study.load",
    "fairprog_core.training.criteria",
    "fairprog_core.triggers",
)

Graph = Mapping[str, set[str]]
IMPLEMENTATION = re.compile(r"(?:fairprog_core|app)(?:\.\w+)+:\w+")  # what a registry imports when it is used


def modules(package: str) -> dict[str, Path]:
    """Every module of a package by its dotted name."""
    found = {}
    for path in (ROOT / package).rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(module: str, path: Path, *, typing_too: bool = True) -> Iterator[str]:
    """The dotted names a module imports, also inside functions; ``from a import b`` gives ``a.b``."""
    base = module if path.name == "__init__.py" else module.rpartition(".")[0]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = set() if typing_too else {id(inner) for node in typing_blocks(tree) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            up = base.split(".")[: len(base.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*up, *filter(None, [node.module])])
            yield from (f"{source}.{alias.name}" for alias in node.names)


def typing_blocks(tree: ast.Module) -> Iterator[ast.stmt]:
    """The statements under ``if TYPE_CHECKING:``, which never run."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            yield from node.body


@cache
def edges(package: str, *, typing_too: bool = True) -> Graph:
    """Which module of a package imports which other one."""
    known = modules(package)
    found: dict[str, set[str]] = {}
    for module, path in known.items():
        names = set(imports(module, path, typing_too=typing_too))
        targets = {name if name in known else name.rpartition(".")[0] for name in names}
        found[module] = {target for target in targets if target in known and target != module}
    return found


def between_folders(package: str) -> Graph:
    """The imports of a package, each end replaced by the folder that it lies in."""
    known = modules(package)

    def folder(module: str) -> str:
        return module if known[module].name == "__init__.py" else module.rpartition(".")[0]

    found: dict[str, set[str]] = defaultdict(set)
    for module, targets in edges(package).items():
        found[folder(module)] |= {folder(target) for target in targets} - {folder(module)}
    return found


def circle(graph: Graph) -> list[str]:
    """What lies on circles of a graph, or on a way between two of them."""
    rest = {node: set(targets) for node, targets in graph.items()}
    while True:
        reached = {target for targets in rest.values() for target in targets}
        ends = [node for node, targets in rest.items() if not targets & rest.keys() or node not in reached]
        if not ends:
            return sorted(rest)
        for node in ends:
            del rest[node]


def type_names(path: Path) -> list[str]:
    """The names of all classes of a file, nested and private ones too, and those of its type aliases."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    classes = [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    return classes + [name for node in tree.body if (name := alias_name(node))]


def alias_name(node: ast.stmt) -> str | None:
    """The name of a type alias: ``Name: TypeAlias = …``, or ``Name = Generic[…]``."""
    match node:
        case ast.AnnAssign(target=ast.Name(id=name), annotation=ast.Name(id="TypeAlias")):
            return name
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Subscript()) if name[0].isupper() and not name.isupper():
            return name
    return None


def room(module: str) -> str:
    """The first part of a module's name below its package; empty for the package itself."""
    return [*module.split("."), ""][1]


def floor(module: str) -> int:
    """The floor of a module's room, from 0; what opens a package is above all."""
    floors = FLOORS[module.split(".")[0]]
    return next((number for number, rooms in enumerate(floors) if room(module) in rooms), len(floors))


def entries(folder: Path) -> set[str]:
    """What a newcomer sees in a folder: modules, each with its scripts and styles, and folders."""
    return {
        path.stem if path.is_file() else path.name
        for path in folder.iterdir()
        if (path.suffix in (".py", ".js", ".css") or (path.is_dir() and path.name != "__pycache__"))
        and path.stem not in NO_ENTRY
    }


@pytest.mark.parametrize("package", FLOORS)
def test_every_room_has_a_floor_and_no_module_lies_beside_the_rooms(package):
    rooms = {name for of_floor in FLOORS[package] for name in of_floor}
    folders = {path.name for path in (ROOT / package).iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders - {Path(data).name for data in DATA_FOLDERS if data.startswith(package)} == rooms
    assert {path.stem for path in (ROOT / package).glob("*.py")} - {"__init__"} == OPENERS[package]


@pytest.mark.parametrize("package", FLOORS)
def test_rooms_import_only_rooms_of_lower_floors(package):
    wrong = [
        f"{module} (floor {floor(module)}) imports {target} (floor {floor(target)})"
        for module, targets in sorted(edges(package).items())
        for target in sorted(targets)
        if room(target) != room(module) and floor(target) >= floor(module)
    ]
    assert wrong == []


@pytest.mark.parametrize("package", FLOORS)
def test_floors_are_the_longest_ways_down(package):
    """No room could stand lower: on each floor but the lowest, some room imports one of the floor below."""
    for number, rooms in enumerate(FLOORS[package][1:], start=1):
        below = {floor(target) for module, targets in edges(package).items() if room(module) in rooms
                 for target in targets if room(target) != room(module)}  # fmt: skip
        assert number - 1 in below, f"floor {number} ({', '.join(rooms)}) could move down"


@pytest.mark.parametrize("package", FLOORS)
def test_imports_form_no_circle_between_folders(package):
    assert circle(between_folders(package)) == []


@pytest.mark.parametrize("package", FLOORS)
def test_imports_form_no_circle_between_modules(package):
    assert circle(edges(package, typing_too=False)) == []


@pytest.mark.parametrize("package", FLOORS)
def test_rooms_are_small_enough_to_be_seen_at_a_glance(package):
    assert len(entries(ROOT / package)) <= MOST_IN_A_ROOT
    folders = [path for path in (ROOT / package).rglob("*") if path.is_dir() and path.name != "__pycache__"]
    full = {path.relative_to(ROOT).as_posix(): len(entries(path)) for path in folders}
    assert {name: n for name, n in full.items() if n > MOST_IN_A_ROOM and name not in DATA_FOLDERS} == {}


def test_command_line_has_room_for_three_more_commands():
    assert len(entries(ROOT / "fairprog_core" / "cli")) + 3 <= MOST_IN_A_ROOM


def test_the_dashboard_knows_the_library_and_not_the_other_way():
    """Nor any library that draws a page, lazily neither: ``fairprog app`` finds the dashboard as an entry point."""
    found = {
        (module, name.partition(".")[0])
        for module, path in modules("fairprog_core").items()
        for name in imports(module, path)
        if name.partition(".")[0] in {"streamlit", "plotly", "app", "tests"}
    }
    assert found == set()


def test_no_two_types_share_a_name():
    """Nested and private ones too: one idea, one word."""
    found: dict[str, list[str]] = defaultdict(list)
    for module, path in [*modules("fairprog_core").items(), *modules("app").items()]:
        for name in type_names(path):
            found[name].append(module)
    assert {name: homes for name, homes in found.items() if len(homes) > 1} == {}


def test_what_a_string_names_for_a_later_import_exists():
    named = {
        node.value
        for package in FLOORS
        for path in modules(package).values()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and IMPLEMENTATION.fullmatch(node.value)
    }
    assert len(named) > 20
    for module, _, name in (text.partition(":") for text in named):
        assert hasattr(import_module(module), name), f"{module} has no {name}"


def test_classes_are_found_wherever_they_stand(tmp_path):
    path = tmp_path / "module.py"
    path.write_text("class A:\n    class _B: ...\ndef f():\n    class C: ...\nif f:\n    class A: ...\n")
    assert sorted(type_names(path)) == ["A", "A", "C", "_B"]


def test_circle_is_found():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}, "e": set()}) == ["a", "b", "c"]
    assert circle({"a": {"b"}, "b": {"c"}, "c": set()}) == []


def test_relative_import_is_resolved_against_its_package(tmp_path):
    path = tmp_path / "image.py"
    path.write_text("from . import base\nfrom ..common.home import Home\n")
    found = set(imports("fairprog_core.data.image", path))
    assert found == {"fairprog_core.data.base", "fairprog_core.common.home.Home"}


@pytest.mark.parametrize("module", TORCH_FREE)
def test_import_leaves_torch_alone(module):
    code = f"import sys, {module}; print(*({HEAVY} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr
