"""Exported runs that are taken into another home: the same to the last figure, or one sentence and nothing left."""

import json
import stat
import zipfile

import pytest
from safetensors.numpy import save_file

from fairprog_core.cli import main
from fairprog_core.common.errors import FairprogError
from fairprog_core.common.home import Home
from fairprog_core.results.result import Result
from fairprog_core.runs.exchange.export import export_run
from fairprog_core.runs.exchange.take_in import import_run
from fairprog_core.runs.store import Store


@pytest.fixture
def exported(finished, tmp_path):
    path = tmp_path / "run.zip"
    with Store(finished.home) as store:
        export_run(store, store.get(finished.run_id), path)
    return path


@pytest.fixture
def other(tmp_path):
    """A store on another machine, as it were."""
    with Store(Home.find(tmp_path / "other")) as store:
        yield store


@pytest.fixture
def changed(exported, tmp_path):
    """Writes the zip anew: contents by name, None: left out; or entries added."""

    def write(replace=None, *, add=()):
        replace, path = replace or {}, tmp_path / "changed.zip"
        with zipfile.ZipFile(exported) as old, zipfile.ZipFile(path, "w") as new:
            for name in old.namelist():
                short = name.partition("/")[2]
                content = replace.get(short, old.read(name))
                if content is not None:
                    new.writestr(name, content)
            for info, content in add:
                new.writestr(info, content)
        return path

    return write


def test_run_is_the_same_in_another_home(finished, exported, other):
    run_id = import_run(other, exported)
    assert run_id == finished.run_id
    taken, own = other.get(run_id), Store(finished.home).get(run_id)
    for name in ("name", "state", "study", "created", "figures", "seconds", "fraction", "error"):
        assert getattr(taken, name) == getattr(own, name), name
    assert (taken.damage, taken.visitor, taken.token, taken.owner) == (None, None, None, None)
    with Store(finished.home) as store:
        assert other.records(run_id) == store.records(run_id)
    mine, theirs = Result.open(other.home.run(run_id)), finished.result
    assert mine.to_json() == theirs.to_json()
    assert (mine.predictions(mine.points[0]).logits == theirs.predictions(theirs.points[0]).logits).all()
    assert [path.name for path in other.home.runs.iterdir()] == [run_id]


def test_command_takes_several_and_replaces_none(exported, home, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["runs", "import", str(exported)])
    assert not ended.value.code
    assert "Took in run" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main(["runs", "import", str(exported)])
    assert ended.value.code == 2
    assert "already" in capsys.readouterr().err
    assert len(Store(home).list()) == 1


def evil_classifier(tmp_path, **header):
    """The file of a base that would run code when it is opened."""
    path = tmp_path / "evil.safetensors"
    save_file({}, path, {"fairprog": json.dumps({"format": "fairprog.classifier/1"} | header)})
    return path.read_bytes()


def entry(name, mode=stat.S_IFREG):
    info = zipfile.ZipInfo(name)
    info.external_attr = (mode | 0o644) << 16
    return info


@pytest.mark.parametrize(
    ("replace", "sentence"),
    [
        ({"run.json": None}, "run.json is missing"),
        ({"records.jsonl": None}, "records.jsonl is missing"),
        ({"run.json": "["}, "damaged JSON"),
        ({"run.json": "[]"}, "no object"),
        ({"run.json": '{"state": "running"}'}, "'running' when it was exported"),
        ({"run.json": '{"state": "done"}'}, "is damaged (study is no JSON object; name is no text"),
        ({"run.json": '{"state": "done", "study": {"frob": 1}}'}, "frob"),
        ({"records.jsonl": "1\n"}, "no object"),
        ({"records.jsonl": "{}\n"}, "without a kind"),
        ({"records.jsonl": '{"kind": "train", "time": "now"}\n'}, "no valid time"),
        ({"result.json": None}, "has no result"),
        ({"result.json": "{}"}, "result"),
        ({"base/classifier.safetensors": b"x"}, "classifier.safetensors of the imported run is damaged"),
    ],
)
def test_damaged_zip_is_one_sentence_and_leaves_nothing(changed, other, replace, sentence):
    assert_refused(changed(replace), other, sentence)


def test_row_with_a_damaged_column_is_refused(changed, exported, other, finished):
    with zipfile.ZipFile(exported) as archive:
        row = json.loads(archive.read(f"{finished.run_id}/run.json"))
    assert_refused(changed({"run.json": json.dumps(row | {"figures": [{"method": 3}]})}), other, "figures")


EVIL = {
    "factory": {"options": {"kind": "image_model", "model": "factory:os:system"}},
    "program": {"options": {"kind": "image_model", "model": "timm:resnet18"}, "architecture": {"kind": "script"}},
    "function": {"options": {"kind": "black_box", "function": "os:system"}},
    "address": {"options": {"kind": "black_box", "address": "http://evil.example", "token": "SECRET"}},
}


@pytest.mark.parametrize("name", EVIL)
def test_classifier_that_is_code_or_an_address_is_refused(changed, other, tmp_path, name):
    path = changed({"base/classifier.safetensors": evil_classifier(tmp_path, **EVIL[name])})
    assert_refused(path, other, "names code, an address")
    assert import_run(other, path, is_trusted=True)


def test_study_in_the_result_is_checked_too(changed, exported, other, finished):
    with zipfile.ZipFile(exported) as archive:
        result = json.loads(archive.read(f"{finished.run_id}/result.json"))
    result["study"]["classifier"] = EVIL["factory"]["options"]
    assert_refused(changed({"result.json": json.dumps(result)}), other, "names code")


def test_damaged_stream_and_names_that_cannot_be_are_refused(exported, changed, other, finished, tmp_path):
    content = bytearray(exported.read_bytes())
    with zipfile.ZipFile(exported) as archive:
        info = archive.getinfo(f"{finished.run_id}/result.json")
    start = info.header_offset + 30 + len(info.filename)
    content[start : start + 200] = b"\xff" * 200
    (tmp_path / "broken.zip").write_bytes(content)
    assert_refused(tmp_path / "broken.zip", other, "holds no exported run")
    assert_refused(changed(add=[(entry(f"{finished.run_id}/run.json/x"), "")]), other, "cannot be those of files")
    assert_refused(changed(add=[(entry(f"{finished.run_id}/{'n' * 300}"), "")]), other, "cannot be those of files")


@pytest.mark.parametrize(
    ("info", "sentence"),
    [
        (entry("elsewhere/x"), "one folder"),
        (entry("../x"), "one folder"),
        (entry("/x"), "one folder"),
        (entry("{id}/../../x"), "leads out of"),
        (entry("{id}/a\\b"), "leads out of"),
        (entry("{id}/link", stat.S_IFLNK), "is a link"),
    ],
    ids=lambda value: getattr(value, "filename", ""),
)
def test_names_that_lead_out_are_refused(changed, other, finished, info, sentence):
    info.filename = info.filename.replace("{id}", finished.run_id)
    assert_refused(changed(add=[(info, "/etc/passwd")]), other, sentence)


def test_other_files_are_refused(tmp_path, other):
    (tmp_path / "text.zip").write_text("no zip")
    assert_refused(tmp_path / "text.zip", other, "it is no zip")
    assert_refused(tmp_path / "nowhere.zip", other, "There is no file")


def assert_refused(path, store, sentence):
    with pytest.raises(FairprogError) as refused:
        import_run(store, path)
    assert sentence in str(refused.value)
    assert store.list() == []
    assert not store.home.runs.exists() or list(store.home.runs.iterdir()) == []
