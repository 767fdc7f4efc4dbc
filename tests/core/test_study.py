import pytest

from fairprog_core.common.errors import ConfigError
from fairprog_core.common.lam_range import LamRange
from fairprog_core.methods import METHODS
from fairprog_core.study import Study
from fairprog_core.training.criteria import CRITERIA


def test_study_naming_only_a_data_set_runs() -> None:
    study = Study.parse({"dataset": {"kind": "faces"}})
    assert [plan.key for plan in study.plan()] == ["reprogram-border-equalized_odds-s0"]


def test_plan_has_a_curve_for_every_seed_trigger_and_criterion_seeds_first() -> None:
    study = Study.parse(
        {
            "seeds": [0, 1],
            "triggers": [{"kind": "border"}, {"kind": "patch"}],
            "criteria": [{"kind": "equalized_odds"}, {"kind": "demographic_parity"}],
        }
    )
    plans = study.plan()
    assert len(plans) == len({plan.key for plan in plans}) == 8
    assert [plan.seed for plan in plans] == [0] * 4 + [1] * 4


def test_every_share_of_the_tuning_data_has_a_curve_beside_the_whole_one() -> None:
    study = Study.parse({"seeds": [0, 1], "tuning_ratio": [0.05, 1.0]})
    assert [(plan.key, plan.tuning_ratio) for plan in study.plan()] == [
        ("reprogram-border-equalized_odds-t0.05-s0", 0.05), ("reprogram-border-equalized_odds-s0", 1.0),
        ("reprogram-border-equalized_odds-t0.05-s1", 0.05), ("reprogram-border-equalized_odds-s1", 1.0),
    ]  # fmt: skip


def test_criterion_may_have_steps_of_its_own() -> None:
    study = Study.parse(
        {
            "criteria": [{"kind": "equalized_odds"}, {"kind": "demographic_parity", "steps": 1000}],
            "budget": {"steps": 300, "validate_every": 60},
        }
    )
    assert [(plan.budget.steps, plan.budget.validate_every) for plan in study.plan()] == [(300, 60), (1000, 60)]
    assert study.budget.steps == 300


def test_second_trigger_of_a_kind_carries_its_number() -> None:
    study = Study.parse({"triggers": [{"kind": "patch"}, {"kind": "patch", "corner": "bottom right"}]})
    assert [plan.trigger_name for plan in study.plan()] == ["patch", "patch-2"]


def test_untrained_trigger_is_a_control_of_every_study() -> None:
    study = Study.parse({"methods": [{"kind": "reprogram"}]})
    assert [control.kind for control in study.controls()] == ["random_trigger"]


def test_lam_given_for_all_replaces_the_default_and_one_for_a_pair_replaces_both() -> None:
    pair = {"low": 1.0, "high": 4.0, "grid": [1.0, 4.0]}
    study = Study.parse({"lam": {"high": 12.0, "per": {"patch.equalized_odds": pair}}})
    assert study.lam.range_of("border", "equalized_odds").high == 12.0
    assert study.lam.range_of("patch", "equalized_odds") == LamRange.parse(pair)
    assert max(study.lam.range_of("border", "equalized_odds").grid) == 8.0


def test_grid_beyond_the_default_range_widens_the_range() -> None:
    assert Study.parse({"lam": {"grid": [1.0, 50.0]}}).lam.range_of("patch", "demographic_parity").high == 50.0


