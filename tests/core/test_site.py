"""The site of docs/ is built without a warning, holds the public names, and fetches nothing."""

import re
import shutil
import subprocess
import sys

import pytest

import fairprog_core as fp
from tests.core.pages import ROOT

FETCHED = re.compile(r"""(?:\bsrc=|<link\b[^>]*\bhref=|@import\s+|\burl\()\s*["']?((?:https?:)?//[^"')\s>]+)""")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder that the site was built from, and what was said meanwhile. Docstrings are read, not imported."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(ROOT / "zensical.toml", folder)
    shutil.copytree(ROOT / "docs", folder / "docs")
    shutil.copytree(ROOT / "fairprog_core", folder / "fairprog_core", ignore=shutil.ignore_patterns("__pycache__"))
    room = folder / "fairprog_core" / "api" / "__init__.py"
    room.write_text(room.read_text(encoding="utf-8").replace("``fp.run``", ":func:`fp.run`"), encoding="utf-8")
    command = [sys.executable, "-m", "zensical", "build", "--strict"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=250)
    return folder / "build" / "site", done


def test_no_link_or_reference_is_broken(built):
    _, done = built
    assert done.returncode == 0, done.stdout + done.stderr
    said = (done.stdout + done.stderr).splitlines()
    assert [line for line in said if line.startswith("griffe:") or "arning" in line] == []


@pytest.mark.parametrize("name", fp.__all__)
def test_public_name_is_in_the_reference(built, name):
    page = (built[0] / "reference" / "index.html").read_text(encoding="utf-8")
    assert f'id="fairprog_core.{name}"' in page


@pytest.mark.parametrize(
    ("page", "name"),
    [
        ("study", "fairprog_core.study.study.Study.plan"),
        ("results", "fairprog_core.results.result.Result.points_of"),
        ("metrics", "fairprog_core.metrics.fairness.average_abs_odds_difference"),
        ("training", "fairprog_core.training.loop.fit"),
    ],
)
def test_rooms_are_in_the_reference(built, page, name):
    assert f'id="{name}"' in (built[0] / "reference" / f"{page}.html").read_text(encoding="utf-8")


def test_options_are_explained_by_their_fields(built):
    page = (built[0] / "reference" / "triggers.html").read_text(encoding="utf-8")
    assert "Side of the shrunk photo as a share of the side of the picture." in page
    assert "Field(" not in page


def test_roles_of_sphinx_become_plain_names(built):
    page = (built[0] / "reference" / "api.html").read_text(encoding="utf-8")
    assert "The Python API: <code>fp.run</code>" in page
    assert ":func:" not in page


def test_pages_fetch_nothing(built):
    files = [path for kind in ("html", "css") for path in built[0].rglob(f"*.{kind}")]
    assert len(files) > 10
    assert {found for path in files for found in FETCHED.findall(path.read_text(encoding="utf-8"))} == set()


def test_what_is_fetched_is_found():
    text = (
        """<script src="//a.b/c.js"><link rel=x href='https://f.g/h'> url(https://i.j/k) <a href="https://fine.org">"""
    )
    assert FETCHED.findall(text) == ["//a.b/c.js", "https://f.g/h", "https://i.j/k"]
