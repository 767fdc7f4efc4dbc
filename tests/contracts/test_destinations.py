"""Whatever writes where a user says × whatever is there: refused before any work in one sentence, and left as it is."""

import contextlib
import csv
import json
import os
import shutil
import socket
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest
import torch
import typer
from safetensors.numpy import save_file

import fairprog_core as fp
from fairprog_core.classifiers.encoder.cut_folder import CUT_ENCODER
from fairprog_core.cli import app, main
from fairprog_core.cli.machine.bench.ratios.rows import SCHEMA
from fairprog_core.cli.machine.commands import FIGURES_FILE
from fairprog_core.common.errors import FairprogError
from fairprog_core.common.files.destination import Product, check_destination, writing
from fairprog_core.common.home import Home, assets, replacing
from fairprog_core.runs.exchange.export import RESULT_FILE, export_run
from fairprog_core.runs.store import Store
from fairprog_core.triggers.base import FILE as TRIGGER_FILE
from tests.conftest import Finished
from tests.own_models import pictures, small_net

LONGEST = 300  # characters of a sentence
FILE_ARGUMENTS = {
    ("run", "json_file"): "run",
    ("bench", "json_file"): "bench",
    ("audit", "json_file"): "audit",
    ("audit", "csv_file"): "audit table",
    ("check", "junit"): "check junit",
    ("check", "summary"): "check summary",
    ("runs export", "file"): "export zip",
    ("encoder", "out"): "encoder",
    ("apply", "output"): "apply",
    ("passport", "output"): "passport",
    ("export", "out"): "graph",
    ("report", "out"): "report",
    ("stress", "json_file"): "stress",
    ("stress", "csv_file"): "stress table",
}  # of the command line -> the writer below that stands for it
BOUND = ("--max-gap", "equalized_odds=.2", "--min-accuracy", ".8")  # that the shipped study keeps
READ_ONLY = {"home", "words", "source"}  # arguments that name what is read, or the home
READ_FILES = {("runs import", "file")}  # the same name as of an argument that is written


class Writers:
    """By name, what writes to a path: commands, and functions of the library."""

    def __init__(self, finished: Finished, fair: fp.Reprogrammed) -> None:
        run, home = finished.run_id, str(finished.home.path)
        trigger = fp.load_trigger(finished.result.curves[0].artifact)
        self.files: dict[str, tuple[str, Callable[[Path], object]]] = {
            "run": ("json", command("run", "faces-quick", "--json")),
            "bench": ("json", command("bench", "--json")),
            "audit": ("json", command("audit", "faces-quick", "--json")),
            "audit table": ("csv", command("audit", "faces-quick", "--csv")),
            "check junit": ("xml", command("check", "demo", *BOUND, "--junit")),
            "check summary": ("md", command("check", "demo", *BOUND, "--summary")),
            "bench coverage": ("json", command("bench", "--suite", "coverage", "--json")),
            "bench verdicts": ("json", command("bench", "--suite", "verdicts", "--json")),
            "bench ratios": ("json", command("bench", "--suite", "step,curve,screen", "--json")),
            "export zip": ("zip", command("runs", "export", "--home", home, run)),
            "export json": ("json", command("runs", "export", "--home", home, run)),
            "export csv": ("csv", command("runs", "export", "--home", home, run)),
            "trigger": ("safetensors", trigger.save),
            "apply": ("parquet", command("apply", "demo", "--input", "mine", "--output")),
            "passport": ("safetensors", command("passport", "demo", "--output")),
            "report": ("html", command("report", "demo", "--out")),
            "stress": ("json", command("stress", "demo", "--json")),
            "stress table": ("csv", command("stress", "demo", "--csv")),
            "graph": ("pt2", command("export", "demo", "--format", "torch_export", "--out")),
        }
        self.folders: dict[str, Callable[[Path], object]] = {
            "encoder": command("encoder", "shipped"),
            "reprogrammed": fair.save,
            "passport folder": command("passport", "demo", "--output"),
        }


