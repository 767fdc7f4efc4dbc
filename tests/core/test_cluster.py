"""Curves on the nodes of a real Ray cluster: the same numbers, and nothing lost when a node is."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from fairprog_core import cli
from fairprog_core.common.errors import ArtifactError, ConfigError
from fairprog_core.common.home import Home
from fairprog_core.common.records import Record
from fairprog_core.pipeline.execute import execute
from fairprog_core.pipeline.tasks.cluster import address
from fairprog_core.pipeline.tasks.cluster.folder_copy import FolderCopy
from fairprog_core.runs import Store
from fairprog_core.study import Study
from tests.conftest import TINY, Finished
from tests.core.many_curves import MANY, files
from tests.core.run_help import ROOT, numbers
from tests.programs.ray_nodes import ENVIRONMENT, RayNodes

pytestmark = pytest.mark.xdist_group("ray")
NO_RAY = "Ray is not installed."


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayNodes]:
    """A cluster of two nodes, the head with one CPU and another one with one."""
    if find_spec("ray") is None:
        assert "CI" not in os.environ, NO_RAY
        pytest.skip(NO_RAY)
    before = {**os.environ}
    os.environ.update(ENVIRONMENT)
    with RayNodes() as nodes:
        nodes.add()
        yield nodes
    os.environ.clear()
    os.environ.update(before)


def test_two_nodes_give_the_same_numbers(cluster: RayNodes, one_by_one: Finished, home: Home) -> None:
    """Every node makes the data in a home of its own; files come home through Ray's object store."""
    records = list(execute(Study.parse(MANY), home=home, folder=home.run("x"), jobs=None, on=cluster.address))
    assert numbers(home.run("x")) == numbers(one_by_one.folder)
    assert files(home.run("x")) == files(one_by_one.folder)
    labels = [record["label"] for record in records if record["kind"] == "stage"]
    assert any(label.startswith("2 at once, 0 of 2 curves finished. ") for label in labels)
    for node in cluster.nodes:
        assert list((node.home / "cache").rglob("*.npz")) or list((node.home / "cache").rglob("*.npy"))
        assert not (node.home / "runs").exists()
    assert len([file for node in cluster.nodes for file in (node.home / "models").glob("*.safetensors")]) >= 2
    (_,) = home.models.glob("*.safetensors")  # the base; the other one, of the transfer, stays where it was made
    assert any(record["kind"] == "base" for record in records)
    assert not list(home.run("x").rglob("*checkpoint*"))


def test_lost_node_costs_the_steps_since_its_checkpoint(cluster: RayNodes, one_by_one: Finished, home: Home) -> None:
    """Its curve goes on, on the node that is left, from the checkpoint that came home."""
    records: list[Record] = []
    is_lost = False
    for record in execute(Study.parse(MANY), home=home, folder=home.run("x"), jobs=2, on=cluster.address):
        records.append(record)
        if not is_lost and record["kind"] == "validation" and record["step"] >= 6:
            cluster.nodes[-1].kill()
            is_lost = True
    assert is_lost
    assert numbers(home.run("x")) == numbers(one_by_one.folder)
    steps = [(record["curve"], record["step"]) for record in records if record["kind"] == "train"]
    assert len(steps) == len(set(steps))
    cluster.add()


def test_stopped_study_goes_on_elsewhere(cluster: RayNodes, home: Home) -> None:
    changes = {"budget": {"steps": 150, "validate_every": 75}, "transfer": [], "explain": {"gallery": 0, "rows": 0}}
    study, folder = Study.parse(MANY | changes), home.run("x")
    records = execute(study, home=home, folder=folder, on=cluster.address)
    for record in records:
        if record["kind"] == "train" and record["step"] >= 8:
            break
    records.close()
    assert list(folder.glob("curves/*/*checkpoint*")), "no training sent its checkpoint"
    list(execute(study, home=home, folder=folder))
    list(execute(study, home=home, folder=home.run("y")))
    assert numbers(folder) == numbers(home.run("y"))


