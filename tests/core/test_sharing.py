"""A shared server's policy: which fields name what, and what visitors may set them to."""

import inspect
import re
from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field

from fairprog_core.classifiers import CLASSIFIERS, EncoderOptions, ImageModelOptions
from fairprog_core.cli import screen
from fairprog_core.common.errors import ConfigError
from fairprog_core.common.home import UNPACKED
from fairprog_core.common.options import ADDRESSES, CODE, FOLDERS, HUB, Options
from fairprog_core.common.sharing import SORTS, Sharing, named, names_something, sharing, sorts_of
from fairprog_core.common.validation import without_none
from fairprog_core.data import DATASETS, CelebAOptions, CivilCommentsOptions, FacesOptions
from fairprog_core.explain import TextProbeOptions
from fairprog_core.methods import METHODS
from fairprog_core.study import Study
from fairprog_core.study.load import load_study
from fairprog_core.study.transfer_target import TransferTarget
from fairprog_core.training.criteria import CRITERIA
from fairprog_core.triggers import TRIGGERS
from tests.core.pages import ROOT, blocks

CLOSED = Sharing(is_shared=True)
COLUMNS = ("text", "image", "label", "positive", "group", "split", "weight")
WORDS = {
    ("Study", "name"), ("TransferTarget", "name"), ("NeutralWordsOptions", "words"),
    ("EncoderOptions", "label"),
    *(("ImageModelOptions", name) for name in ("label", "cam_layer")),
    *(("TableOptions", name) for name in COLUMNS),
}  # fmt: skip
"""Texts that name nothing of the server."""


class Plugged(Options):
    """Options as a plug-in may have them: a field of every sort."""

    kind: Literal["plugged"] = "plugged"
    database: str = Field("", json_schema_extra=ADDRESSES)
    factory: str | None = Field(None, json_schema_extra=CODE)
    source: str = Field("", json_schema_extra=FOLDERS | ADDRESSES)
    files: tuple[Path, ...] | None = None
    table: Path | None = None
    models: dict[str, EncoderOptions] = Field(default_factory=dict)
    listed: tuple[str, ...] = Field((), json_schema_extra=HUB)


def every_options() -> list[type[Options]]:
    registered = [each.options for registry in (DATASETS, CLASSIFIERS, METHODS, TRIGGERS) for each in registry.values()]
    return [*registered, *CRITERIA.values(), TextProbeOptions, TransferTarget, Study]


def test_every_free_text_of_a_study_is_marked_or_known_to_name_nothing():
    free = {
        (cls.__name__, name): field
        for cls in every_options()
        for name, field in cls.model_fields.items()
        if without_none(field.annotation)[0] in (str, Path)
    }
    assert {place for place, field in free.items() if not sorts_of(field)} <= WORDS
    marked = {place: set(sorts_of(field)) for place, field in free.items() if sorts_of(field)}
    assert marked == {
        ("BlackBoxOptions", "address"): {"addresses"},
        ("BlackBoxOptions", "function"): {"code"},
        ("BlackBoxOptions", "token"): {"code"},
        ("CelebAOptions", "root"): {"folders"},
        ("CivilCommentsOptions", "root"): {"folders"},
        ("TableOptions", "path"): {"folders", "hub"},
        ("TableOptions", "also"): {"folders"},
        ("TableOptions", "root"): {"folders"},
        ("EncoderOptions", "model"): {"folders", "hub"},
        ("ImageModelOptions", "model"): {"folders", "hub", "code"},
        ("ImageModelOptions", "weights"): {"folders"},
        ("ResNet18Options", "init"): {"folders"},
        ("TextProbeOptions", "model"): {"folders", "hub"},
    }


@pytest.mark.parametrize(
    ("values", "sort"),
    [
        ({"database": "sqlite:////x"}, "addresses"),
        ({"factory": "os:system"}, "code"),
        ({"source": "/x"}, "folders"),
        ({"source": "https://x"}, "addresses"),
        ({"table": "x.csv"}, "folders"),
        ({"files": ["a", "b"]}, "folders"),
        ({"models": {"one": {"kind": "encoder", "model": "/x"}}}, "folders"),
        ({"models": {"one": {"kind": "encoder", "model": "who/what"}}}, "hub"),
        ({"listed": ["who/what"]}, "hub"),
    ],
)
def test_only_what_the_owner_allows_may_be_named(values, sort):
    options = Plugged.parse(values)
    for allowed in (set(), set(SORTS) - {sort}):
        with pytest.raises(ConfigError, match="owner of this shared server") as refused:
            Sharing(is_shared=True, allowed=frozenset(allowed)).check(options)
        assert len(str(refused.value)) <= 300
    Sharing(is_shared=True, allowed=frozenset({sort})).check(options)
    Sharing().check(options)
    assert names_something(options)


def test_defaults_and_what_is_shipped_name_nothing():
    assert not names_something(Plugged())
    for name in ("faces-quick", "comments-quick", "comments-transfer"):
        study = load_study(name)
        CLOSED.check(study)
        assert list(named(study)) == []