FILE_WRITERS = (
    "audit", "audit table", "check junit", "check summary", "run", "bench", "bench coverage", "bench verdicts",
    "bench ratios",
    "export zip", "export json", "export csv", "trigger", "apply", "passport", "graph",
    "report", "stress", "stress table",
)  # fmt: skip
FOLDER_WRITERS = ("encoder", "reprogrammed", "passport folder")


def command(*arguments: str) -> Callable[[Path], object]:
    """A command that writes to its last argument; its exit code 2 becomes the error that it printed."""

    def call(path: Path) -> None:
        with pytest.raises(SystemExit) as ended:
            main([*arguments, str(path)])
        if ended.value.code:
            raise Printed

    return call


class Printed(Exception):
    """The sentence is on stderr."""


@pytest.fixture(scope="module")
def fair() -> fp.Reprogrammed:
    return fp.reprogram(
        small_net(), tune=pictures(64, 1), validation=pictures(64, 2), trigger="border", criterion="equalized_odds",
        lams=[0.0, 2.0], steps=2, progress=False, device="cpu",
    )  # fmt: skip


@pytest.fixture
def writers(finished: Finished, fair: fp.Reprogrammed) -> Writers:
    return Writers(finished, fair)


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str], home: Home) -> Callable[[Callable[[Path], object], Path], str]:
    """The sentence with which a destination is refused; no run was begun."""

    def call(write: Callable[[Path], object], path: Path) -> str:
        try:
            write(path)
        except FairprogError as error:
            sentence = str(error)
        except Printed:
            out, err = capsys.readouterr()
            assert not out
            sentence = err.removeprefix("fairprog: ").rstrip("\n")
        else:
            pytest.fail(f"{path} was written")
        assert len(sentence) <= LONGEST
        assert "\n" not in sentence
        assert sentence.endswith(".")
        assert not home.database.exists()
        return sentence

    return call


def snapshot(folder: Path) -> dict[str, object]:
    """Every entry under a folder: kind and rights, and content or target."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = path.readlink() if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[str(path)] = status.st_mode, status.st_ino, status.st_mtime_ns, content
    return found


# --- what is there ----------------------------------------------------------------------------


def a_folder(path: Path) -> None:
    path.mkdir()
    (path / "thesis.txt").write_text("x")


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_socket(path: Path) -> None:
    before = Path.cwd()
    os.chdir(path.parent)  # its address has at most 107 bytes
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(before)


def a_device(path: Path) -> None:
    try:
        os.mknod(path, 0o666 | 0o020000, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root can make a device")


def a_link_to_a_file(path: Path) -> None:
    (path.parent / "thesis.txt").write_text("")  # an empty file would be replaced
    path.symlink_to("thesis.txt")


def a_link_to_a_folder(path: Path) -> None:
    (path.parent / "empty").mkdir()
    path.symlink_to("empty")


def a_link_to_nothing(path: Path) -> None:
    path.symlink_to("nowhere")


def a_link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def a_link_to_a_device(path: Path) -> None:
    path.symlink_to(os.devnull)


def some_text(path: Path) -> None:
    path.write_text("Chapter 1")


def some_json(path: Path) -> None:
    path.write_text(json.dumps({"schema": "mine/1", "study": "fairprog.study/1"}))


def some_json_that_is_too_deep(path: Path) -> None:
    path.write_text("[" * 100_000)


def some_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("run.json", "{}")
        archive.writestr("thesis.txt", "x")


def some_table(path: Path) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["method", "score"], ["mine", 1]])


def some_tensors(path: Path) -> None:
    save_file({"x": np.zeros(3)}, path, {"fairprog": "mine"})


def some_bytes(path: Path) -> None:
    path.write_bytes(b"\xff" * 100)


SPECIAL = (
    a_pipe, a_socket, a_device, a_link_to_a_file, a_link_to_a_folder, a_link_to_nothing, a_link_to_itself,
    a_link_to_a_device,
)  # fmt: skip
FOREIGN = (
    some_text, some_json, some_json_that_is_too_deep, some_zip, some_table, some_tensors, some_bytes,
)  # fmt: skip


@pytest.mark.parametrize("writer", FILE_WRITERS)
@pytest.mark.parametrize("there", [a_folder, *SPECIAL, *FOREIGN])
def test_file_that_fairprog_did_not_write_is_left_alone(
    writer: str, there: Callable[[Path], None], writers: Writers, refused: Any, tmp_path: Path
) -> None:
    ending, write = writers.files[writer]
    path = tmp_path / f"mine.{ending}"
    there(path)
    before = snapshot(tmp_path)
    sentence = refused(write, path)
    assert f"mine.{ending}" in sentence
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("writer", FOLDER_WRITERS)
@pytest.mark.parametrize("there", [a_folder, *SPECIAL, some_text])
def test_folder_that_fairprog_did_not_write_is_left_alone(
    writer: str, there: Callable[[Path], None], writers: Writers, refused: Any, tmp_path: Path
) -> None:
    path = tmp_path / "mine"
    there(path)
    before = snapshot(tmp_path)
    assert "mine" in refused(writers.folders[writer], path)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("writer", FILE_WRITERS)
def test_place_where_no_file_can_be_is_refused(writer: str, writers: Writers, refused: Any, tmp_path: Path) -> None:
    ending, write = writers.files[writer]
    if writer != "trigger":  # which makes the folder
        assert "does not exist" in refused(write, tmp_path / "nowhere" / f"x.{ending}")
    for path, reason in (
        (tmp_path / f"{'x' * 300}.{ending}", "File name too long" if writer == "trigger" else "allowed are 255"),
        (Path(f"/proc/x.{ending}"), "cannot be written"),
    ):
        assert reason in refused(write, path)
    assert list(tmp_path.iterdir()) == [tmp_path / "home"]


@pytest.mark.parametrize("writer", FOLDER_WRITERS)
def test_place_where_no_folder_can_be_is_refused(writer: str, writers: Writers, refused: Any, tmp_path: Path) -> None:
    sentence = refused(writers.folders[writer], tmp_path / ("x" * 300))
    assert "File name too long" in sentence or "a name in it has 300 bytes" in sentence
    assert "cannot be written" in refused(writers.folders[writer], Path("/proc/x/y"))
    assert list(tmp_path.iterdir()) == [tmp_path / "home"]


@pytest.mark.parametrize("writer", [name for name in FILE_WRITERS if name != "trigger"])
def test_file_of_a_run_is_not_overwritten_by_a_command(
    writer: str, writers: Writers, refused: Any, finished: Finished
) -> None:
    """Its result.json is a result of fairprog, but fairprog's own copy."""
    ending, write = writers.files[writer]
    assert "fairprog keeps in" in refused(write, finished.folder / f"result.{ending}")


def test_every_argument_that_names_a_file_to_write_is_tested_here() -> None:
    def paths(group: typer.Typer, above: str = "") -> Iterator[tuple[str, str]]:
        for command in group.registered_commands:
            assert command.callback
            for name, kind in get_type_hints(command.callback).items():
                if "Path" in str(kind) and name not in READ_ONLY:
                    yield f"{above}{command.name or command.callback.__name__}", name
        for each in group.registered_groups:
            assert each.typer_instance
            yield from paths(each.typer_instance, f"{each.name} ")

    assert set(paths(app)) - READ_FILES == set(FILE_ARGUMENTS)
    assert {*FILE_ARGUMENTS.values()} <= {*FILE_WRITERS, *FOLDER_WRITERS}


# --- what fairprog wrote ------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["zip", "json", "csv"])
def test_exported_run_replaces_an_exported_run_and_an_empty_file(
    ending: str, finished: Finished, tmp_path: Path
) -> None:
    path = tmp_path / f"x.{ending}"
    path.touch()
    with Store(finished.home) as store:
        run = store.get(finished.run_id)
        for _ in range(2):
            inode = path.stat().st_ino
            export_run(store, run, path)
            assert path.stat().st_size
            assert path.stat().st_ino != inode
        path.chmod(0o444)
        with pytest.raises(FairprogError, match="is read-only"):
            export_run(store, run, path)
    assert [each.name for each in tmp_path.iterdir() if each.name != "home"] == [path.name]


