"""Charts that are drawn once for all visitors."""

import json

import plotly.graph_objects as go

from app.charts.plot import MARKER, DrawnPlot, Plot
from app.presenters.shared_charts import shared
from app.wording.shared import public


def plot(text: str = "a") -> Plot:
    figure = go.Figure()
    figure.add_scatter(x=[1, 2], y=[3, 4], name=text)
    figure.add_scatter(x=[1], y=[3], text=["λ = 1"], meta=MARKER)
    return Plot(figure, "A chart", ("x",), [["1"]], height=100)


def test_a_drawn_plot_holds_what_plotly_would_send():
    drawn = DrawnPlot.of(plot())
    assert drawn.figure == json.loads(plot().figure.to_json())
    assert drawn.texts == {"label": "A chart", "columns": ["x"], "rows": [["1"]], "height": 100}


def test_moving_the_marker_changes_a_copy_only():
    drawn = DrawnPlot.of(plot())
    moved = drawn.with_marker({"x": [2], "y": [4], "text": ["λ = 2"]})
    line, marker = moved.figure["data"]
    assert (marker["x"], marker["y"], marker["text"], marker["meta"]) == ([2], [4], ["λ = 2"], MARKER)
    assert line == drawn.figure["data"][0]
    assert drawn == DrawnPlot.of(plot())
    assert moved.figure["layout"] == drawn.figure["layout"]


def test_the_same_choices_are_drawn_once_and_others_again():
    drawings = []

    def draw() -> Plot:
        drawings.append(1)
        return plot()

    key = ("test", "stamp", ("a", "b"), 1.5, None)
    assert shared(key, draw) is shared(key, draw)
    assert len(drawings) == 1
    shared((*key[:1], "another stamp", *key[2:]), draw)
    assert len(drawings) == 2


def test_what_visitors_must_not_see_is_not_taken_from_what_the_owner_saw(monkeypatch):
    key = ("test of sharing", "stamp")

    def draw() -> Plot:
        return Plot(go.Figure(), public.text("CelebA: /srv/secret"))

    assert shared(key, draw).texts["label"].endswith("/srv/secret")
    monkeypatch.setenv("FAIRPROG_SHARED", "1")
    assert "secret" not in shared(key, draw).texts["label"]
