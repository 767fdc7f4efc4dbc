"""Limits: their variables, their sentences, and that a study is checked when it is submitted, not when it is read."""

import json
import struct
import threading
import zipfile
import zlib
from functools import partial
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

import fairprog_core as fp
from fairprog_core.cli import main
from fairprog_core.cli.machine.doctor import _limits
from fairprog_core.common import limits as module
from fairprog_core.common.errors import ConfigError, DataError, RunError
from fairprog_core.common.files.pictures.decode import decode
from fairprog_core.common.home import Home
from fairprog_core.common.limits import Limits, limits, n_cores, variable
from fairprog_core.explain.live.decode import decode as upload
from fairprog_core.explain.live.request import TextRequest
from fairprog_core.runs import Owner, Store
from fairprog_core.runs.exchange.export import export_run
from fairprog_core.runs.table.database import MIGRATIONS
from fairprog_core.study import Study
from fairprog_core.study.check_limits import check_limits
from fairprog_core.study.load import load_studies, load_study, presets, series

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture
def store(home: Home):
    with Store(home) as store:
        yield store


def refusal(study: Study) -> str:
    with pytest.raises(ConfigError) as caught:
        check_limits(study)
    assert len(str(caught.value)) <= 300
    return str(caught.value)


# ---- the limits themselves


def test_every_limit_has_a_default_a_title_and_a_sentence_that_says_what_to_do():
    now = Limits()
    for name, field in Limits.model_fields.items():
        assert field.title
        assert field.description
        sentence = now.refusal(name, "It is too much")
        assert variable(name) in sentence
        assert f"{getattr(now, name):,}" in sentence
        assert len(sentence) < 250


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("CURVES", "many", "FAIRPROG_MAX_CURVES is 'many'; it must be a whole number from 1 to 1,000,000,000."),
        ("CURVES", "0", "FAIRPROG_MAX_CURVES is '0'; it must be a whole number from 1 to 1,000,000,000."),
        ("CURVES", "9" * 5000, "it must be a whole number"),
        ("DOWNLOAD_GIGABYTES", "nan", "it must be a number from 0.001"),
        ("THREADS", "-1", "FAIRPROG_MAX_THREADS is '-1'"),
    ],
)
def test_variable_that_is_no_limit_is_refused_in_a_sentence(monkeypatch, name, text, told):
    monkeypatch.setenv(f"FAIRPROG_MAX_{name}", text)
    with pytest.raises(ConfigError) as caught:
        limits()
    assert told in str(caught.value)
    assert len(str(caught.value)) < 250


def test_variable_sets_a_limit_and_an_empty_one_leaves_the_default(monkeypatch):
    monkeypatch.setenv("FAIRPROG_MAX_CURVES", "7")
    monkeypatch.setenv("FAIRPROG_MAX_QUEUE", "")
    assert (limits().curves, limits().queue) == (7, 200)


@pytest.mark.parametrize(("cores", "text", "allowed"), [(64, "", 64), (64, "8", 8), (2, "64", 2), (2, "", 2)])
def test_threads_are_never_more_than_the_cores(monkeypatch, cores, text, allowed):
    monkeypatch.setattr(module, "n_cores", lambda: cores)
    monkeypatch.setenv("FAIRPROG_MAX_THREADS", text)
    assert limits().threads == min(allowed, cores)


def test_handbook_lists_every_limit_as_it_is():
    lines = [line.split(" | ") for line in (DOCS / "limits.md").read_text("utf-8").splitlines() if "`FAIRPROG_" in line]
    told = {cells[1].strip("`"): (cells[0].strip("| "), cells[2], cells[3].rstrip(" |")) for cells in lines}
    expected = {
        variable(name): (
            field.title,
            "the cores" if name in ("threads", "jobs")
            else f"{field.default:,g}" if name.startswith(("d", "explanation_s"))
            else f"{field.default:,}",
            field.description,
        )
        for name, field in Limits.model_fields.items()
    }  # fmt: skip
    assert told == expected


def test_doctor_lists_every_limit_and_says_which_variable_is_wrong(monkeypatch):
    monkeypatch.setenv("FAIRPROG_MAX_CURVES", "12")
    found = _limits()
    assert {each.state for each in found} == {"ok"}
    assert "Curves of a study: 12 (FAIRPROG_MAX_CURVES)" in [each.found for each in found]
    assert len(found) == len(Limits.model_fields)
    monkeypatch.setenv("FAIRPROG_MAX_CURVES", "x")
    (wrong,) = _limits()
    assert (wrong.state, "FAIRPROG_MAX_CURVES" in wrong.found) == ("missing", True)