@pytest.mark.parametrize("schema", [SCHEMA, "fairprog.bench/1", "fairprog.coverage/1", "fairprog.bench.verdicts/1"])
def test_figures_of_bench_are_replaced_by_figures_and_not_by_a_result(schema: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"schema": schema, "more": []}, indent=2))
    check_destination(path, FIGURES_FILE)
    with pytest.raises(FairprogError, match="is not a result that fairprog wrote"):
        check_destination(path, RESULT_FILE)


@pytest.mark.parametrize("demo", ["faces", "comments"])
def test_shipped_results_are_recognised(demo: str) -> None:
    check_destination(assets() / "demo" / demo / "result.json", RESULT_FILE)
    for file in (assets() / "demo" / demo).glob("curves/*/trigger.safetensors"):
        check_destination(file, TRIGGER_FILE)


def test_shipped_encoder_is_recognised_until_something_changes(tmp_path: Path) -> None:
    folder = tmp_path / "encoder"
    shutil.copytree(assets() / "encoders" / "minilm-2", folder)
    check_destination(folder, CUT_ENCODER)
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(FairprogError, match="is not an unchanged encoder that fairprog wrote"):
        check_destination(folder, CUT_ENCODER)
    (folder / "notes.txt").unlink()
    (folder / "config.json").write_text("{}")
    with pytest.raises(FairprogError, match="is not an unchanged encoder that fairprog wrote"):
        check_destination(folder, CUT_ENCODER)


def test_encoder_of_one_layer_replaces_an_older_one_and_not_its_source(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, write = tmp_path / "out", command("encoder", "shipped", "--layers", "1")
    for _ in range(2):
        write(out)
    assert "entries" in capsys.readouterr().out
    before = snapshot(out)
    with pytest.raises(Printed):
        command("encoder", str(out), "--layers", "1")(out)
    assert "is the source itself" in capsys.readouterr().err
    assert snapshot(out) == before


def test_trigger_replaces_a_trigger(finished: Finished, tmp_path: Path) -> None:
    trigger = fp.load_trigger(finished.result.curves[0].artifact)
    for _ in range(2):
        trigger.save(tmp_path / "t.safetensors")
    again = fp.load_trigger(tmp_path / "t.safetensors")
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in trigger.state_dict().items())


# --- the mechanism --------------------------------------------------------------------------------

TEXT = Product("a text of the test", lambda path: path.read_text() == "ours")


def test_file_that_appears_during_the_work_is_left_alone(tmp_path: Path) -> None:
    path = check_destination(tmp_path / "x.txt", TEXT)
    path.write_text("mine")
    with pytest.raises(FairprogError, match="exists and is not a text of the test"), writing(path, TEXT) as part:
        part.write_text("ours")
    assert path.read_text() == "mine"


def test_work_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("ours")
    with contextlib.suppress(ZeroDivisionError), writing(path, TEXT) as part:
        part.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "ours"
    assert [each for each in tmp_path.iterdir() if each.name.startswith(".")] == []


def test_disk_that_fills_up_is_one_sentence(tmp_path: Path) -> None:
    """``/dev/full`` refuses every byte, as a full disk does."""
    path = tmp_path / "x.txt"
    with pytest.raises(FairprogError, match="The disk that holds"), writing(path, TEXT) as part:  # noqa: PT012
        part.symlink_to("/dev/full")
        part.write_text("ours")
    assert not path.exists()


def test_folder_around_a_destination_does_not_count_as_a_home(tmp_path: Path) -> None:
    """A home that is removed is not made again; any other folder is."""
    folder = tmp_path / "mine"
    folder.mkdir()
    check_destination(folder / "x.json", Product("a file", lambda _: False))
    folder.rmdir()
    with replacing(folder / "inner" / "x.json") as part:
        part.write_text("{}")
    assert (folder / "inner" / "x.json").read_text() == "{}"
