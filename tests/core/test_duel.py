"""Duels of finished curves, from studies whose rates are known."""

import json
from dataclasses import replace

import pytest

from fairprog_core.cli import main
from fairprog_core.cli.terminal.console import figures_table
from fairprog_core.common.errors import ArtifactError, ConfigError, DataError
from fairprog_core.results.head_to_head import candidates, head_to_head
from fairprog_core.results.result import Result
from fairprog_core.results.summary import main_figures
from tests.core.known_rates import GAP, METHODS, write_duel


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_duel(tmp_path_factory.mktemp("runs") / "one")


@pytest.fixture(scope="module")
def found(folder):
    return candidates({"one": Result.open(folder)})


def test_curves_that_differ_by_seed_are_one_contender(found):
    assert [each.key for each in found] == [
        "one:reprogram-border-equalized_odds", "one:last_layer-equalized_odds", "one:leace-equalized_odds",
    ]  # fmt: skip
    assert [[curve.seed for curve in each.curves] for each in found] == [[0, 1]] * 3


def test_contenders_are_asked_for_by_criterion(folder):
    assert candidates({"one": Result.open(folder)}, criterion="demographic_parity") == []


def test_most_frequent_label_is_no_contender(tmp_path):
    folder = write_duel(tmp_path / "one", methods={"majority": [(0.0, 0.0)], "leace": [(0.79, 0.59)]}, seeds=(0,))
    assert [each.key for each in candidates({"one": Result.open(folder)})] == ["one:leace-equalized_odds"]


def test_base_and_majority_equal_numbers_by_hand(found):
    """AAOD ½·(.4 + .15) = .275; accuracy (.95 + .80 + .80 + .40)/4 = .7375; even labels: majority .5."""
    judged = head_to_head(found)
    assert (judged["gap"], judged["n"]) == (GAP, 800)
    assert judged["base"]["gap"] == pytest.approx(0.275)
    assert judged["base"]["accuracy"] == pytest.approx(0.7375)
    assert judged["majority"] == pytest.approx(0.5)
    assert judged["base"]["noise_gap"] == found[0].result.base.noise_gap.get(GAP)


def test_hypervolume_equals_number_by_hand(found):
    """last_layer, seed 0: (.80, .45) has AAOD .25 and accuracy .75, (.78, .50) .215 and .7575: the second beats it.

    Area (.7575 − .5)·(.275 − .215) = .01545. Seed 1 has women at .01 less: AAOD .21, accuracy .755: .016575.
    """
    judged = head_to_head(found)["contenders"][1]
    assert judged["hypervolume"]["value"] == pytest.approx((0.01545 + 0.016575) / 2, abs=1e-5)
    assert (judged["seeds"], judged["seconds"], judged["n_parameters"]) == ([0, 1], 20.0, 66)


def test_gap_at_matched_accuracy_is_none_where_no_point_reaches(found):
    """All of leace is as accurate as the base: its smallest gap, .11 and .105 by seed, counts at every loss."""
    leace = head_to_head(found, losses=(0.0, 0.05))["contenders"][2]
    assert [at["value"] for at in leace["at_loss"]] == pytest.approx([0.1075, 0.1075])
    far = head_to_head(found, losses=(-0.5,))["contenders"][2]["at_loss"][0]
    assert far == {"value": None, "ci": None}


def test_gap_at_matched_accuracy_has_the_interval_of_its_point(folder):
    """With one seed the very interval that the point has on Trade-off."""
    (leace,) = [each for each in candidates({"one": Result.open(folder)}) if each.curves[0].method == "leace"]
    one = replace(leace, curves=leace.curves[:1])
    judged = head_to_head([one])["contenders"][0]["at_loss"][-1]
    points = one.points(one.curves[0])
    best = min(points, key=lambda point: point.metric(GAP).value)
    assert (judged["value"], judged["ci"]) == (best.metric(GAP).value, list(best.metric(GAP).ci))


def test_gaps_get_no_verdict_where_a_cell_has_too_few_rows(folder, monkeypatch):
    monkeypatch.setattr("fairprog_core.metrics.point.MIN_INTERVAL_ROWS", 10_000)
    judged = head_to_head(candidates({"one": Result.open(folder)}))
    assert judged["base"]["few_rows"]["n"] < 10_000
    of_last_layer = judged["contenders"][1]["difference"]
    assert {(at["verdict"], at["ci"]) for at in of_last_layer["at_loss"]} == {("not estimable", None)}
    assert of_last_layer["hypervolume"]["verdict"] == "worse"


