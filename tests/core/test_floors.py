"""The order of the library: a module imports lower floors, or its own without a circle."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLOORS = {
    "annotations": 0, "batch": 0, "errors": 0, "heap": 0, "home": 0, "json_values": 0, "meter": 0, "options": 0,
    "refusal": 0, "registry": 0, "telling": 0,
    "budget": 1, "checkpoint": 1, "environment": 1, "gallery_file": 1, "lam_range": 1, "learned": 1, "module_file": 1,
    "predictions_file": 1, "statistics": 1,
    "criteria": 2, "data": 2, "classifiers": 2, "triggers": 2,
    "adversary": 3, "auditor": 3, "discriminator": 3, "evaluation": 3, "penalties": 3, "sampling": 3, "training": 3,
    "methods": 4, "explain": 4, "results": 4, "experiments": 4,
    "costs": 5, "duel": 5, "other_base": 5, "study": 5,
    "bases": 6, "transfer_work": 6, "curves": 6, "execution": 6, "presets": 6,
    "runs": 7, "foreground": 7, "workbench": 7, "bench_pictures": 7, "bench_texts": 7, "bench": 7,
    "__main__": 8, "cli": 8, "doctor": 8, "": 8,
}  # fmt: skip

HEAVY = {"torch", "torchvision", "transformers", "captum", "streamlit", "plotly"}
TORCH_FREE = (
    "fairprog_core",
    "fairprog_core.auditor",
    "fairprog_core.classifiers",
    "fairprog_core.cli",
    "fairprog_core.costs",
    "fairprog_core.criteria",
    "fairprog_core.data",
    "fairprog_core.duel",
    "fairprog_core.experiments",
    "fairprog_core.explain",
    "fairprog_core.methods",
    "fairprog_core.presets",
    "fairprog_core.results",
    "fairprog_core.runs.store",
    "fairprog_core.statistics.comparison",
    "fairprog_core.study",
    "fairprog_core.triggers",
)


def modules(package: str) -> dict[str, Path]:
    """Every module of a package by its dotted name."""
    found = {}
    for path in (ROOT / package).rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def part(module: str) -> str:
    """The first part of a module's name below ``fairprog_core``; empty for the package itself."""
    return module.removeprefix("fairprog_core").strip(".").split(".")[0]


def floor(module: str) -> int:
    """The floor of a module of the library."""
    return FLOORS.get(part(module), max(FLOORS.values()))


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
def edges(*, typing_too: bool) -> dict[str, set[str]]:
    """Which module of the library imports which other one."""
    known = modules("fairprog_core")
    found: dict[str, set[str]] = {}
    for module, path in known.items():
        names = set(imports(module, path, typing_too=typing_too))
        targets = {name if name in known else name.rpartition(".")[0] for name in names}
        found[module] = {target for target in targets if target in known and target != module}
    return found


def circle(graph: dict[str, set[str]]) -> list[str]:
    """The modules of one circle in the graph, or nothing."""
    rest = dict(graph)
    while leaves := [module for module, targets in rest.items() if not targets & rest.keys()]:
        for leaf in leaves:
            del rest[leaf]
    return sorted(rest)


def test_every_module_of_the_library_has_a_floor():
    unknown = {module for module in modules("fairprog_core") if part(module) not in FLOORS}
    assert not unknown, f"give these a floor in FLOORS: {sorted(unknown)}"


def test_modules_import_only_lower_floors_or_their_own():
    too_high = [
        f"{module} (floor {floor(module)}) imports {target} (floor {floor(target)})"
        for module, targets in sorted(edges(typing_too=True).items())
        for target in sorted(targets)
        if floor(target) > floor(module)
    ]
    assert too_high == []


def test_imports_of_the_library_form_no_circle():
    assert circle(edges(typing_too=False)) == []


def test_circle_among_modules_is_found():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}, "e": set()}) == ["a", "b", "c", "d"]


def test_relative_import_is_resolved_against_its_package(tmp_path):
    path = tmp_path / "image.py"
    path.write_text("from . import base\nfrom ..home import Home\n")
    found = set(imports("fairprog_core.data.image", path))
    assert found == {"fairprog_core.data.base", "fairprog_core.home.Home"}


def test_library_imports_neither_screen_nor_dashboard():
    """But for the one place that starts the dashboard's server: ``fairprog app``."""
    found = {
        (module, name.partition(".")[0])
        for module, path in modules("fairprog_core").items()
        for name in imports(module, path)
        if name.partition(".")[0] in {"streamlit", "plotly", "app", "tests"}
    }
    assert found <= {("fairprog_core.cli.server", "streamlit")}


@pytest.mark.parametrize("module", TORCH_FREE)
def test_import_leaves_torch_alone(module):
    code = f"import sys, {module}; print(*({HEAVY} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr
