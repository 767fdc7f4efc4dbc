"""Studies by name, from files, and with single values set."""

import json
from pathlib import Path

import pytest

from fairprog_core.common.errors import ConfigError
from fairprog_core.study import Study
from fairprog_core.study.load import is_series, load_studies, load_study, presets, series


@pytest.mark.parametrize("name", presets())
def test_preset_is_a_valid_study_of_its_name_with_a_description(name: str) -> None:
    assert load_study(name).name == name
    assert len(presets()[name]) > 20


@pytest.mark.parametrize("name", series())
def test_series_is_made_of_valid_studies_of_different_names(name: str) -> None:
    names = [study.name for study in load_studies(name)]
    assert len(set(names)) == len(names) > 1
    assert is_series(name)
    assert len(series()[name]) > 20
    with pytest.raises(ConfigError, match=f"preset {name} is a series of studies; `fairprog run {name}` runs all"):
        load_study(name)


def test_series_sets_values_in_each_study_after_its_own(tmp_path: Path) -> None:
    file = tmp_path / "two.toml"
    file.write_text(
        'seeds = [3]\nstudies = ["faces-quick", {name = "a", set = ["dataset.target=wavy", "base_seed=1"]}]\n'
        '[dataset]\nkind = "faces"\nseed = 5\n'
    )
    quick, own = load_studies(file, ["base_seed=2"])
    assert (quick.name, quick.seeds, quick.base_seed) == ("faces-quick", (0,), 2)
    assert (own.name, own.seeds, own.base_seed) == ("a", (3,), 2)
    assert (own.dataset.target, own.dataset.seed) == (("wavy",), 5)
    assert [study.name for study in load_studies("faces")] == ["faces"]
    assert not is_series("faces")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('studies = ["SELF"]', "names the series itself"),
        ("studies = [3]", "found 3; allowed are names and tables"),
        ('studies = [{name = "a", set = ["nane=1"]}]', "a: nane: there is no such key"),
        ('studies = ["fases"]', "no preset 'fases'"),
    ],
)
def test_bad_series_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(text.replace("SELF", str(file)))
    with pytest.raises(ConfigError, match=sentence):
        load_studies(file)


def test_faces_covers_both_triggers_and_criteria_with_three_seeds() -> None:
    study = load_study("faces")
    assert [trigger.kind for trigger in study.triggers] == ["border", "patch"]
    assert [criterion.kind for criterion in study.criteria] == ["equalized_odds", "demographic_parity"]
    assert [study.max_accuracy_loss(criterion) for criterion in study.criteria] == [0.03, 0.06]
    assert study.seeds == (0, 1, 2)


def test_faces_quick_trains_on_the_rows_of_faces() -> None:
    quick, full = load_study("faces-quick").dataset.to_json(), load_study("faces").dataset.to_json()
    for key in ("n_tune", "n_val", "n_test"):
        assert quick.pop(key) < full.pop(key)
    assert quick == full
    assert load_study("faces-quick").classifier == load_study("faces").classifier


def test_unknown_preset_lists_what_there_is() -> None:
    with pytest.raises(
        ConfigError, match=r"no preset 'fases'; there are .*faces, .*faces-quick.* Did you mean faces\?"
    ):
        load_study("fases")


def test_file_is_read_as_toml_json_or_result(tmp_path: Path) -> None:
    study = load_study("faces-quick")
    (tmp_path / "a.toml").write_text('name = "mine"\ndataset = "faces"\ntriggers = ["border", "patch"]\n')
    (tmp_path / "a.json").write_text(json.dumps(study.to_json()))
    (tmp_path / "result.json").write_text(json.dumps({"schema": "fairprog.study/1", "study": study.to_json()}))
    assert [trigger.kind for trigger in load_study(tmp_path / "a.toml").triggers] == ["border", "patch"]
    assert load_study(str(tmp_path / "a.json")) == study
    assert load_study(tmp_path / "result.json") == study


