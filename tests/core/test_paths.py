"""Paths: where they begin, how a study keeps them, and which are refused before anything is done."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from torch import nn

import fairprog_core as fp
from fairprog_core.cli import main
from fairprog_core.common.errors import ConfigError, FairprogError
from fairprog_core.common.home import Home, assets, path_problem
from fairprog_core.common.options import ANY_NAME, Options, PathRule, PathText
from fairprog_core.runs import Store
from fairprog_core.study import Study
from fairprog_core.study.load import load_studies, load_study

ODD_NAMES = (
    "p%20x",
    "q?mode=ro",
    "h#x",
    "sp ace",
    "üñ 名",
    "new\nline",
    "%00",
    "b%(x)s",
    "'\"",
    "$HOME",
    "a;b&c",
    "=1",
)
IMPOSSIBLE = {
    "~nouser/x": "this machine has no user 'nouser'",
    "a\0b": "null character",
    "x" * 300: "a name in it has 300 bytes, allowed are 255",
    "ü" * 128: "a name in it has 256 bytes",
    "x/" * 3000: "more than 4095 bytes",
    "\ud800": "half a character",
}


# ---- a home


@pytest.mark.parametrize("name", ODD_NAMES)
def test_home_of_any_name_holds_its_own_run_table(tmp_path, name):
    with Store(tmp_path / name) as store:
        run_id = store.submit(Study())
    assert (tmp_path / name / "runs.sqlite").is_file()
    assert [path.name for path in tmp_path.iterdir()] == [name]  # nothing lies beside it
    with Store(tmp_path / name) as store:
        assert [run.id for run in store.list()] == [run_id]


def test_migrations_are_found_from_a_home_of_any_name(tmp_path):
    home = Home.find(tmp_path / "%(x)s ?#%20\n")
    with Store(home) as store, store.database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'none'"))
    with pytest.raises(FairprogError, match="newer fairprog"):  # Alembic read its own folder, and knows no such version
        Store(home)


@pytest.mark.parametrize(("path", "reason"), IMPOSSIBLE.items())
def test_impossible_path_is_refused_in_a_sentence_wherever_one_enters(path, reason, monkeypatch):
    calls: list[Any] = [
        lambda: Home.find(path),
        lambda: Store(path),
        lambda: fp.run("faces-quick", home=path),
        lambda: fp.run(Path(path) / "study.toml"),
        lambda: load_study(Path(path) / "study.toml"),
        lambda: fp.load_classifier(path),
        lambda: fp.load_trigger(path),
        lambda: fp.Result.open(path),
        lambda: fp.load_reprogrammed(path, nn.Linear(1, 1)),
        lambda: Study.parse({"dataset": {"kind": "celeba", "root": path}}),
        lambda: Study.parse({"dataset": {"kind": "civil_comments", "root": path}}),
        lambda: Study.parse({"dataset": {"kind": "comments"}, "classifier": {"kind": "encoder", "model": path}}),
    ]
    if "\0" not in path and path.isprintable():  # an environment holds nothing else
        monkeypatch.setenv("FAIRPROG_HOME", path)
        monkeypatch.setenv("FAIRPROG_ASSETS", path)
        calls += [Home.find, assets]
    for call in calls:
        with pytest.raises(ConfigError) as error:
            call()
        assert any(each in str(error.value) for each in (reason, "4096", "unicode string"))  # pydantic's own words
        assert len(str(error.value)) <= 300
        assert str(error.value).isprintable()


def test_possible_paths_have_no_problem(tmp_path):
    assert [path_problem(name) for name in (*ODD_NAMES, "~", "~/x", "x" * 255, "", tmp_path)] == [None] * 17


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv, so that root is refused too")
def test_home_that_cannot_be_written_is_a_sentence_in_every_command(home):
    home.path.chmod(0o500)
    rights = ["--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"]
    code = (
        "from fairprog_core.cli import main\n"
        "for words in ('run faces-quick', 'runs list', 'app --no-browser', 'worker', 'data prepare faces'):\n"
        "    try: main([*words.split(), '--home', %r])\n"
        "    except SystemExit as end: assert end.code == 2, (words, end.code)\n"
    )
    command = [sys.executable, "-c", code % str(home.path)]
    try:
        ended = subprocess.run(["setpriv", *rights, *command], capture_output=True, text=True, check=False)
    finally:
        home.path.chmod(0o700)
    if "setpriv: " in ended.stderr:  # this user may not give up rights, and has none that matter
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert [line.partition(":")[0] for line in ended.stderr.splitlines()] == ["fairprog"] * 5
    assert str(home.path) in ended.stderr


# ---- a study


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a study's file; the working directory is another one."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (folder := tmp_path / "there").mkdir()
    return folder


CELEBA = 'name = "a"\n[dataset]\nkind = "celeba"\nroot = "data/celeba"\n'


def test_path_in_a_file_begins_at_the_file_and_others_in_the_working_directory(folder, tmp_path):
    (file := folder / "s.toml").write_text(CELEBA)
    assert load_study(file).dataset.root == str(folder / "data/celeba")
    assert load_study("../there/s.toml").dataset.root == str(tmp_path / "here/../there/data/celeba")
    assert load_study(file, ["dataset.root=mine"]).dataset.root == str(tmp_path / "here/mine")
    assert load_study(file, ["dataset.root=~/mine"]).dataset.root == str(Path.home() / "mine")
    assert load_study(file, ["dataset.root=/data/"]).dataset.root == "/data/"  # absolute: as it was written
    assert Study.parse({"dataset": {"kind": "celeba", "root": "x"}}).dataset.root == str(tmp_path / "here/x")
    assert Study.parse({"dataset": {"kind": "celeba"}}).dataset.root == ""


def test_paths_of_a_series_begin_at_its_file(folder, tmp_path):
    (folder / "s.toml").write_text(CELEBA)
    (file := folder / "series.toml").write_text(
        'studies = ["s.toml", {name = "b", set = ["dataset.root=b"]}, {name = "c", set = []}]\n'
        '[dataset]\nkind = "celeba"\nroot = "own"\n'
    )
    assert [study.dataset.root for study in load_studies(file)] == [
        str(folder / "data/celeba"), str(folder / "b"), str(folder / "own"),
    ]  # fmt: skip
    changed = load_studies(file, ["dataset.root=mine"])
    assert {study.dataset.root for study in changed} == {str(tmp_path / "here/mine")}


def test_name_on_a_hub_stays_a_name_unless_there_is_such_a_folder(folder):
    (file := folder / "s.toml").write_text(
        'dataset = "comments"\n[classifier]\nkind = "encoder"\nmodel = "org/model"\n'
        '[[transfer]]\nname = "b"\nclassifier = {kind = "encoder", model = "./org/other"}\n'
    )
    study = load_study(file)
    assert study.classifier.model == "org/model"
    assert study.transfer[0].classifier.model == str(folder / "org/other")  # a path, even if it is not there
    (folder / "org/model").mkdir(parents=True)
    (folder / "shipped").mkdir()
    assert load_study(file).classifier.model == str(folder / "org/model")
    assert load_study(file, ["classifier.model=org/model"]).classifier.model == "org/model"  # none here
    file.write_text('dataset = "comments"\n[classifier]\nkind = "encoder"\nmodel = "shipped"\n')
    assert load_study(file).classifier.model == "shipped"


def test_saved_study_holds_the_absolute_path(folder, home):
    (file := folder / "s.toml").write_text(CELEBA)
    with Store(home) as store:
        run_id = store.submit(load_study(file))
        assert store.get(run_id).study["dataset"]["root"] == str(folder / "data/celeba")


def test_options_say_by_their_type_which_field_is_a_path():
    class Own(Options):
        """A field that holds a path, as a plug-in declares it."""

        folder: PathText = ""
        text: str = ""

    parsed = Own.parse({"folder": "x", "text": "x"})
    assert (parsed.folder, parsed.text) == (str(Path.cwd() / "x"), "x")


def test_rule_keeps_absolute_paths_and_names():
    rule = PathRule(name=ANY_NAME, names=("shipped",))
    folder = Path("/nowhere")
    assert [rule.absolute(each, folder) for each in ("", " ", "/a//b/", "shipped", "org/model", "./x")] == [
        "", " ", "/a//b/", "shipped", "org/model", "/nowhere/x",
    ]  # fmt: skip
    assert PathRule().absolute("shipped", folder) == "/nowhere/shipped"


def test_working_directory_that_is_gone_is_a_sentence(folder, tmp_path):
    shutil.rmtree(tmp_path / "here")
    with pytest.raises(ConfigError, match="the working directory is gone; give an absolute path"):
        Study.parse({"dataset": {"kind": "celeba", "root": "x"}})


def test_shipped_assets_at_an_impossible_path_are_a_sentence_before_the_page_opens(monkeypatch, capsys, home):
    monkeypatch.setenv("FAIRPROG_ASSETS", "~nouser/x")
    with pytest.raises(SystemExit) as ended:
        main(["app", "--no-browser"])
    assert ended.value.code == 2
    assert "FAIRPROG_ASSETS '~nouser/x' cannot be used" in capsys.readouterr().err