def test_verdicts_follow_from_paired_intervals(found):
    """The border is far better than the last layer; LEACE does what the border does but for .01 of TPR."""
    judged = head_to_head(found)
    border, last_layer, leace = judged["contenders"]
    assert border["difference"] is None
    assert last_layer["difference"]["hypervolume"]["verdict"] == "worse"
    assert last_layer["difference"]["hypervolume"]["ci"][1] < 0
    assert [at["verdict"] for at in last_layer["difference"]["at_loss"]] == ["worse"] * 4
    assert leace["difference"]["hypervolume"]["value"] == pytest.approx(
        leace["hypervolume"]["value"] - border["hypervolume"]["value"]
    )
    turned = head_to_head(found, against=1)["contenders"][0]["difference"]["hypervolume"]
    assert turned["verdict"] == "better"
    assert turned["value"] == pytest.approx(-last_layer["difference"]["hypervolume"]["value"])


def test_time_of_the_one_compared_with_is_the_budget(found):
    """10 s for the border, 20 s for the last layer: in 10 s there is nothing yet of the latter."""
    judged = head_to_head(found)
    assert judged["within"] == 10
    assert judged["contenders"][1]["within"]["value"] == 0
    assert head_to_head(found, within=20)["contenders"][1]["within"] == judged["contenders"][1]["hypervolume"]


def test_points_trained_one_by_one_come_one_by_one(tmp_path):
    """Separate trainings for three λ in 10 s: after 7 s there are two of them."""
    folder = write_duel(tmp_path / "separate", mode="separate", seeds=(0,))
    found = candidates({"one": Result.open(folder)})[:1]
    whole, part, nothing = (head_to_head(found, within=s)["contenders"][0]["within"]["value"] for s in (10, 7, 3))
    assert whole > part > nothing == 0


def test_weights_trained_against_a_discriminator_come_one_by_one_in_every_mode(tmp_path):
    """AdvPost is trained once per λ in any study: after 7 of 10 s there are two of three points."""
    folder = write_duel(tmp_path / "one", methods={"adv_post": [(0.8, 0.5), (0.8, 0.6), (0.8, 0.7)]}, seeds=(0,))
    found = candidates({"one": Result.open(folder)})
    whole, part, nothing = (head_to_head(found, within=s)["contenders"][0]["within"]["value"] for s in (10, 7, 3))
    assert whole > part > nothing == 0


def test_gap_that_too_few_rows_tell_is_refused(folder, monkeypatch):
    monkeypatch.setattr("fairprog_core.metrics.fairness.estimable.__kwdefaults__", {"min_rows": 201})
    with pytest.raises(DataError, match="cannot be estimated on these 800 test rows"):
        head_to_head(candidates({"one": Result.open(folder)}))


def test_two_studies_of_the_same_rows_can_meet(folder, tmp_path):
    """The single point is nearest to the border's at λ = 2 in accuracy, and has a gap of .215 instead of .1."""
    other = write_duel(tmp_path / "other", methods={"output_shift": [(0.90, 0.62)]}, seeds=(0,))
    found = candidates({"one": Result.open(folder), "two": Result.open(other)})
    judged = head_to_head(found)
    assert [each["run"] for each in judged["contenders"]] == ["one", "one", "one", "two"]
    assert judged["contenders"][3]["difference"]["hypervolume"]["verdict"] == "worse"


def test_point_as_accurate_as_the_base_is_not_better_than_a_curve_that_dominates_it(folder, tmp_path):
    """The border's point nearest to (.75, .45) is λ = 0, whose area is 0; its others have a smaller gap."""
    other = write_duel(tmp_path / "other", methods={"output_shift": [(0.75, 0.45)]}, seeds=(0,))
    judged = head_to_head(candidates({"one": Result.open(folder), "two": Result.open(other)}))
    difference = judged["contenders"][3]["difference"]
    assert difference["n_lams"] == 1
    assert difference["hypervolume"]["value"] > 0 > difference["hypervolume"]["ci"][0]
    assert difference["hypervolume"]["verdict"] == "cannot tell"


def test_one_seed_of_a_method_that_learns_gives_no_verdict(tmp_path):
    methods = {"reprogram-border": METHODS["reprogram-border"], "adv_post": METHODS["last_layer"],
               "last_layer": METHODS["last_layer"], "leace": METHODS["leace"]}  # fmt: skip
    found = candidates({"one": Result.open(write_duel(tmp_path / "one", methods=methods, seeds=(0,)))})
    for each in head_to_head(found)["contenders"][1:]:
        difference = each["difference"]
        said = {difference["hypervolume"]["verdict"], *(at["verdict"] for at in difference["at_loss"])}
        assert said == {"one seed: cannot say"}
        assert difference["hypervolume"]["ci"] is not None
    exact = head_to_head(found, against=3)["contenders"]
    assert [each["depends_on_seed"] for each in exact] == [True, True, False, False]
    assert exact[2]["difference"]["hypervolume"]["verdict"] == "worse"


def test_exact_method_depends_on_the_seed_where_its_rows_do(tmp_path):
    methods = {"last_layer@0.05": METHODS["last_layer"], "leace": METHODS["leace"]}
    found = candidates({"one": Result.open(write_duel(tmp_path / "one", methods=methods, seeds=(0,)))})
    assert [each.depends_on_seed for each in found] == [True, False]
    assert head_to_head(found)["contenders"][1]["difference"]["hypervolume"]["verdict"] == "one seed: cannot say"