def test_default_ranges_follow_trigger_and_criterion() -> None:
    lam = Study().lam
    assert lam.range_of("border", "equalized_odds").high == 30
    assert lam.range_of("patch", "equalized_odds").high == 15
    assert lam.range_of("border", "demographic_parity") == lam.range_of("patch", "demographic_parity")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"triggers": [{"kind": "pach"}]}, r"triggers\.0: .*'pach'.*'border'"),
        ({"lam": {"grid": [4.0, 1.0]}}, "ascending order"),
        ({"lam": {"low": 3.0, "high": 1.0}}, r"low \(3\) must be below high \(1\)"),
        ({"seeds": [1, 1]}, "seeds names 1 twice"),
        ({"tuning_ratio": [0.1, 0.1]}, r"tuning_ratio names 0\.1 twice"),
        ({"tuning_ratio": [0.0]}, r"tuning_ratio \(0\) must be above 0 and at most 1"),
        ({"seeds": [-1]}, r"seeds \(-1\) must be from 0 to 2147483647"),
        ({"lam": {"per": {"bordr.equalized_odds": {}}}}, "'bordr.equalized_odds'; allowed are"),
        ({"lam": {"per": {"border.equalised_odds": {}}}}, "'border.equalised_odds'; allowed are"),
        ({"dataset": {"kind": ["faces", "celeba"]}}, "dataset"),
        ({"dataset": {"kind": "faces"}, "methods": [{"kind": ["reprogram"]}]}, r"methods\.0"),
        (
            {
                "dataset": {"kind": "comments"},
                "classifier": {"kind": "encoder", "tuned": True},
                "methods": [{"kind": "adv_in"}],
            },
            "adv_in trains new weights",
        ),
        ({"sedes": [1]}, "^my.toml: sedes: there is no such key; did you mean seeds.$"),
        (
            {"dataset": {"kind": "faces", "imagesize": 3}},
            "^my.toml: dataset.imagesize: there is no such key; did you mean image_size.$",
        ),
        (
            {"dataset": {"kind": "faces", "p_male": 7}},
            r"^my.toml: dataset.p_male: should be .* \(found 7\)\.$",
        ),  # and that is all
        ({"seeds": ["x"]}, r"^my.toml: seeds\.0: should be a valid integer.* \(found 'x'\)\.$"),
        ({"methods": []}, "^my.toml: methods: choose at least 1.$"),
        ({"lam": {"low": 50}}, r"^lam of border and equalized_odds: low \(50\) must be below high \(30\)\.$"),
        ({"lam": {"per": {"adv_in": {"low": -1}}}}, r"lam\.per\.adv_in\.low: should be greater than 0 \(found -1\)"),
        ({"budget": {"steps": 0}}, r"budget\.steps: .*greater than or equal to 1 \(found 0\)"),
    ],
)
def test_bad_value_gets_one_sentence_that_names_it(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        Study.parse(values, where="my.toml").plan()


def test_digest_changes_with_any_option_and_not_with_their_order() -> None:
    study = Study.parse({"name": "a", "base_seed": 1})
    assert study.digest() == Study.parse({"base_seed": 1, "name": "a"}).digest()
    assert study.digest() != Study.parse({"name": "a", "base_seed": 2}).digest()
    assert Study.parse(study.to_json()) == study


def test_method_without_a_trigger_has_one_curve_per_criterion_and_triggers_one_each() -> None:
    study = Study.parse(
        {
            "methods": [{"kind": "reprogram"}, {"kind": "last_layer"}],
            "triggers": [{"kind": "border"}, {"kind": "patch"}],
            "criteria": [{"kind": "equalized_odds"}, {"kind": "demographic_parity"}],
        }
    )
    assert [plan.key for plan in study.plan()] == [
        "reprogram-border-equalized_odds-s0", "reprogram-border-demographic_parity-s0",
        "reprogram-patch-equalized_odds-s0", "reprogram-patch-demographic_parity-s0",
        "last_layer-equalized_odds-s0", "last_layer-demographic_parity-s0",
    ]  # fmt: skip
    assert [plan.trigger_name for plan in study.plan()][-2:] == [None, None]


def test_lam_of_a_method_without_a_trigger_is_its_own_unless_it_is_given_for_it() -> None:
    given = {"low": 0.1, "high": 1.0, "grid": [0.5, 1.0]}
    per = {"leace.equalized_odds": given, "adv_post": {"low": 1.0, "high": 2.0, "grid": [2.0]}}
    methods = [{"kind": kind} for kind in ("leace", "adv_post", "output_shift")]
    study = Study.parse({"methods": methods, "lam": {"grid": [0.0, 50.0], "per": per}})
    own = METHODS["output_shift"].options.lam["equalized_odds"].grid
    assert [plan.lam.grid for plan in study.plan()] == [(0.5, 1.0), (2.0,), own]


@pytest.mark.parametrize("kind", METHODS)
def test_method_without_a_trigger_has_lam_values_for_every_criterion(kind: str) -> None:
    options = METHODS[kind].options
    assert options.uses_trigger or set(options.lam) == set(CRITERIA)


def test_methods_on_texts_begin_with_what_suits_texts() -> None:
    study = Study.parse({"dataset": {"kind": "comments"}, "methods": [{"kind": "adv_post", "steps": 7}]})
    assert study.methods[0].to_json()["discriminator_steps"] == 5
    assert study.methods[0].to_json()["steps"] == 7
