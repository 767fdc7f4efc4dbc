"""Examples of changed answers: their ratio, their order, and the plainest first; and the drawings that show them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairprog_core.common.home import Home
from fairprog_core.data import CommentsOptions, FacesOptions
from fairprog_core.data.comments.dataset import Comments
from fairprog_core.data.faces.dataset import Faces
from fairprog_core.explain.changed_rows import choose


def rows(n_gained: int, n_lost: int, n_same: int = 5) -> dict[str, Any]:
    n = n_gained + n_lost + n_same
    was, now = np.ones(n, bool), np.ones(n, bool)
    was[:n_gained], now[n_gained : n_gained + n_lost] = False, False
    y, z = np.arange(n) % 2, np.arange(n) // 2 % 2
    return {"was_right": was, "is_right": now, "y": y, "z": z, "evidence": np.zeros(n), "first": 3}


def test_ratio_by_hand():
    """246 to 134 is 0.647; of 10 to 20 examples 11 of 17 come nearest, 0.647 too."""
    found = choose(**rows(246, 134))
    assert (found.n_gained, found.n_lost) == (246, 134)
    assert (sum(found.is_gain), len(found.rows)) == (11, 17)


@given(gained=st.integers(0, 60), lost=st.integers(0, 60))
def test_any_prefix_is_near_the_ratio_and_the_first_is_a_gain(gained, lost):
    given_rows = rows(gained, lost)
    found = choose(**given_rows)
    total = len(found.rows)
    assert total == len(set(found.rows)) <= 20
    assert all(given_rows["was_right"][row] != given_rows["is_right"][row] for row in found.rows)
    for n in range(1, total + 1):
        assert abs(sum(found.is_gain[:n]) - n * sum(found.is_gain) / total) <= 1.5
    if gained and found.is_gain.count(True):
        assert found.is_gain[0]
        if gained >= 40:
            assert (given_rows["z"][found.rows[0]], given_rows["y"][found.rows[0]]) == (1, 1)


def test_plainest_of_a_cell_are_shown():
    given_rows = rows(40, 20)
    given_rows["evidence"] = np.arange(65.0)
    found = choose(**given_rows)
    gains = [row for row, is_gain in zip(found.rows, found.is_gain, strict=True) if is_gain]
    assert sorted(gains)[-1] == 39
    assert min(gains) > 20


def test_cells_have_their_share():
    """Nine of ten gains are in one cell: of nine examples among twelve, eight or nine are."""
    given_rows = rows(90, 30)
    given_rows["z"][:90], given_rows["y"][:90] = 0, 0
    given_rows["z"][:9] = 1
    found = choose(**given_rows)
    gains = [row for row, is_gain in zip(found.rows, found.is_gain, strict=True) if is_gain]
    assert sum(row >= 9 for row in gains) == round(0.9 * len(gains))


def faces(home: Home) -> Faces:
    return Faces(FacesOptions(n_train=64, n_tune=64, n_val=16, n_test=40), home)


def test_large_drawing_is_the_same_face(home: Home):
    """Scaled down it is the classifier's picture but for the noise of the camera and for edges; another row is not."""
    dataset = faces(home)
    x = np.array(dataset.split("test").x).astype(float)
    large = dataset.drawn_large("test", range(10), 256).astype(float)
    small = large.reshape(10, 64, 4, 64, 4, 3).mean(axis=(2, 4))
    difference = np.abs(small[:, None] - x[None, :10]).mean(axis=(2, 3, 4))
    assert np.diag(difference).max() < 6
    assert (difference + 99 * np.eye(10)).min() > 15


def test_evidence_of_faces_agrees_with_what_is_drawn(home: Home):
    """The plainest blond heads are lighter than the plainest others, and no plain style has a beard with long hair."""
    dataset = faces(home)
    split, evidence = dataset.split("test"), dataset.evidence("test")
    assert evidence.shape == (40,)
    hair = dataset.regions("test")["hair"]
    light = np.array([np.array(split.x[i])[hair[i]].mean() for i in range(40)])
    plain = [max(np.flatnonzero(split.y == label), key=evidence.__getitem__) for label in (0, 1)]
    assert light[plain[1]] > light[plain[0]] + 40
    assert (evidence > -0.5).any()
    assert (evidence < -0.5).any()


def test_evidence_of_comments_names_the_group_and_insults_or_praises(home: Home):
    dataset = Comments(CommentsOptions(n_train=64, n_tune=64, n_val=24, n_test=240), home)
    split, evidence = dataset.split("test"), dataset.evidence("test")
    words = dataset.identity_words()
    plain = np.flatnonzero(evidence >= 2)
    assert len(plain) > 40
    for row in plain:
        text = set(split.x[row].lower().replace(",", " ").replace(".", " ").split())
        named = [group for group, names in words.items() if names & text]
        assert named == [("christian", "muslim", "other")[split.z[row]]]
    assert (evidence < 0).any()


def test_other_data_cannot_say(home: Home):
    from fairprog_core.data.base import Dataset

    assert Dataset.evidence(faces(home), "test").tolist() == [0.0] * 40
    assert Dataset.drawn_large(faces(home), "test", [0], 64) is None
    with pytest.raises(IndexError):
        faces(home).drawn_large("test", [40], 64)