def test_exact_method_with_one_seed_is_compared_with_every_seed_of_another(folder, tmp_path):
    """One seed of LEACE in another run: the border's two seeds are both compared with it."""
    other = write_duel(tmp_path / "other", methods={"leace": METHODS["leace"]}, seeds=(0,))
    judged = head_to_head(candidates({"one": Result.open(folder), "two": Result.open(other)}))
    border, leace = judged["contenders"][0], judged["contenders"][3]
    assert (leace["seeds"], leace["difference"]["n_seeds"], leace["difference"]["n_lams"]) == ([0], 2, 2)
    assert (border["n_lams"], leace["n_lams"]) == (3, 2)
    assert "one seed" not in leace["difference"]["hypervolume"]["verdict"]


def test_studies_of_other_rows_or_another_base_are_refused(folder, tmp_path):
    other = write_duel(tmp_path / "other", row_seed=1, seeds=(0,))
    found = candidates({"one": Result.open(folder), "two": Result.open(other)})
    with pytest.raises(DataError, match="another base"):
        head_to_head(found)


def test_duel_of_nobody_is_refused():
    with pytest.raises(ConfigError, match="at least one"):
        head_to_head([])


def test_missing_predictions_are_named(tmp_path):
    folder = write_duel(tmp_path / "broken", seeds=(0,))
    next(folder.glob("curves/leace*/*.parquet")).unlink()
    with pytest.raises(ArtifactError, match="missing"):
        head_to_head(candidates({"one": Result.open(folder)}))


def test_command_prints_a_table(folder, home, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["runs", "compare", str(folder), "--against", "last_layer"])
    out = capsys.readouterr().out
    assert ended.value.code == 0
    assert "against last layer" in out
    assert "better" in out


def test_command_has_the_noise_beside_the_gaps_that_do_not_exceed_it(tmp_path, home, capsys):
    folder = write_duel(tmp_path / "one", seeds=(0,))
    result = Result.open(folder)
    for limit, is_said in ((0.001, False), (0.9, True)):
        replace(result, base=replace(result.base, noise_gap={GAP: limit})).save()
        with pytest.raises(SystemExit):
            main(["runs", "compare", str(folder)])
        _, _, table = capsys.readouterr().out.partition("Hypervolume")  # the title has the noise beside the base's gap
        assert ("alone" in table) == is_said


def test_main_figures_have_the_noise_beside_the_gap_of_the_base(folder):
    """The gap of the base is .275."""
    result = Result.open(folder)
    noisy = replace(result, base=replace(result.base, noise_gap={GAP: 0.9}))
    for each, told in ((result, "0.275 → "), (noisy, "0.275 (noise alone: 0.900) → ")):
        table = figures_table(main_figures(each))
        (gaps,) = (column for column in table.columns if column.header == "Gap")
        assert all(str(cell).startswith(told) for cell in gaps.cells)


def test_command_prints_json_of_chosen_curves(folder, home, capsys):
    with pytest.raises(SystemExit):
        main(["runs", "compare", str(folder), "--curve", "leace", "--curve", "border", "--json"])
    judged = json.loads(capsys.readouterr().out)
    assert [each["method"] for each in judged["contenders"]] == ["reprogram", "leace"]


def test_command_takes_a_name_for_a_folder(folder, home, capsys):
    with pytest.raises(SystemExit):
        main(["runs", "compare", f"mine={folder}", "--json", "--curve", "mine:leace"])
    assert [each["key"] for each in json.loads(capsys.readouterr().out)["contenders"]] == ["mine:leace-equalized_odds"]


def test_command_with_a_whole_key_means_that_curve_alone(tmp_path, home, capsys):
    methods = {"last_layer@0.05": [(0.78, 0.5)], "last_layer": [(0.8, 0.45)], "leace": [(0.79, 0.59)]}
    folder = write_duel(tmp_path / "shares", methods=methods, seeds=(0,))
    whole = "R:last_layer-equalized_odds"
    with pytest.raises(SystemExit):
        main(["runs", "compare", f"R={folder}", "--json", "--curve", whole, "--curve", "leace", "--against", whole])
    judged = json.loads(capsys.readouterr().out)
    assert [each["key"] for each in judged["contenders"]] == [whole, "R:leace-equalized_odds"]
    assert judged["against"] == whole
    with pytest.raises(SystemExit):
        main(["runs", "compare", f"R={folder}", "--json", "--against", whole])
    assert json.loads(capsys.readouterr().out)["against"] == whole


@pytest.mark.parametrize(
    ("wish", "says"), [(["--curve", "nobody"], "No curve is left"), (["--against", "nobody"], "None of the curves")]
)
def test_command_with_an_unknown_curve_says_so(folder, home, capsys, wish, says):
    with pytest.raises(SystemExit) as ended:
        main(["runs", "compare", str(folder), *wish])
    assert ended.value.code == 2
    assert says in capsys.readouterr().err