def test_study_that_names_only_a_data_set_is_complete(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('[dataset]\nkind = "faces"\n')
    assert load_study(tmp_path / "a.toml") == Study()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name = ", "not valid TOML"),
        ('nane = "x"', "nane: there is no such key"),
        ("[budget]\nsteps = 0", "budget.steps: .* greater than or equal to 1 .found 0"),
    ],
)
def test_bad_file_is_one_sentence_that_names_it(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(ConfigError, match=sentence) as caught:
        load_study(tmp_path / "a.toml")
    assert "a.toml" in str(caught.value)


def test_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load_study(tmp_path / "a.toml")


@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("classifier.source=train", ("classifier", "source"), "train"),
        ("dataset.seed=7", ("dataset", "seed"), 7),
        ("dataset.p_male=.5", ("dataset", "p_male"), 0.5),
        ("seeds=0,1", ("seeds",), [0, 1]),
        ("seeds=[4]", ("seeds",), [4]),
        ("seeds=4", ("seeds",), [4]),
        ("budget.seconds=2.5", ("budget", "seconds"), 2.5),
        ("budget.seconds=", ("budget", "seconds"), None),
        ("explain.probe=false", ("explain", "probe"), False),
        ("triggers.0.photo=0.5", ("triggers", 0, "photo"), 0.5),
        ("criteria=demographic_parity", ("criteria", 0, "kind"), "demographic_parity"),
        ("triggers=frame,patch", ("triggers", 1, "kind"), "patch"),
        ("triggers.0.kind=patch", ("triggers", 0, "kind"), "patch"),
        ("classifier=hybrid", ("classifier", "kind"), "hybrid"),
        ("classifier.kind=hybrid", ("classifier", "kind"), "hybrid"),
        ('name="one, two=three"', ("name",), "one, two=three"),
        (
            'lam.per."patch.equalized_odds"={low=1, high=10, grid=[1]}',
            ("lam", "per", "patch.equalized_odds", "high"),
            10.0,
        ),
        ("lam.grid=0,1,4", ("lam", "grid"), [0.0, 1.0, 4.0]),
        ("mode=separate", ("mode",), "separate"),
    ],
)
@pytest.mark.parametrize("base", ["written out", "left out"])
def test_override_sets_one_value(override: str, path: tuple[str | int, ...], value: object, base: str) -> None:
    found = load_study(load_study("faces-quick") if base == "written out" else "faces-quick", [override]).to_json()
    for part in path:
        found = found[part]  # type: ignore[index]
    assert found == value


def test_override_of_a_kind_drops_options_of_the_old_one_but_not_those_set_with_it() -> None:
    study = load_study(Study(), ["classifier.epochs=3", "classifier.kind=hybrid"])
    assert study.classifier.to_json()["kind"] == "hybrid"
    assert study.classifier.to_json()["epochs"] == 3
    with pytest.raises(ConfigError, match="pool"):
        load_study(Study(), ["classifier.kind=hybrid", "classifier.pool=max"])


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("classifier.source", "not of the form"),
        ("=3", "not of the form"),
        ("a b=3", "not of the form"),
        ("triggers.3.photo=1", "from 0 to 0"),
        ("budget.steps.more=1", "single value"),
        ("budget.stepz=1", "budget.stepz: there is no such key"),
        ("budget.steps=many", "budget.steps: .* valid integer"),
        ("classifier=nothing", "classifier: .*residual_net"),
    ],
)
def test_bad_override_is_one_sentence(override: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        load_study("faces-quick", [override])


def test_study_that_is_no_text_says_so(tmp_path: Path) -> None:
    file = tmp_path / "study.toml"
    file.write_bytes(b"\x89PNG\r\n\x1a\n\x9f")
    with pytest.raises(ConfigError, match="study.toml is not a text file in UTF-8; give a TOML or JSON file"):
        load_study(file)
