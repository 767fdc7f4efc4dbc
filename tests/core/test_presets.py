"""Studies by name, from files, and with single values set."""

import json
from pathlib import Path

import pytest

from fairprog_core.common.errors import ConfigError
from fairprog_core.data import DATASETS
from fairprog_core.study import Study
from fairprog_core.study.load import is_series, load_studies, load_study, load_study_of, presets, series


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
        ("studies = 5", "studies: found 5; allowed is a list of names"),
        ("studies = []", r"studies: found \[\]; allowed is a list of names"),
        ('studies = [{name = "a", set = [1]}]', "found .*; allowed are names and tables of name and set"),
        ('studies = [{name = "a", set = 1}]', "found .*; allowed are names and tables of name and set"),
        ("studies = [{name = 5, set = []}]", "name: .*valid string .found 5"),
        (f"studies = ['{'x' * 300}']", "no preset 'xxx"),
        (f"studies = ['{'x' * 300}.toml']", "cannot be used: a name in it has 305 bytes"),
        ('studies = ["a\\u0000.toml"]', "cannot be used: it holds a null character"),
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
        (f"seeds = [{'9' * 5000}]", "not valid TOML: Exceeds the limit"),
        (f"seeds = [0x{'f' * 5000}]", "not valid TOML: an integer has more than 64 bits"),
        (f"seeds = {'[' * 3000}{']' * 3000}", "not valid TOML: tables and lists are nested more than 32 deep"),
        (f"{'a.' * 100}a = 1", "not valid TOML: tables and lists are nested more than 32 deep"),
        ("name = 2020-01-01", "not valid TOML: 2020-01-01 is a date"),
        (f"name = '{'x' * 5000}'", "name: .*at most 80 characters .found 'xxx"),
        (f"{'x' * 5000} = 1", "there is no such key"),
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
        ("#=1", "not of the form"),
        ("[a]\nb=1", "not of the form"),
        ('seeds.2."a b"=1', "from 0 to 0"),
        ('seeds.0."a b"=1', "0: is a single value|'0' is a single value"),
        ("transfer.0.name=x", "leads into an empty list"),
        (f"triggers.{'9' * 5000}.photo=1", "from 0 to 0"),
        (f"seeds={'9' * 5000}", "seeds.0: .*as an integer, exceeded maximum size"),
        (f"seeds=0x{'f' * 5000}", "seeds.0: .*valid integer"),
        (f"seeds={'[' * 3000}{']' * 3000}", "seeds.0: .*valid integer"),
        (f"{'a.' * 3000}a=1", "not of the form"),
        (f"{'a' * 3000}=1", "there is no such key"),
        ("seeds=2020-01-01", "seeds.0: .*valid integer"),
        ("name=a\x1b[2J", "a name must not hold control characters .found 'a.x1b"),
    ],
)
def test_bad_override_is_one_sentence(override: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as caught:
        load_study("faces-quick", [override])
    assert len(str(caught.value)) <= 300


def test_study_that_is_no_text_says_so(tmp_path: Path) -> None:
    file = tmp_path / "study.toml"
    file.write_bytes(b"\x89PNG\r\n\x1a\n\x9f")
    with pytest.raises(ConfigError, match="study.toml is not a text file in UTF-8; give a TOML or JSON file"):
        load_study(file)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("9" * 5000, "not valid JSON: Exceeds the limit"),
        ("[" * 3000 + "]" * 3000, "not valid JSON: tables and lists are nested more than 32 deep"),
        ('{"name": "\\ud800"}', "not valid JSON: .*surrogates not allowed"),
        ("[1]", "holds no table"),
        ('{"schema": "fairprog.study/1", "study": 5}', "holds no table"),
    ],
)
def test_bad_json_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(ConfigError, match=sentence):
        load_studies(tmp_path / "a.json")


def test_file_without_an_end_is_refused() -> None:
    with pytest.raises(ConfigError, match="/dev/zero is longer than 64 million characters"):
        load_study("/dev/zero")


def test_series_that_multiplies_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for i in range(11):
        (tmp_path / f"{i}.toml").write_text(f'studies = ["{i + 1}.toml", "{i + 1}.toml"]')
    (tmp_path / "11.toml").write_text('name = "a"')
    with pytest.raises(ConfigError, match="0.toml holds more than 1000 studies"):
        load_studies("0.toml")


def test_chain_of_series_is_refused_where_it_is_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for i in range(40):
        (tmp_path / f"{i}.toml").write_text(f'studies = ["{i + 1}.toml"]')
    (tmp_path / "40.toml").write_text('name = "a"')
    assert [study.name for study in load_studies("10.toml")] == ["a"]
    with pytest.raises(ConfigError, match="32.toml: series name series more than 32 deep"):
        load_studies("0.toml")


@pytest.mark.parametrize("kind", DATASETS)
def test_study_of_a_data_set_is_what_suits_it(kind: str) -> None:
    study = load_study_of(kind, ["dataset.seed=3"])
    assert (study.dataset.kind, study.dataset.seed) == (kind, 3)
    assert study == Study.parse({"dataset": {"kind": kind, "seed": 3}})


def test_a_date_behind_set_is_text() -> None:
    assert load_study("faces-quick", ["name=2020-01-01"]).name == "2020-01-01"
