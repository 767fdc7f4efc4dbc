"""Look the installed packages up in a database of known vulnerabilities: ``audit.py [OPTION OF PIP-AUDIT …]``.

Exits with 1 where a package has a known vulnerability. Where no database can be reached, a line says so and nothing
fails: an audit that did not take place proves nothing in either direction.
"""

import json
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SERVICES = ("pypi", "osv")  # pip-audit's names of the databases, the first that knows our packages is used
SECONDS = 300  # limit for one database
WAIT = "15"  # seconds for one answer of it


class Audit(NamedTuple):
    """What a database knows.

    Attributes:
        n_known: how many packages it knows.
        unknown: names of packages that it does not know, e.g. builds for one kind of machine.
        found: one line for every known vulnerability.
        problem: why there was no audit; empty: there was one.
    """

    n_known: int = 0
    unknown: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    problem: str = ""


def main(*options: str) -> int:
    """Audit, and print what was found; returns the exit code."""
    if problem := install():
        return say_not_audited(problem)
    audits = []
    for service in SERVICES:
        audit = ask(service, options)
        if not audit.problem:
            print(*audit.found, sep="\n", end="\n" if audit.found else "")
            rest = f"; {len(audit.unknown)} are not in it: {', '.join(audit.unknown)}" if audit.unknown else ""
            n = len(audit.found)
            print(f"Audit: {n} known vulnerabilities in {audit.n_known} packages of the database {service}{rest}.")
            return 1 if n else 0
        audits.append(audit)
    return say_not_audited("; ".join(f"{name}: {audit.problem}" for name, audit in zip(SERVICES, audits)))


def install() -> str:
    """Install pip-audit in the range of ``pyproject.toml`` where it is missing; returns why that failed, else ""."""
    if find_spec("pip_audit") is not None:
        return ""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    done = run("-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--retries", "1", *extras["audit"])
    return "" if done.returncode == 0 else f"pip-audit could not be installed ({last_line(done.stderr)})"


def ask(service: str, options: tuple[str, ...]) -> Audit:
    """Look all packages up in one database."""
    done = run(
        "-m", "pip_audit", "--local", "--skip-editable", "--progress-spinner", "off", "--format", "json",
        "--timeout", WAIT, "--vulnerability-service", service, *options,
    )  # fmt: skip
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Audit(problem=last_line(done.stderr))
    known = [package for package in packages if "vulns" in package]
    unknown = tuple(sorted(package["name"] for package in packages if "vulns" not in package))
    if not known:
        return Audit(problem="it knows none of the packages, so it is not the real one")
    found = tuple(
        f"{package['name']} {package['version']}: {each['id']}, mended in {' or '.join(each['fix_versions']) or 'none'}"
        for package in known
        for each in package["vulns"]
    )
    return Audit(len(known), unknown, found)


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run this Python and keep what it prints; too slow counts as failed."""
    command = [sys.executable, *arguments]
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"no answer within {SECONDS} s")


def last_line(text: str) -> str:
    """The last line of an output, shortened."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it said nothing"


def say_not_audited(problem: str) -> int:
    """Say in one line that there was no audit; this is no failure."""
    print(f"The dependencies were not audited: {problem}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
