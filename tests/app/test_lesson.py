"""The lesson: sentences of every language, the shipped studies' figures, the teacher's link."""

import base64
import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.components.lesson import bundle
from app.presenters.lesson import plan, portraits, rates, study
from app.wording.shared.languages import FIRST, languages
from fairprog_core.results.changed_examples import read_examples
from fairprog_core.results.result import Result
from tests.app.test_component_types import ScriptTypes, sent

DEMOS = Path(__file__).parents[2] / "assets" / "demo"
BRACES = re.compile(r"\{(\w+)\}")
USED = re.compile(r"""(?:say|list|has)\(\s*["`]([\w.]+)["`]""")


def leaves(table: object, place: str = "") -> Iterator[tuple[str, object]]:
    """Every sentence, list of sentences, or number of a table of tables, by its key with dots."""
    if isinstance(table, dict):
        for key, value in table.items():
            yield from leaves(value, f"{place}.{key}".lstrip("."))
    else:
        yield place, table


def names(value: object) -> list[set[str]]:
    """The names in braces of a sentence, or of each of several."""
    return [set(BRACES.findall(text)) for text in ([value] if isinstance(value, str) else value)]


@pytest.fixture(scope="module")
def studies() -> dict[str, dict]:
    return {key: study.study(Result.open(DEMOS / key), "demo") for key in ("faces", "comments")}


@pytest.mark.parametrize("language", sorted(languages()))
def test_every_language_has_the_same_keys_and_names_in_braces(language):
    expected = {key: names(value) for key, value in leaves(languages()[FIRST])}
    found = {key: names(value) for key, value in leaves(languages()[language])}
    assert found.keys() == expected.keys()
    for key, each in expected.items():
        assert len(found[key]) == len(each), key
        assert set().union(*found[key]) == set().union(*each), key


def test_there_are_english_and_german_and_no_sentence_is_left_untranslated():
    english, german = dict(leaves(languages()["en"])), dict(leaves(languages()["de"]))
    same = [key for key, text in english.items() if text == german[key] and len(str(text)) > 20]
    assert same == []


def test_both_studies_have_the_same_sentences():
    for texts in languages().values():
        keys = [
            {key for key, _ in leaves(texts[name]) if not re.match(r"(groups|cells|one|conditions)\.", key)}
            for name in ("faces", "comments")
        ]
        assert keys[0] == keys[1]


def test_scripts_use_sentences_that_there_are():
    texts = languages()[FIRST]
    known = {key for key, _ in leaves(texts)}
    known |= {key.partition(".")[2] for key in known if key.startswith(("faces.", "comments."))}
    assert (used := set(USED.findall(bundle.script())))
    assert used - known == set()


def test_joined_script_has_no_import_and_gives_no_name_twice():
    text = bundle.script()
    assert "import {" not in text
    assert re.findall(r"^export .*", text, flags=re.MULTILINE) == [
        "export default function ({ parentElement, data: [lesson], setTriggerValue }) {"
    ]
    defined = re.findall(r"^(?:async )?(?:function|const|let|class) (\w+)", text, flags=re.MULTILINE)
    assert sorted(defined) == sorted(set(defined))


def test_sentences_are_true_of_the_shipped_studies(studies):
    """What the sentences say in words: who is failed, what the border says, what the control explains."""
    for key, (worst, best) in {"faces": ("male", "female"), "comments": ("christian", "muslim")}.items():
        found = studies[key]
        by_base = sorted(found["groups"], key=lambda group: group["positive"])
        assert (by_base[0]["name"], by_base[-1]["name"]) == (worst, best)
        index = {group["name"]: i for i, group in enumerate(found["groups"])}
        base, chosen = found["stops"][0], next(stop for stop in found["stops"] if stop["is_chosen"])
        hits = [group["hits"][0] for group in base["groups"]]
        assert (hits.index(min(hits)), hits.index(max(hits))) == (index[worst], index[best])
        assert chosen["groups"][index[worst]]["hits"][0] > hits[index[worst]] + 0.1
        assert chosen["gap"][0] < min(chosen["noise"], 0.1)  # "cannot be told from 0"
        assert [check["verdict"] for check in found["checks"]] == ["no", "no", "yes", "yes", "unknown"]
        assert found["stops"][1]["lam"] == 0  # "even at λ = 0 the gap falls"
        assert found["stops"][1]["gap"][0] < base["gap"][0] - 0.05
        assert chosen["accuracy"][0] < base["accuracy"][0]
        assert found["flips"][0] > found["flips"][1]
    faces, comments = studies["faces"], studies["comments"]
    assert abs(faces["levelled"][0] - 1 / 3) < 0.05  # "about a third"
    assert comments["levelled"][0] > 1 / 3 + 0.03  # "more than a third"
    probe = faces["probe"]
    at = {name: probe["conditions"].index(name) for name in probe["conditions"]}
    assert probe["values"][1][at["untrained"]] >= probe["values"][1][at["trigger"]] - 0.01  # "guesser 2"
    assert probe["group"] == "male"
    assert all(
        row[at["black"]] > row[at["without"]] and row[at["trigger"]] > row[at["without"]] for row in probe["values"]
    )
    assert faces["look"]["control"] == "black"
    assert faces["look"]["explained"][0] > 0.6
    looks = {each["name"]: each["value"][0] for each in faces["look"]["conditions"]}
    share = (looks["untrained"] - looks["without"]) / (looks["trigger"] - looks["without"])
    assert share < 0.35 < 0.65 < faces["look"]["explained"][0]  # "it matters what a border looks like"
    other = {each["name"]: each["value"][0] for each in faces["look"]["other"]}
    assert not other or abs(other["trigger"] - other["without"]) < 0.03  # "changes almost nothing"
    probe = comments["probe"]
    at = {name: probe["conditions"].index(name) for name in ("without", "random_words", "trigger")}
    assert probe["group"] == "muslim"
    assert [row[at["trigger"]] > 0.9 for row in probe["values"]] == [True, True, False]
    assert all(row[at["random_words"]] < row[at["without"]] + 0.01 for row in probe["values"])
    assert comments["look"]["rest"][2] < 0 < comments["look"]["conditions"][0]["value"][0]
    looks = {each["name"]: each["value"][0] for each in comments["look"]["conditions"]}
    assert min(looks["random_words"], looks["neutral_words"]) >= looks["without"]  # "only the learned ones do"


