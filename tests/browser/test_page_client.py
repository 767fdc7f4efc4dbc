"""The visitor without a browser, with whom a class is measured, against a real server."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tools.class_viewer import Load
from tools.page_client import Failed, PageClient, data_of


def is_slider(element) -> bool:
    return "lam_slider" in element.component_name


def test_a_visitor_without_a_browser_is_drawn_what_a_browser_is(server, finished):
    async def visit() -> None:
        client = PageClient(server.url)
        assert await client.enter() > 0
        client.find("bidi_component", lambda element: "intro_demo" in element.component_name)
        await client.open("tradeoff", f"run={finished.run_id}")
        name, slider = client.find("bidi_component", is_slider)
        stops = len(data_of(slider)["stops"])
        for index in (0, stops - 1):
            await client.set(name, json_value=json.dumps({"index": index}))
            chart = client.find("bidi_component", lambda element: "live_plot" in element.component_name)[1]
            (marker,) = [each for each in json.loads(data_of(chart)["figure"])["data"] if each.get("meta") == "marker"]
            assert marker["text"] == [f"λ = {data_of(slider)['stops'][index]}"]
        await client.open("runs")
        client.find("checkbox", lambda element: element.id.endswith(f"runs.{finished.run_id}.select"))
        with pytest.raises(Failed, match="no such bidi_component"):
            client.find("bidi_component", is_slider)
        await client.open("tradeoff", f"run={finished.run_id}")  # some of it is not sent again
        client.find("bidi_component", is_slider)
        assert (client.errors, client.n_redraws) == ([], 6)
        assert client.n_bytes > 10_000
        await client.leave()

    with ThreadPoolExecutor(1) as thread:  # this one has the loop of Playwright, if a browser was started before
        thread.submit(asyncio.run, visit()).result()


def test_load_says_medians_and_tails_of_every_act():
    load = Load(2, 1.0, {"Start": [1.0, 2.0, 3.0], "Runs": [0.5]}, ["Runs: gone"], n_redraws=4, n_bytes=8000)
    load.server_share, load.steps_alone, load.steps_in_class = 0.5, 4.0, 3.0
    assert load.to_json()["seconds"] == {
        "Start": {"n": 3, "p50": 2.0, "p95": pytest.approx(2.9), "max": 3.0},
        "Runs": {"n": 1, "p50": 0.5, "p95": 0.5, "max": 0.5},
    }
    text = load.table()
    assert "| Start | 3 | 2.00 | 2.90 | 3.00 |" in text
    assert "4 redraws of 2 kB, 1 errors" in text
    assert "7500 ms of a core per redraw" in text
    assert "training: 3.00 steps/s, alone 4.00: 75%" in text
    assert text.endswith("Runs: gone")
