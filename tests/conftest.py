"""What every test shares: a home of its own, one thread, one finished study, and no process left behind."""

import os
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Before torch and BLAS are imported anywhere: two test processes share two cores.
os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import hypothesis
import psutil
import pytest
from filelock import FileLock

from fairprog_core.common.home import Home
from fairprog_core.common.sharing import Sharing
from fairprog_core.methods import METHODS
from fairprog_core.results.result import Result
from fairprog_core.study import Study
from tests import tiny_duels
from tests.programs import postgres

SESSION = "FAIRPROG_TEST_SESSION"  # an environment variable that every process of a test session inherits
GRACE = 10.0  # seconds that processes get to end by themselves once the tests are over
ON_POSTGRES = pytest.mark.xdist_group("postgres")
LEFT_BEHIND = pytest.StashKey[list[str]]()

hypothesis.settings.register_profile("fairprog", max_examples=50, deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("fairprog")

TINY: dict[str, Any] = {
    "name": "tiny",
    "dataset": {"kind": "faces", "image_size": 32, "n_train": 256, "n_tune": 256, "n_val": 64, "n_test": 96},
    "classifier": {"kind": "residual_net", "source": "train", "epochs": 2},
    "lam": {"low": 0.3, "high": 8.0, "grid": [0.0, 1.0, 4.0]},
    "budget": {"steps": 12, "validate_every": 6},
    "explain": {"gallery": 4, "rows": 24},
    "device": "cpu",
    "threads": 1,
}


@dataclass(frozen=True)
class Finished:
    """A study that ran to its end: its options, its home and the run's id."""

    study: Study
    home: Home
    run_id: str

    @property
    def folder(self) -> Path:
        """The artifact folder."""
        return self.home.run(self.run_id)

    @property
    def result(self) -> Result:
        return Result.open(self.folder)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("fuzz", "damaged inputs for every reader (tests/fuzz)")
    group.addoption("--fuzz-inputs", type=int, default=None, help="inputs per reader; default: about 6 s of each")
    group.addoption("--hostile-runs", type=int, default=None, help="damaged run folders; default: a few; 0: all")
    group.addoption("--fuzz-first", type=int, default=0, help="seed of the first input, to repeat one that failed")
    faults = parser.getgroup("faults", "a full disk at several instants (tests/resilience)")
    faults.addoption("--disk-instants", type=int, default=1, help="at how many of the ten instants the disk gets full")
    faults.addoption("--lock-seconds", type=float, default=None, help="how long the run table is locked; default: 1")
    group = parser.getgroup("kills", "processes that are killed at random instants (tests/resilience)")
    group.addoption("--kills", type=int, default=2, help="kills in all")
    group.addoption("--first-kill", type=int, default=0, help="number of the first one, to repeat one that failed")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # the process that was started, not one of xdist's workers
        os.environ[SESSION] = uuid.uuid4().hex
    for name in ("FAIRPROG_DB_URL", "FAIRPROG_ASSETS", "FAIRPROG_PLUGINS"):
        os.environ.pop(name, None)


@pytest.fixture(autouse=True)
def _home_of_the_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in a test can reach the user's own home; what `fairprog app` sets is taken back after the test."""
    for name, value in Sharing().to_environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FAIRPROG_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("fairprog_core.common.home._SEEN", set())  # tests with alike names have the same folder in turn


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home; ``Home.find()`` finds it too."""
    return Home.find(tmp_path / "home")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Cluster]:
    """A PostgreSQL server. Tests that use it run in one test process: mark them with `ON_POSTGRES`."""
    programs = postgres.find()
    if programs is None:
        assert "CI" not in os.environ, postgres.MISSING
        pytest.skip(postgres.MISSING)
    with postgres.Cluster(programs) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: postgres.Cluster, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an empty database on it, which every run table of this test and of its processes uses."""
    url = postgres_server.new_database()
    monkeypatch.setenv("FAIRPROG_DB_URL", url)
    return url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=ON_POSTGRES)])
def each_database(request: pytest.FixtureRequest) -> str:
    """A test that uses it runs twice: with the run table in the home, and with one in PostgreSQL."""
    if request.param == "postgresql":
        request.getfixturevalue("postgres_url")
    return str(request.param)


@pytest.fixture(scope="session")
def session_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all test processes of this session share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def tiny_study() -> Study:
    """Real, but over in seconds: small faces, few rows, few steps. Its numbers mean nothing."""
    return Study.parse(TINY)


@pytest.fixture(scope="session")
def finished(session_folder: Path, tiny_study: Study) -> Finished:
    """The tiny study, run once per session whatever the number of test processes. Read it, do not change it."""
    return _run_once(tiny_study, session_folder, "finished")


@pytest.fixture(scope="session")
def rivals(session_folder: Path) -> Finished:
    """A tiny study with every method, run once per session. Read it, do not change it."""
    return _run_once(Study.parse(every_method()), session_folder, "rivals")


@pytest.fixture(scope="session")
def beside(session_folder: Path) -> Finished:
    """A tiny study that looks at a border beside AdvPost and AdvIn, run once per session. Read it, do not change it."""
    return _run_once(Study.parse(border_beside_rivals()), session_folder, "beside")


