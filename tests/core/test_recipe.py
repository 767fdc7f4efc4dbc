"""Studies said as what is set on top of another one, and said again from that."""

import shlex
from pathlib import Path

import pytest

from fairprog_core.study import Study
from fairprog_core.study.load import load_study, presets
from fairprog_core.study.settings import changes, command, settings, shipped, to_toml


@pytest.mark.parametrize("preset", presets())
def test_every_shipped_study_can_be_said_from_every_preset_on_the_same_kind_of_data(preset: str) -> None:
    modality = load_study(preset).dataset.modality
    for name, study in shipped().items():
        if study.dataset.modality == modality:
            found = settings(study, preset)
            assert found is not None, name
            assert load_study(preset, [*found, f"name={name}"]) == study
            assert (found == ()) == (study.to_json() | {"name": preset} == load_study(preset).to_json())


def test_shipped_studies_are_the_presets_and_the_members_of_series() -> None:
    assert set(presets()) < set(shipped())
    assert shipped()["faces-multiclass-16"].dataset.target == ("blond", "smiling", "glasses", "wavy")


@pytest.mark.parametrize(
    "given",
    [
        ("dataset.n_test=19200", "seeds=0,1,2,3,4,5"),
        ("budget.steps=200", "seeds=[3]"),
        ("dataset.target=wavy",),
        ('dataset.target="blond, wavy"',),
        ("triggers=patch", "triggers.0.size=0.5"),
        ("triggers=border,patch", "lam.grid=0.0,1.0,2.5", "threads=2"),
        ("lam.per.border.low=0.5", "lam.per.border.high=4.0", "lam.per.border.grid=0.5,4.0"),
        ('lam.per."border.equalized_odds".low=0.5', 'lam.per."border.equalized_odds".high=4.0',
         'lam.per."border.equalized_odds".grid=[4.0]'),
        ("criteria.0.max_accuracy_loss=0.05",),
        ("explain.probe=false", "reuse=true"),
    ],
)  # fmt: skip
def test_what_was_set_is_found_again(given: tuple[str, ...]) -> None:
    study = load_study("faces-quick", given)
    assert set(settings(study, "faces-quick") or ()) == set(given)
    assert changes(study) == settings(study, "faces-quick")


def test_what_is_emptied_is_said_as_nothing() -> None:
    start = load_study("faces-quick", ["lam.grid=0.0,1.0", "threads=2"])
    assert settings(load_study(start, ["lam.grid=", "threads="]), start) == ("lam.grid=", "threads=")


def test_other_bases_are_said_in_one_line() -> None:
    study = load_study("faces-quick", ['transfer=[{classifier = "hybrid"}, {base_seed = 7, name = "another"}]'])
    (transfer,) = settings(study, "faces-quick") or ()
    assert transfer.startswith("transfer=[{kind = ")
    assert load_study("faces-quick", [transfer]) == study


def test_study_named_after_its_data_is_told_by_what_differs_from_what_suits_them() -> None:
    suited = Study.parse({"name": "celeba", "dataset": {"kind": "celeba"}})
    assert changes(suited) == ()
    assert changes(load_study(suited, ["seeds=0,1", "dataset.max_test=600"])) == ("dataset.max_test=600", "seeds=0,1")
    assert changes(load_study("faces-quick", ["name=mine", "seeds=0,1"])) == ()


@pytest.mark.parametrize("name", ["it's mine", " between ", "3", "a=b, c", 'say "no"', "λ\n"])
def test_command_names_the_study_and_survives_the_shell(name: str) -> None:
    assert command(load_study("faces-quick"), "faces-quick") == "fairprog run faces-quick"
    study = load_study("faces-quick", ['dataset.target="blond, wavy"']).model_copy(update={"name": name})
    words = shlex.split(command(study, "faces-quick") or "")
    assert words[:3] == ["fairprog", "run", "faces-quick"]
    assert words[3::2] == ["--set", "--set"]
    assert load_study(words[2], words[4::2]) == study


def test_what_cannot_be_set_is_not_said() -> None:
    """The hybrid as it usually is is the other base: with its kind alone the study would name one base twice."""
    other = 'transfer=[{classifier = {kind = "hybrid"}}]'
    study = load_study("faces-quick", [other, "classifier=hybrid", "classifier.epochs=3"])
    assert settings(study, "faces-quick") is None
    assert command(study, "faces-quick") is None


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_study_can_be_written_as_a_file_that_computes_the_same(name: str, tmp_path: Path) -> None:
    text = to_toml(shipped()[name])
    assert text is not None
    (tmp_path / "study.toml").write_text(text, "utf-8")
    assert load_study(tmp_path / "study.toml") == shipped()[name]


def test_study_that_toml_cannot_express_has_no_file() -> None:
    study = load_study("comments-quick", ["classifier.tuned_layers="])
    assert study.classifier.tuned_layers is None
    assert to_toml(study) is None