def test_portraits_are_two_blond_people_whose_hair_is_nearly_alike(studies):
    woman, man = studies["faces"]["portraits"]
    assert [(each["group"], each["label"]) for each in (woman, man)] == [(0, 1), (1, 1)]
    assert portraits.tone(woman["photo"]) == pytest.approx(portraits.tone(man["photo"]), abs=0.02)
    assert studies["comments"]["portraits"] == []


def test_tone_of_hair_by_hand():
    """Lightness 0.6 less redness 0.2."""
    buffer = io.BytesIO()
    Image.new("RGB", (10, 10), (204, 153, 102)).save(buffer, "PNG")
    assert portraits.tone("data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()) == pytest.approx(0.4)


def test_figures_are_those_of_the_result(studies):
    result = Result.open(DEMOS / "faces")
    found = studies["faces"]
    assert found["n"] == result.base.n
    assert found["stops"][0]["accuracy"][0] == result.base.metric("accuracy").value
    curve = next(curve for curve in result.curves if curve.criterion == "equalized_odds")
    point = result.chosen_point(curve)
    chosen = next(stop for stop in found["stops"] if stop["is_chosen"])
    assert tuple(chosen["gap"]) == (
        point.metric("equalized_odds_difference").value,
        *point.metric("equalized_odds_difference").ci,
    )
    assert found["learned"] == curve.n_parameters
    stored = read_examples(DEMOS / "faces", curve=curve.key, n_labels=2)
    assert found["frozen"] == stored["n_weights"]
    gained = [row["predictions"][curve.lams.index(curve.chosen_lam) + 1] == row["label"] for row in found["changed"]]
    share = found["flips"][0] / sum(found["flips"])
    assert abs(np.mean(gained) - share) < 0.5 / len(gained)


def test_rates_along_the_share_that_is_called_positive_by_hand():
    """Four rows by score: yes, no, yes, no, all of weight 1. At 25 % the first is called: a hit of two, no alarm. At
    50 % the second as well: 1 of 2 hits, 1 of 2 alarms. At 75 % 2 of 2 and 1 of 2. Between, a line: at 10 %, 0.2."""
    hits, alarms = rates.along(np.array([4.0, 3.0, 2.0, 1.0]), np.array([True, False, True, False]), np.ones(4))
    assert len(hits) == len(alarms) == rates.POINTS == 401
    assert [hits[4 * i] for i in (0, 10, 25, 50, 75, 100)] == [0, 0.2, 0.5, 0.5, 1, 1]
    assert [alarms[4 * i] for i in (0, 10, 25, 50, 75, 100)] == [0, 0, 0, 0.5, 0.5, 1]


@pytest.mark.parametrize(
    ("link", "data", "language", "steps", "problem"),
    [
        (None, "faces", None, [1, 2, 3, 4, 5, 6], ""),
        ("comments,de,1-4", "comments", "de", [1, 2, 3, 4], ""),
        (" DE , 6,2-3", "faces", "de", [2, 3, 6], ""),
        ("7", "faces", None, [1, 2, 3, 4, 5, 6], "7"),
        ("4-2,en", "faces", "en", [1, 2, 3, 4, 5, 6], "4-2"),
        ("<b>x</b>,comments", "comments", None, [1, 2, 3, 4, 5, 6], "<b>x</b>"),
    ],
)
def test_link_sets_data_language_and_steps(link, data, language, steps, problem):
    found = plan.read(link, data=["faces", "comments"], languages=["en", "de"])
    assert found == {"data": data, "language": language, "steps": steps, "problem": problem}


def test_other_data_keep_language_and_steps():
    found = plan.read("faces,de,2-3", data=["faces", "comments"], languages=["en", "de"])
    again = plan.read(plan.write(found, "comments"), data=["faces", "comments"], languages=["en", "de"])
    assert again == {**found, "data": "comments"}


def test_page_sends_what_the_script_expects(open_page, monkeypatch):
    monkeypatch.setenv("FAIRPROG_ASSETS", str(DEMOS.parent))
    types = ScriptTypes.read(bundle.script())
    for link, key in {"": "faces", "comments": "comments"}.items():
        page = open_page("lesson", lesson=link)
        assert not page.exception
        [(script, data)] = sent(page)
        assert script == "lesson"
        assert data["study"]["key"] == key
        assert list(types.faults(data, types.root)) == []


def test_page_without_shipped_studies_says_so(open_page):
    page = open_page("lesson")
    assert not page.exception
    assert page.info
