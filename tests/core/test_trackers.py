"""Runs that are followed by the real MLflow and the real Trackio, on this machine."""

import math
import re
from pathlib import Path

import pytest

from fairprog_core.cli import main
from fairprog_core.common.errors import ConfigError
from fairprog_core.runs.store import Store
from fairprog_core.trackers import TRACKERS, check_trackers
from fairprog_core.trackers.follow import Followers, figures_of, flat, numbers_of

pytestmark = pytest.mark.filterwarnings("default")  # the trackers' own use of their libraries is not ours to judge
NAME = re.compile(r"[A-Za-z0-9_\-. /]+")
KEY = "reprogram-border-equalized_odds-s0"


@pytest.fixture(autouse=True)
def places(monkeypatch, tmp_path):
    """Both trackers write into a folder of the test."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def records(finished):
    with Store(finished.home) as store:
        return store.records(finished.run_id)


def followed(finished, records, kinds):
    """Follow a finished run; returns the warnings."""
    followers = Followers(kinds, finished.study, finished.run_id)
    passed = list(followers.follow(records))
    warnings = [record for record in passed if record not in records]
    return warnings + list(followers.close("done", finished.folder))


def mlflow_run():
    from mlflow import MlflowClient

    client = MlflowClient()
    runs = client.search_runs([client.get_experiment_by_name("fairprog").experiment_id])
    assert len(runs) == 1
    return client, runs[0]


def test_mlflow_holds_the_whole_run(finished, records):
    pytest.importorskip("mlflow")
    assert followed(finished, records, ["mlflow"]) == []
    client, run = mlflow_run()
    assert run.info.status == "FINISHED"
    assert run.data.tags["fairprog.run"] == finished.run_id
    assert run.data.params == dict(flat(finished.study.to_json()))
    validations = [record for record in records if record["kind"] == "validation"]
    history = client.get_metric_history(run.info.run_id, f"{KEY}/validation/gap/lam 4")
    assert [(each.step, each.value) for each in history] == [
        (record["step"], pytest.approx(record["gap"][record["lam"].index(4.0)])) for record in validations
    ]
    steps = [record["step"] for record in records if record["kind"] == "train"]
    losses = client.get_metric_history(run.info.run_id, f"{KEY}/train/utility_loss")
    assert [each.step for each in losses] == steps
    figures = figures_of(finished.result)
    assert {name: run.data.metrics[name] for name in figures} == pytest.approx(figures)
    assert {each.path for each in client.list_artifacts(run.info.run_id)} == {
        "study.toml", "result.json", "points.csv", f"{KEY}.safetensors",
    }  # fmt: skip


def test_a_run_that_goes_on_is_one_run(finished, records):
    pytest.importorskip("mlflow")
    half = len(records) // 2
    first = Followers(["mlflow"], finished.study, finished.run_id)
    list(first.follow(records[:half]))
    list(first.close("cancelled", Path("nowhere")))
    assert mlflow_run()[1].info.status == "KILLED"
    assert followed(finished, records[half:], ["mlflow"]) == []
    assert mlflow_run()[1].info.status == "FINISHED"


def test_trackio_holds_the_whole_run(finished, records, monkeypatch):
    trackio = pytest.importorskip("trackio")
    assert followed(finished, records, ["trackio"]) == []
    (run,) = trackio.Api().runs("fairprog")
    assert run.name == f"{finished.study.name} {finished.run_id}"
    assert run.config["fairprog.run"] == finished.run_id


def test_a_tracker_that_fails_is_left_out_and_the_run_goes_on(finished, records, monkeypatch):
    pytest.importorskip("mlflow")
    followers = Followers(["mlflow"], finished.study, finished.run_id)
    Path("mlflow.db").unlink()
    passed = list(followers.follow(records))
    warnings = [record for record in passed if record["kind"] == "warning" and record not in records]
    assert [record for record in passed if record not in warnings] == records
    (warning,) = warnings
    assert warning["text"].startswith("mlflow is no longer logged to")
    assert warning["text"].endswith("the run goes on.")
    assert list(followers.close("done", finished.folder)) == []


def test_unknown_tracker_is_refused_before_anything(home, capsys):
    with pytest.raises(ConfigError, match="There is no tracker 'wandb'; trackers are mlflow, trackio"):
        check_trackers(["wandb"])
    with pytest.raises(SystemExit) as ended:
        main(["run", "faces-quick", "--log", "wandb"])
    assert ended.value.code == 2
    assert "There is no tracker" in capsys.readouterr().err
    assert not home.database.exists()


def test_a_missing_package_is_one_sentence(monkeypatch):
    monkeypatch.setitem(TRACKERS, "absent", "Absent")
    with pytest.raises(ConfigError, match=r'pip install "fairprog\[absent\]"'):
        check_trackers(["absent"])


def test_server_that_does_not_answer_is_refused_and_the_run_has_failed(home, monkeypatch, capsys, tmp_path, tiny_study):
    pytest.importorskip("mlflow")
    from fairprog_core.study.settings import to_toml

    (tmp_path / "tiny.toml").write_text(to_toml(tiny_study), "utf-8")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(SystemExit) as ended:
        main(["run", str(tmp_path / "tiny.toml"), "--log", "mlflow"])
    assert ended.value.code == 2
    assert "mlflow cannot be logged to" in capsys.readouterr().err
    with Store(home) as store:
        assert [run.state for run in store.list()] == ["failed"]


def test_numbers_are_finite_and_names_plain(records):
    for record in records:
        values, step = numbers_of(record)
        assert step >= 0
        assert all(math.isfinite(value) for value in values.values())
        assert all(NAME.fullmatch(name) for name in values)
