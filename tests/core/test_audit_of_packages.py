"""``tools/audit.py``: what it makes of pip-audit's answers. In the place of pip-audit, which needs the net, is a module
that prints what pip-audit 2.10 printed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.core.pages import ROOT

MODULE = """
import json, os, sys
service = sys.argv[sys.argv.index("--vulnerability-service") + 1]
out, err = json.loads(os.environ["SAID"])[service]
print(out)
print(err, file=sys.stderr)
sys.exit(bool(err))
"""
CLEAN = {"name": "rich", "version": "15.0.0", "vulns": []}
SKIPPED = {"name": "torch", "skip_reason": "Dependency not found on PyPI and could not be audited: torch (2.11.0+cpu)"}
BAD = {
    "name": "old",
    "version": "1.0",
    "vulns": [{"id": "PYSEC-2025-1", "fix_versions": ["1.1"], "aliases": [], "description": "It is old."}],
}
SILENT = ("", "ERROR:pip_audit._cli:Failed to connect: Name or service not known")


def listed(*packages: dict[str, object]) -> tuple[str, str]:
    return json.dumps({"dependencies": packages, "fixes": []}), ""


@pytest.mark.parametrize(
    ("pypi", "osv", "code", "said"),
    [
        (
            listed(CLEAN, SKIPPED),
            SILENT,
            0,
            "Audit: 0 known vulnerabilities in 1 packages of the database pypi; 1 are not",
        ),
        ((*listed(BAD, CLEAN)[:1], "found"), SILENT, 1, "old 1.0: PYSEC-2025-1, mended in 1.1"),
        (SILENT, listed(CLEAN), 0, "in 1 packages of the database osv"),
        (SILENT, SILENT, 0, "The dependencies were not audited: pypi: ERROR:pip_audit"),
        (listed(SKIPPED), SILENT, 0, "The dependencies were not audited: pypi: it knows none of the packages"),
        (("[]", ""), ("{}", ""), 0, "The dependencies were not audited"),
    ],
)
def test_audit_fails_on_a_vulnerability_and_says_where_there_was_none(tmp_path: Path, pypi, osv, code, said):
    (tmp_path / "pip_audit.py").write_text(MODULE)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "SAID": json.dumps({"pypi": pypi, "osv": osv})}
    command = [sys.executable, str(ROOT / "tools" / "audit.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (code, "")
    assert said in done.stdout
    if "not audited" in said:
        assert len(done.stdout.splitlines()) == 1