# ---- of a study


def test_curves_are_counted_as_the_plan_makes_them():
    shipped = [load_study(name) for name in presets()] + [each for name in series() for each in load_studies(name)]
    wide = load_study("faces", ["seeds=0,1,2", "tuning_ratio=0.1,1", "criteria=demographic_parity,equalized_odds"])
    for study in [
        *shipped,
        wide,
        load_study(wide, ["methods=reprogram,adv_post,leace", "triggers=border,patch,border"]),
    ]:
        plans = study.plan()
        assert study.n_curves() == len(plans)
        assert len({plan.key for plan in plans}) == len(plans)
        assert [plan.seed for plan in plans] == sorted(plan.seed for plan in plans)
        check_limits(study)


def test_too_many_curves_are_refused_without_building_one(monkeypatch):
    study = Study(seeds=tuple(range(200_000)))
    monkeypatch.setattr("fairprog_core.study.study.CurvePlan", lambda *_: pytest.fail("a curve was built"))
    assert refusal(study).startswith("This study has 200,000 curves; at most 1,000 are allowed (FAIRPROG_MAX_CURVES): ")


def test_values_of_lambda_other_bases_and_threads_are_limited(monkeypatch):
    grid = [i / 100 for i in range(1500)]
    assert "1,500 values of λ in one curve" in refusal(Study.parse({"lam": {"grid": grid}}))
    per = {"border": {"low": 1, "high": 20, "grid": grid}}
    assert "1,500 values of λ in one curve" in refusal(Study.parse({"lam": {"per": per}}))
    others = [{"base_seed": i + 1} for i in range(101)]
    assert "101 other bases" in refusal(Study.parse({"transfer": others}))
    monkeypatch.setattr(module, "n_cores", lambda: 2)
    assert refusal(Study(threads=3)).startswith("This study has 3 threads; at most 2 are allowed")
    check_limits(Study(threads=2))


def test_limit_is_checked_when_a_study_is_submitted_and_not_when_it_is_read(home, store, monkeypatch, capsys):
    """A study of 64 cores and 20 seeds is saved there, and opened, listed and resumed on a machine with two cores."""
    monkeypatch.setattr(module, "n_cores", lambda: 64)
    study = Study(threads=64, seeds=tuple(range(20)))
    run_id = store.submit(study)
    store.cancel(run_id)
    monkeypatch.setattr(module, "n_cores", lambda: 2)
    monkeypatch.setenv("FAIRPROG_MAX_CURVES", "10")
    assert Study.parse(store.get(run_id).study) == study
    assert store.resume(run_id).state == "queued"
    owner = Owner.this_process()
    for start in (store.submit, partial(store.begin, owner=owner), partial(fp.run, home=home)):
        with pytest.raises(ConfigError, match="at most 2 are allowed"):
            start(study)
    with pytest.raises(SystemExit) as ended:
        main(["run", "faces-quick", "--set", "seeds=" + ",".join(map(str, range(11))), "--home", str(home.path)])
    assert ended.value.code == 2
    assert "This study has 11 curves; at most 10 are allowed" in capsys.readouterr().err
    assert store.count() == 1


def test_bench_takes_no_more_threads_than_the_machine_has(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["bench", "--threads", "1000000"])
    assert ended.value.code == 2
    assert f"at most {n_cores():,} are allowed" in capsys.readouterr().err


# ---- of the queue and of visitors


def test_full_queue_takes_no_further_run_until_one_has_left(store, monkeypatch):
    monkeypatch.setenv("FAIRPROG_MAX_QUEUE", "2")
    first, _ = store.submit(Study()), store.submit(Study())
    with pytest.raises(RunError, match=r"2 runs are queued; at most 2 are allowed"):
        store.submit(Study())
    store.cancel(first)
    store.submit(Study())
    with pytest.raises(RunError, match=r"2 runs are queued"):
        store.resume(first)
    assert store.get(first).state == "cancelled"
    assert store.begin(Study(), Owner.this_process()).state == "running"  # it does not wait in the queue


def test_eight_threads_at_once_do_not_overfill_the_queue(store, monkeypatch):
    monkeypatch.setenv("FAIRPROG_MAX_QUEUE", "5")
    refused: list[str] = []

    def submit() -> None:
        try:
            store.submit(Study())
        except RunError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=submit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (store.count(), len(refused)) == (5, 3)


