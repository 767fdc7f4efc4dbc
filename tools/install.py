"""Install fairprog, editable, into the environment of the Python that runs this file: ``install.py [EXTRA]``.

On Linux the build of PyTorch on PyPI brings 2.8 GB of CUDA libraries. So uv first installs the build that fits this
machine: that for CPU where there is no NVIDIA driver. Where uv or that build cannot be had, pip installs PyPI's.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 60  # limit for finding uv, and for finding out which build fits
LARGE = "PyTorch: PyPI's build with CUDA, 2.8 GB to download"
CPU = "the build for CPU, 0.2 GB to download instead of 2.8, because no NVIDIA driver was found"
FOUND = re.compile(r"^ \+ torch==(\S+)", re.MULTILINE)


def main(extra: str = "") -> int:
    """Install; returns pip's exit code."""
    if sys.platform == "linux" and find_spec("torch") is None:
        with tempfile.TemporaryDirectory() as scratch:
            if problem := install_torch(Path(scratch)):
                say(f"{LARGE}, because {problem}.")
    target = f".[{extra}]" if extra else "."
    return subprocess.call([*pip(), "install", "--editable", target], cwd=ROOT)


def install_torch(scratch: Path) -> str | None:
    """Install torch and torchvision with uv; returns why it could not, as the end of a sentence."""
    uv = shutil.which("uv") or fetched_uv(scratch)
    if uv is None:
        return "uv, which finds the build that fits this machine, could not be installed"
    install = [uv, "pip", "install", "--python", sys.executable, "--torch-backend", "auto", *wanted()]
    # Without retries a machine without a way to PyTorch's index learns it at once
    trial = run([*install, "--dry-run"], UV_HTTP_RETRIES="0")
    build = FOUND.search(trial.stderr)
    if trial.returncode or build is None:
        return f"PyTorch's other builds cannot be reached ({reason(trial.stderr)})"
    say(f"PyTorch {build[1]}: {describe(build[1])}.")
    if subprocess.call(install, cwd=ROOT):
        return "uv could not install it; its message is above"
    return None


def fetched_uv(scratch: Path) -> str | None:
    """The path of a uv that pip puts into ``scratch``; None where it cannot. The environment stays without it."""
    done = run([*pip(), "install", "--quiet", "--retries", "0", "--target", str(scratch), "uv"])
    return shutil.which("uv", path=scratch / "bin") if done.returncode == 0 else None


def wanted() -> list[str]:
    """The requirements of ``pyproject.toml`` for PyTorch."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return [text for text in project["dependencies"] if re.match(r"torch(vision)?\b", text)]


def describe(version: str) -> str:
    """Which build a version is, and why it was taken."""
    label = version.partition("+")[2]
    return CPU if label == "cpu" else f"the build {label or 'of PyPI'}, which fits the GPU driver of this machine"


def reason(output: str) -> str:
    """The last line of uv's message, without its mark."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1].removeprefix("cause: ").removeprefix("error: ") if lines else "uv said nothing"


def run(command: list[str], **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a command and keep what it prints; too slow counts as failed."""
    everything = os.environ | environment
    try:
        return subprocess.run(
            command, cwd=ROOT, env=everything, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"no answer within {SECONDS} s")


def pip() -> list[str]:
    """The command that starts pip in this environment."""
    return [sys.executable, "-m", "pip", "--disable-pip-version-check"]


def say(sentence: str) -> None:
    """Print at once, before the output of the next command."""
    print(sentence, flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
