"""``fairprog check``: what an interval says of a bound, and the exit codes on the shipped study and on predictions."""

import json
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from fairprog_core.api.checking.bounds import Bound, largest, smallest
from fairprog_core.api.checking.files import junit_xml, markdown
from fairprog_core.api.checking.judge import Judgement, judge_result, overall
from fairprog_core.cli import main
from fairprog_core.common.errors import ConfigError
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.results.result import Result
from fairprog_core.results.run_folder import shipped_demos

BORDER = "reprogram-border-equalized_odds-s0"


@pytest.fixture
def ended(capsys):
    """Runs the command line; exit code, stdout and stderr."""

    def call(*arguments):
        with pytest.raises(SystemExit) as stopped:
            main(["check", *map(str, arguments)])
        return (stopped.value.code or 0, *capsys.readouterr())

    return call


@pytest.fixture(scope="module")
def demo():
    return Result.open(shipped_demos()["demo"])


@pytest.mark.parametrize(
    ("ci", "most", "least"),
    [
        ((0.01, 0.05), "kept", "open"),
        ((0.01, 0.06), "open", "open"),
        ((0.051, 0.06), "broken", "kept"),
        ((0.05, 0.06), "open", "kept"),
        ((0.0, 0.049), "kept", "broken"),
        (None, "open", "open"),
    ],
)
def test_the_whole_interval_decides(ci, most, least):
    found = Estimate(0.04, ci)
    assert Bound("accuracy", 0.05, is_most=True).judge(found) == most
    assert Bound("accuracy", 0.05, is_most=False).judge(found) == least


def test_what_cannot_be_estimated_is_open():
    assert Bound("accuracy", 0.05, is_most=True).judge(Estimate(None, None)) == "open"


def test_bounds_as_they_are_written():
    assert largest("equalized_odds=.05") == Bound(
        "average_abs_odds_difference", 0.05, is_most=True, criterion="equalized_odds"
    )
    assert largest("demographic_parity=0.1").metric == "demographic_parity_difference"
    assert largest("paper_eo=1") == Bound("paper_eo", 1.0, is_most=True)
    assert smallest(".88") == Bound("accuracy", 0.88, is_most=False)
    assert smallest("worst_group_accuracy=0.5") == Bound("worst_group_accuracy", 0.5, is_most=False)
    assert str(smallest("auc=.9")) == "auc ≥ 0.9"


@pytest.mark.parametrize("text", [
    "", "=", "equalized_odds", "equalized_odds=", "equalized_odds=5 %", "accuracy=.1", "equalized_odds=nan",
    "equalized_odds=-.1", "equalized_odds=1.1", "frob=.1",
])  # fmt: skip
def test_other_gaps_are_refused(text):
    with pytest.raises(ConfigError, match="--max-gap"):
        largest(text)


@pytest.mark.parametrize("text", ["", "=", "x", "equalized_odds=.1", "paper_eo=.1", "inf", "auc="])
def test_other_least_values_are_refused(text):
    with pytest.raises(ConfigError, match="--min-accuracy"):
        smallest(text)


def test_a_criterion_is_asked_of_its_curves(demo):
    criteria = {curve.key: curve.criterion for curve in demo.curves}
    of_criterion = judge_result(demo, [largest("equalized_odds=.05"), smallest(".8")])
    assert {criteria[each.subject] for each in of_criterion} == {"equalized_odds"}
    of_metric = judge_result(demo, [largest("average_abs_odds_difference=.05")])
    assert [each.subject for each in of_metric] == list(criteria)
    named = judge_result(demo, [largest("equalized_odds=.05")], curve="border")
    assert [each.subject for each in named] == [BORDER]
    other = "reprogram-border-demographic_parity-s0"
    assert [each.subject for each in judge_result(demo, [largest("equalized_odds=.05")], curve=other)] == [other]


def test_judgement_has_the_base_and_the_controls_beside_it(demo):
    (judged,) = judge_result(demo, [largest("equalized_odds=.08")], curve=BORDER)
    curve = next(each for each in demo.curves if each.key == BORDER)
    assert judged.found == demo.chosen_point(curve).metric(curve.gap)
    assert (judged.lam, judged.n) == (curve.chosen_lam, demo.base.n)
    assert judged.beside["base"] == demo.base.metric(curve.gap)
    assert judged.beside.keys() == {"base", *demo.controls_of(curve)}


@pytest.mark.parametrize(("bound", "verdict", "code"), [(0.08, "kept", 0), (0.2, "kept", 0), (0.05, "open", 3)])
def test_exit_codes_of_the_shipped_study(ended, bound, verdict, code):
    found, out, _ = ended("demo", "--max-gap", f"equalized_odds={bound}", "--curve", BORDER)
    assert found == code
    assert out.startswith(f"{verdict:>6}  average_abs_odds_difference ≤ {bound:g}: 0.032 [0.000, 0.063] at λ = 2, base")


def test_one_broken_bound_outweighs_an_open_one(ended):
    code, out, _ = ended("demo", "--max-gap", "equalized_odds=.05", "--min-accuracy", ".95")
    assert code == 1
    assert [line.split()[0] for line in out.splitlines()] == ["open", "open", "broken", "broken", "demo:"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("demo",), "No bound is given"),
        (("demo", "--max-gap", "x=1"), "names are equalized_odds"),
        (("demo", "--min-accuracy", ".8", "--curve", "hat"), "This run has no curve 'hat'"),
        (("nowhere", "--min-accuracy", ".8"), "nowhere"),
    ],
)
def test_bad_input_is_one_sentence(ended, home, arguments, sentence):
    code, out, err = ended(*arguments)
    assert (code, out) == (2, "")
    assert sentence in err


@pytest.fixture
def predictions(tmp_path):
    """Writes predictions of n rows, of which men get a yes more often by this much."""

    def write(unequal, *, n=4000, names="y_true,y_pred,sex"):
        random = np.random.default_rng(0)
        sex, truth = random.random(n) < 0.5, random.random(n) < 0.5
        said = random.random(n) < 0.1 + 0.8 * truth + unequal * sex * (1 - truth)
        rows = [f"{t:d},{p:d},{'man' if s else 'woman'}" for t, p, s in zip(truth, said, sex)]
        path = tmp_path / "predictions.csv"
        path.write_text("\n".join([names, *rows]), "utf-8")
        return path

    return write


@pytest.mark.parametrize(("unequal", "code"), [(0.0, 0), (0.4, 1), (0.1, 3)])
def test_predictions_are_judged(ended, predictions, unequal, code):
    """True gap: half of what the false positive rates differ by, 0, .2 and .05."""
    found, out, err = ended(predictions(unequal), "--max-gap", "equalized_odds=.05", "--min-accuracy", ".6")
    assert found == code
    assert out.splitlines()[-1].startswith("predictions.csv: ")
    assert err == "fairprog: label: y_true; prediction: y_pred; group: sex\n"


def test_named_columns_are_taken(ended, predictions):
    file = predictions(0.0, names="a,b,c")
    bound = ("--max-gap", "demographic_parity=.1")
    assert ended(file, *bound)[0] == 2  # nothing tells which of them is the prediction
    code, _, err = ended(file, *bound, "--label", "a", "--prediction", "b", "--group", "c")
    assert (code, err) == (0, "")


def test_files_for_a_build_server(ended, tmp_path):
    junit, summary = tmp_path / "check.xml", tmp_path / "check.md"
    arguments = ("demo", "--max-gap", "equalized_odds=.05", "--min-accuracy", ".95", "--curve", BORDER)
    code, out, _ = ended(*arguments, "--junit", junit, "--summary", summary, "--json")
    assert code == 1
    assert [each["verdict"] for each in json.loads(out)["bounds"]] == ["open", "broken"]
    suite = ET.parse(junit).getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "1")
    assert [case[0].tag for case in suite] == ["error", "failure"]
    assert [line.count(" | ") for line in summary.read_text("utf-8").splitlines()[2:]] == [6] * 4
    assert ended(*arguments, "--junit", junit, "--summary", summary)[0] == 1  # they replace their own


def test_hostile_names_stay_names():
    name = "</testsuite>\x1b[2J|`<b>*a*"
    judged = [Judgement(name, smallest(".5"), Estimate(0.9, (0.8, 0.95)), "kept", name, 10)]
    case = ET.fromstring(junit_xml(name, judged).encode())[0][0]
    assert case.get("classname") == name.replace("\x1b", "\\x1b")
    row = markdown(name, judged).splitlines()[-1]
    assert "<b>" not in row.replace("\\<b", "")
    assert "\x1b" not in row
    assert overall(judged) == "kept"


def test_an_error_that_is_no_verdict_does_not_end_with_one(ended, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("fairprog_core.cli.auditing.check.judge_result", broken)
    code, _, err = ended("demo", "--min-accuracy", ".5")
    assert code == 2
    assert "a bug" in err