@pytest.fixture(scope="session")
def one_by_one(session_folder: Path) -> Finished:
    """A study of several curves, computed in one process. Read it, do not change it."""
    from tests.core.many_curves import MANY

    return _run_once(Study.parse(MANY), session_folder, "many")


@pytest.fixture(scope="session")
def odd_texts(session_folder: Path) -> Finished:
    """A tiny study on Civil Comments, odd texts among them, run once per session. Read it, do not change it."""
    from tests import tiny_texts

    return _run_once(tiny_texts.odd_texts, session_folder, "odd-texts")


@pytest.fixture(scope="session")
def made_up_comments(session_folder: Path) -> Finished:
    """A tiny study on made-up comments with AdvIn, run once per session. Read it, do not change it."""
    from tests import tiny_texts

    return _run_once(tiny_texts.made_up_comments, session_folder, "made-up-comments")


@pytest.fixture(scope="session")
def own_table(session_folder: Path) -> Callable[[str], Finished]:
    """``own_table("text")``: a study on a table of one's own, run once per session. Read it, do not change it."""
    from tests import own_tables

    return lambda modality: _run_once(own_tables.STUDIES[modality], session_folder, f"own-{modality}")


@pytest.fixture(scope="session")
def tiny_duel(session_folder: Path) -> Callable[[str], Finished]:
    """``tiny_duel("duel")``: a study of ``tiny_duels``, run once per session. Read it, do not change it.

    All share a home, and so the bases that they have in common.
    """
    return lambda name: _run_once(Study.parse(tiny_duels.STUDIES[name]), session_folder, name, home="duels")


def border_beside_rivals() -> dict[str, Any]:
    """The tiny study with the methods that change all weights, and a look inside."""
    return every_method() | {
        "methods": [{"kind": kind} for kind in ("reprogram", "adv_post", "adv_in", "last_layer")],
        "explain": {"gallery": 4, "rows": 24, "probe": True},
    }


def every_method() -> dict[str, Any]:
    """The tiny study with every method that learns, without a look inside."""
    learned = [{"kind": kind} for kind, entry in METHODS.items() if not entry.options.is_control]
    short = {"low": 0.5, "high": 2.0, "grid": [0.5, 2.0]}
    return TINY | {
        "methods": learned,
        "lam": {**TINY["lam"], "per": {"adv_post": short, "adv_in": short}},
        "budget": {"steps": 4, "validate_every": 2},
        "explain": {"gallery": 0, "rows": 0, "probe": False},
    }


def _run_once(
    study: Study | Callable[[Path], dict[str, Any]], folder: Path, name: str, *, home: str | None = None
) -> Finished:
    """Run a study once, whatever the number of test processes.

    Args:
        study: or what writes its inputs into a folder and returns it.
        folder: shared by the test processes.
        name: of the study, and of its home there.
        home: name of a home that several studies share.
    """
    from fairprog_core.api.run import run

    place, note = Home.find(folder / (home or name)), folder / f"{name}.run"
    with FileLock(folder / f"{name}.lock"):
        if not note.exists():
            ready = study if isinstance(study, Study) else Study.parse(study(folder / f"{name}-inputs"))
            note.write_text(run(ready, home=place).folder.name)
    run_id = note.read_text()
    ran = study if isinstance(study, Study) else Study.parse(Result.open(place.run(run_id)).study)
    return Finished(ran, place, run_id)


def processes_of(session: str) -> Iterator[psutil.Process]:
    """Living processes that a test of this session started, but for xdist's own."""
    for process in psutil.process_iter():
        try:
            if process.environ().get(SESSION) != session or process.status() == psutil.STATUS_ZOMBIE:
                continue
            own = ("execnet", "sys.stdin.readline", "multiprocessing.resource_tracker")  # they end with their parent
            if any(name in part for part in process.cmdline() for name in own):
                continue
            if is_forkserver(process) and not ((parent := process.parent()) and is_forkserver(parent)):
                continue  # it ends with its parent; its copies have to be ended
        except psutil.Error:  # gone meanwhile, or another user's
            continue
        yield process


def is_forkserver(process: psutil.Process) -> bool:
    """Whether a process is the one that is copied into helpers, or such a copy."""
    try:
        return any("multiprocessing.forkserver" in part for part in process.cmdline())
    except psutil.Error:  # it has ended
        return False


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail when a worker, a server or a browser outlives the tests; and end it."""
    if hasattr(session.config, "workerinput"):
        return
    deadline = time.monotonic() + GRACE
    while (left := list(processes_of(os.environ[SESSION]))) and time.monotonic() < deadline:
        time.sleep(0.2)
    session.config.stash[LEFT_BEHIND] = [_describe(process) for process in left]
    for process in left:
        process.kill()
    if left:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(LEFT_BEHIND, []):
        terminalreporter.write_line(f"FAILED: the tests left a process behind, which was ended now: {line}", red=True)


def _describe(process: psutil.Process) -> str:
    try:
        return f"{process.pid} {' '.join(process.cmdline())[:200]}"
    except psutil.Error:
        return str(process.pid)