def test_paths_that_exist_and_paths_that_do_not_are_refused_by_one_sentence(tmp_path):
    def refused(study: Study) -> str:
        with pytest.raises(ConfigError, match="does not allow") as caught:
            CLOSED.check(study)
        return str(caught.value)

    said = {
        refused(load_study("comments-quick", [f"{field}={path}"]))
        for field in ("classifier.model",)
        for path in (tmp_path, tmp_path / "missing", "/etc/passwd", "~root/x", "docs", "nothing-there", "who/what")
    }
    assert len(said) == 1


def test_a_folder_is_not_taken_for_a_model_of_the_hub(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path)
    hub = Sharing(is_shared=True, allowed=frozenset({"hub"}))
    hub.check(EncoderOptions(model="there"))
    for model in ("here", "./here", "../x", "/x", "~/x", "a/b/c", "https://a/b"):
        with pytest.raises(ConfigError, match="a folder or file of the server, which"):
            hub.check(EncoderOptions(model=model))
    with pytest.raises(ConfigError, match="a name on the hub, which"):
        Sharing(is_shared=True, allowed=frozenset({"folders"})).check(EncoderOptions(model="who/what"))


def test_options_that_need_a_closed_field_are_not_offered():
    for options in (CelebAOptions, CivilCommentsOptions):
        assert not CLOSED.offers(options)
        assert Sharing(is_shared=True, allowed=frozenset({"folders"})).offers(options)
        assert Sharing().offers(options)
    assert CLOSED.offers(FacesOptions)


def test_the_choices_reach_other_processes_by_the_environment(monkeypatch):
    assert sharing() == Sharing()
    chosen = Sharing(is_shared=True, allowed=frozenset({"hub", "code"}), names=("a.example", "b.example:8443"))
    for name, value in chosen.to_environment().items():
        monkeypatch.setenv(name, value)
    assert sharing() == chosen
    for name, value in Sharing().to_environment().items():
        monkeypatch.setenv(name, value)
    assert sharing() == Sharing()


def test_the_page_on_shared_servers_lists_what_can_be_allowed():
    text = (ROOT / "docs" / "shared-server.md").read_text("utf-8")
    assert tuple(re.findall(r"^\| `(\w+)` \|", text, flags=re.MULTILINE)) == SORTS
    options = {f"--{name.rstrip('_').replace('_', '-')}" for name in inspect.signature(screen.app).parameters}
    commands = [line for block in blocks(ROOT / "docs" / "shared-server.md", "sh") for line in block.code.splitlines()]
    assert len(commands) >= 4
    own = [line for line in commands if line.startswith("fairprog app")]
    assert {word for line in own for word in line.split() if word.startswith("--")} <= options
    assert all(mark in text for mark in ("FOLDERS", "ADDRESSES", "HUB", "CODE"))


MODELS = {
    "code": ["factory:os:getcwd", "model.pt", "/x/model.PT2", "model.torchscript", "../model.jit"],
    "hub": ["google/vit-base", "who"],
    "folders": ["/x/model", "./model"],
}


@pytest.mark.parametrize(("sort", "value"), [(sort, value) for sort, values in MODELS.items() for value in values])
def test_model_of_pictures_is_open_by_what_its_text_names(sort, value):
    options = ImageModelOptions(model=value)
    others = frozenset(set(SORTS) - {sort})
    for allowed in (frozenset(), others):
        with pytest.raises(ConfigError, match="owner of this shared server"):
            Sharing(is_shared=True, allowed=allowed).check(options)
    Sharing(is_shared=True, allowed=frozenset({sort})).check(options)


@pytest.mark.parametrize("value", ["timm:resnet18", "torchvision:resnet50"])
def test_net_of_a_library_names_nothing_of_the_server(value):
    CLOSED.check(ImageModelOptions(model=value))
    assert not names_something(ImageModelOptions(model=value))
    with pytest.raises(ConfigError, match="weights names a folder or file"):
        CLOSED.check(ImageModelOptions(model=value, weights="/x/w.safetensors"))


def test_program_needs_leave_on_the_owners_own_page_too():
    for value in MODELS["code"]:
        with pytest.raises(ConfigError, match="--allow code") as refused:
            Sharing().check(ImageModelOptions(model=value))
        assert len(str(refused.value)) <= 300
        Sharing(allowed=frozenset({"code"})).check(ImageModelOptions(model=value))
    for value in (*MODELS["hub"], *MODELS["folders"], "timm:resnet18"):
        Sharing().check(ImageModelOptions(model=value))


def test_uploaded_program_is_code_and_an_unpacked_model_is_an_upload(home, monkeypatch):
    monkeypatch.setenv("FAIRPROG_HOME", str(home.path))
    folder = home.uploads / ("0" * 32)
    (folder / UNPACKED).mkdir(parents=True)
    (folder / "model.pt").write_bytes(b"x")
    with pytest.raises(ConfigError, match="names code"):
        CLOSED.check(ImageModelOptions(model=str(folder / "model.pt")))
    CLOSED.check(ImageModelOptions(model=str(folder / UNPACKED)))
    for other in (folder, folder / "gone", folder / UNPACKED / "..", home.path):
        with pytest.raises(ConfigError, match="names a folder"):
            CLOSED.check(ImageModelOptions(model=str(other)))