def test_visitor_has_three_runs_at_most_and_others_are_not_counted(store):
    own = [store.submit(Study(), visitor="a") for _ in range(3)]
    store.claim(Owner.this_process())
    with pytest.raises(RunError, match=r"You have 3 queued or running runs; at most 3 are allowed"):
        store.submit(Study(), visitor="a")
    store.submit(Study(), visitor="b")
    store.submit(Study())
    store.cancel(own[2])
    store.submit(Study(), visitor="a")
    with pytest.raises(RunError, match="You have 3"):
        store.resume(own[2], visitor="a")
    assert store.resume(own[2], visitor="b").visitor == "b"


def test_export_and_json_do_not_say_who_submitted_a_run(store, home, tmp_path, capsys):
    run_id = store.submit(Study(), visitor="somebody")
    export_run(store, store.get(run_id), tmp_path / "run.zip")
    with zipfile.ZipFile(tmp_path / "run.zip") as archive:
        row = json.loads(archive.read(f"{run_id}/run.json"))
    with pytest.raises(SystemExit):
        main(["runs", "list", "--json", "--home", str(home.path)])
    (listed,) = json.loads(capsys.readouterr().out)
    for told in (row, listed):
        assert "somebody" not in json.dumps(told)
        assert {"visitor", "token"}.isdisjoint(told)


def test_home_of_the_first_version_is_upgraded_with_its_runs(home):
    engine = create_engine(f"sqlite:///{home.database}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        row = {"id": "abcd0123", "name": "old", "state": "queued", "study": json.dumps(Study().to_json())}
        zero = dict.fromkeys(("created", "queued", "seconds_before", "attempt", "fraction", "last_seq"), 0)
        values = row | zero | {"may_be_ended": 1, "figures": "[]"}
        names = ", ".join(values)
        connection.execute(text(f"INSERT INTO runs ({names}) VALUES (:{', :'.join(values)})"), values)
    engine.dispose()
    with Store(home) as store:
        (run,) = store.list()
        assert (run.id, run.name, run.visitor, run.damage) == ("abcd0123", "old", None, None)
        store.submit(Study(), visitor="a")
        assert [each.visitor for each in store.list()] == ["a", None]


def test_reading_some_of_many_runs_reads_no_others(store, monkeypatch):
    monkeypatch.setenv("FAIRPROG_MAX_QUEUE", "100000")
    ids = [store.submit(Study(name=f"study {i % 3}")) for i in range(30)]
    made: list[object] = []
    real = vars(fp.runs.reader)["run_of"]
    monkeypatch.setattr("fairprog_core.runs.reader.run_of", lambda row: made.append(row) or real(row))
    assert [run.id for run in store.list(limit=4, skip=2)] == ids[::-1][2:6]
    assert store.count() == store.count(is_active=True) == 30
    assert store.find(ids[7]).number == store.find("8").number == 8
    assert {run.name for run in store.list(name="study 1", limit=3)} == {"study 1"}
    assert len(made) == 4 + 1 + 1 + 3
    store.cancel(ids[7])
    assert store.count(is_active=True) == 29


# ---- of pictures and texts


def header_of_png(width: int, height: int) -> bytes:
    """A file that ends after its header: decoding it would say that it is broken."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", len(header) - 4) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 100) + b"IDAT"


@pytest.mark.parametrize(
    ("side", "found"), [(5001, "5,001 × 5,000 pixels"), (30_000, "far too many pixels")], ids=["large", "huge"]
)
def test_picture_with_too_many_pixels_is_refused_before_it_is_decoded(tmp_path, side, found):
    data = header_of_png(side, side // 10 * 10)
    (tmp_path / "big.png").write_bytes(data)
    for what, work in (
        ("big.png", lambda: decode(tmp_path / "big.png", 64)),
        ("The picture", lambda: upload(data, 64)),
    ):
        with pytest.raises(DataError) as caught:
            work()
        assert f"{what} has {found}; at most 25,000,000 are allowed (FAIRPROG_MAX_PIXELS)" in str(caught.value)
        assert len(str(caught.value)) <= 300


def test_text_with_too_many_letters_is_refused_before_it_is_sent():
    request = TextRequest("x" * 20_001, Path("c"), Path("t"), (1.0,))
    with pytest.raises(DataError, match=r"The text has 20,001 letters; at most 20,000 are allowed"):
        request.check()
    request._replace(text="x" * 20_000).check()