def test_worker_of_a_dashboard_computes_there(cluster: RayNodes, one_by_one: Finished, home: Home) -> None:
    with Store(home) as store:
        run_id = store.submit(Study.parse(MANY))
        command = [sys.executable, "-m", "fairprog_core.runs.worker", str(home.path), "--idle", "0.1"]
        subprocess.run(command, cwd=ROOT, env=os.environ | {address.VARIABLE: cluster.address}, check=True, timeout=240)
        assert store.get(run_id).state == "done"
        labels = [record["label"] for record in store.records(run_id) if record["kind"] == "stage"]
    assert any("at once" in label for label in labels)
    assert numbers(home.run(run_id)) == numbers(one_by_one.folder)


def test_node_with_other_versions_is_refused_by_its_name(
    cluster: RayNodes, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fairprog_core.pipeline.tasks.cluster.crew.version", lambda package: "0.1")
    records = execute(Study.parse(MANY), home=home, folder=home.run("x"), on=cluster.address)
    with pytest.raises(ConfigError, match=r"^On .*: It has fairprog .*, and the machine that leads has 0.1; install"):
        list(records)


def test_series_on_a_cluster_of_this_machine(cluster: RayNodes, tmp_path: Path, home: Home) -> None:
    """It is started once, for both studies; the second one's base is trained while the first one's curve is learned."""
    members = [{"name": "one", "set": []}, {"name": "two", "set": ["seeds=0,1"]}]
    quick = {key: value for key, value in TINY.items() if key != "name"} | {"explain": {"gallery": 0, "rows": 0}}
    (file := tmp_path / "series.json").write_text(json.dumps(quick | {"studies": members}))
    result = tmp_path / "result.json"
    options = ["--on", "ray", "--home", str(home.path), "--json", str(result)]
    subprocess.run([sys.executable, "-m", "fairprog_core", "run", str(file), *options], cwd=ROOT, check=True)
    assert [len(study["curves"]) for study in json.loads(result.read_text("utf-8"))["studies"]] == [1, 2]
    with Store(home) as store:
        runs = {run.name: run for run in store.list()}
    assert runs["two"].started < runs["one"].finished
    for name, run in runs.items():
        list(execute(Study.parse(run.study), home=home, folder=home.run(name)))
        assert files(home.run(name)) == files(home.run(run.id))


@pytest.mark.parametrize("text", ["", "rays", "ray://", "ray://host", "ray://host:port", "http://a:1", "ray://a b:1"])
def test_no_address_is_refused(text: str, capsys: pytest.CaptureFixture[str], home: Home) -> None:
    assert cli._main(["run", "faces-quick", "--on", text, "--home", str(home.path)]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "write --on ray for a cluster of this machine" in line


def test_cluster_that_does_not_answer_is_one_sentence(home: Home) -> None:
    records = execute(Study.parse(MANY), home=home, folder=home.run("x"), on="ray://127.0.0.1:9")
    with pytest.raises(ConfigError, match=r"^The cluster ray://127.0.0.1:9 does not answer"):
        next(iter(records))


def test_missing_ray_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r'^Ray is not installed; install it with `pip install "fairprog\[ray\]"`\.$'):
        address.check_address("ray")


def test_copies_tell_each_other_what_is_new(tmp_path: Path) -> None:
    here, there = FolderCopy(tmp_path / "here"), FolderCopy(tmp_path / "there")
    (part := here.folder / "curves" / "a").mkdir(parents=True)
    (part / "one").write_bytes(b"1")
    (part / ".two.abcdefgh").mkdir()
    (part / ".two.abcdefgh" / "two").write_bytes(b"unfinished")
    there.write(here.news([part]))
    assert (there.folder / "curves/a/one").read_bytes() == b"1"
    assert there.news() == here.news() == {}
    (there.folder / "curves/a/one").unlink()
    (there.folder / "curves/a/three").write_bytes(b"3")
    news = there.news()
    assert news == {"curves/a/one": None, "curves/a/three": b"3"}
    here.write(news)
    assert [file.name for file in part.iterdir() if file.is_file()] == ["three"]
    assert here.news() == {}


@pytest.mark.parametrize("name", ["../outside", "/outside", "a/../../outside"])
def test_copy_writes_only_into_the_run(name: str, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with pytest.raises(ArtifactError, match="outside of the run"):
        FolderCopy(tmp_path / "run").write({name: b"x"})
    assert not (tmp_path / "outside").exists()
