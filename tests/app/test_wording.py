"""Words: figures, durations, registry keys, and text that stays text."""

import pytest

from app.wording import tradeoff
from app.wording import train as words
from app.wording.panels import leakage
from app.wording.shared import common, inside, neutral
from fairprog_core.metrics.point import Point

JOINER = "\u2060"  # invisible


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.4, "0 s"), (59.6, "1 min"), (95.2, "1 min 35 s"), (3725, "1 h 2 min"), (None, ""), (-3, "0 s")],
)
def test_seconds_are_written_for_people(value, text):
    assert common.seconds(value) == text


@pytest.mark.parametrize(
    ("key", "name"),
    [("border", "Border"), ("border-2", "Border 2"), ("faces-quick", "Drawn faces, quick"), ("new_thing", "New thing")],
)
def test_registry_keys_have_a_name_even_when_new(key, name):
    assert common.kind(key) == name


def test_number_that_is_not_estimable_is_not_zero():
    assert common.number(None) == common.NOT_ESTIMABLE
    assert common.number(0.0) == "0.000"


def test_plain_text_holds_no_markup():
    """Every character that Markdown, Streamlit's colours, icons, emoji or formulas begin with is escaped."""
    text = "<b> **x** _y_ `z` [a](b) ![c](d) $e$ ~f~ # :red[g] :smile: h|i"
    escaped = common.plain(text)
    assert escaped.replace("\\", "").replace(JOINER, "") == text
    for i, character in enumerate(escaped):
        if character in "<>*_`[]!$~#:|":
            assert escaped[i - 1] == "\\"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("www.evil.com", f"www{JOINER}.evil.com"),
        ("http://evil.com", rf"http\:{JOINER}//evil.com"),
        ("a@evil.com", f"a{JOINER}@evil.com"),
        (":smile:", rf"\:{JOINER}smile\:"),
        ("a -> b -- c", f"a -{JOINER}\\> b -{JOINER}- c"),
        ("- a", r"\- a"),
        ("1. a", r"1\. a"),
        ("a\n\n# b", r"a \# b"),
        ("a\x1b[2J", r"a\\x1b\[2J"),
        ("Gap: 0.5, 12 % of it", r"Gap\: 0.5, 12 % of it"),
    ],
)
def test_markdown_shows_a_name_as_it_is_written(text, shown):
    """Streamlit finds links, emoji and arrows after it has read the backslashes: only the invisible sign helps."""
    assert neutral.in_markdown(text) == shown


def test_cards_of_data_sets_keep_their_links():
    text = neutral.in_markdown_with_links("Source: www.evil.com; https://a.org/b_c.html")
    assert text == rf"Source\: www{JOINER}.evil.com; https://a.org/b_c.html"


def test_chart_reads_no_markup_formula_or_template():
    assert neutral.in_chart("<b>$x$</b> %{y} &amp;\x1b") == (r"&lt;b&gt;&#36;x&#36;&lt;/b&gt; &#37;{y} &amp;amp;\x1b")


def test_unknown_key_holds_nothing_that_could_be_markup():
    assert common.kind("a_b<i>[c](d)") == "A b?i??c??d?"


def test_plan_in_words():
    one = words.plan(names=["Border"], criteria=["Equalized odds"], seeds=1, curves=1, length=words.of_steps(250))
    assert one == "Border for equalized odds, 1 seed: 1 curve of 250 steps."
    many = words.plan(
        names=["Border", "Patch"], criteria=["Equalized odds"], seeds=3, curves=6, length=words.of_steps(1000)
    )
    assert many == "Border and Patch for equalized odds, 3 seeds: 6 curves of 1,000 steps each."


def test_duration_in_words():
    assert words.duration(52, 98) == "Takes about 50 s on this machine, 2 minutes if the base has to be trained first."
    assert words.duration(98, 98) == "Takes about 2 minutes on this machine."
    assert [common.about(seconds) for seconds in (3, 60, 2000, 3400, 5000)] == [
        "10 s", "1 minute", "35 minutes", "1 hour", "1.5 hours",
    ]  # fmt: skip


def test_chosen_figures_of_several_seeds_name_the_range_of_lambda():
    row = {
        "trigger": "patch", "criterion": "demographic_parity", "gap_name": "demographic_parity_difference",
        "lam": [2.0, 1.0, 2.0], "gap": 0.1, "base_gap": 0.35, "accuracy": None, "base_accuracy": 0.9,
    }  # fmt: skip
    assert words.chosen(row) == (
        "Patch, demographic parity: demographic-parity gap 0.350 → **0.100**, "
        "accuracy 0.900 → **not estimable** on test rows, at λ = 1 to 2."
    )


def test_curve_on_a_share_of_the_tuning_data_says_so():
    assert inside.curve_name("border", "equalized_odds", 0.05) == "Border, equalized odds, 5 % of the tuning data"
    assert inside.curve_name("border", "equalized_odds", 1.0) == inside.curve_name("border", "equalized_odds")


def test_labels_that_are_too_rare_are_named_beside_the_gaps_that_leave_them_out():
    point = Point("reprogram", left_out=["blond, glasses"])
    assert tradeoff.cautions(point, "average_abs_odds_difference") == [
        "This gap leaves out labels that are too rare in some group: blond, glasses."
    ]
    assert tradeoff.cautions(point, "demographic_parity_difference") == []


def test_auditors_are_described_for_every_criterion_also_one_that_this_version_does_not_know():
    assert "logits, within each label." in leakage.lead("equalized_odds", from_answers=False)
    assert "predicted labels alone." in leakage.lead("demographic_parity", from_answers=True)
    assert "from the logits." in leakage.lead("unheard", from_answers=False)
