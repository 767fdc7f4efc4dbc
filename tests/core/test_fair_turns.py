"""Whose turn it is in the queue of a shared server."""

import pytest

from fairprog_core.runs import Owner, Store
from fairprog_core.runs.table.rows import Sight
from fairprog_core.study.load import load_study

ANN, BEN, EVE = "a" * 64, "b" * 64, "e" * 64


@pytest.fixture
def store(home):
    with Store(home) as opened:
        yield opened


@pytest.fixture
def submit(store):
    """``submit(ANN, ANN, None)``: these visitors submit a run each, in this order; the ids."""
    study = load_study("faces-quick")
    return lambda *visitors: [store.submit(study, visitor=visitor) for visitor in visitors]


def claim(store, *, ends: bool = True) -> str | None:
    """The id of the run that a worker gets now; it is over at once, unless it goes on."""
    run = store.claim(Owner.this_process())
    if run is not None and ends:
        store.finish(run, "done")
    return run.id if run else None


def test_without_visitors_the_oldest_run_is_next(store, submit):
    queued = submit(None, None, None)
    assert [claim(store, ends=False) for _ in range(4)] == [*queued, None]


def test_visitors_take_turns_however_many_runs_one_of_them_queues(store, submit):
    ann1, ann2, ann3, ben1, eve1, ben2 = submit(ANN, ANN, ANN, BEN, EVE, BEN)
    assert [claim(store) for _ in range(6)] == [ann1, ben1, eve1, ann2, ben2, ann3]


def test_who_has_waited_longest_since_the_last_run_is_next_not_who_queued_first(store, submit):
    submit(ANN)
    claim(store)
    submit(BEN)
    claim(store)
    ben, ann = submit(BEN, ANN)
    assert [claim(store), claim(store)] == [ann, ben]


def test_one_run_of_a_visitor_runs_at_a_time(store, submit):
    ann1, ann2, ben = submit(ANN, ANN, BEN)
    assert claim(store, ends=False) == ann1
    assert claim(store, ends=False) == ben
    assert claim(store) is None  # a second worker does not get Ann's other run
    store.finish(store.get(ann1), "done")
    assert claim(store) == ann2


def test_runs_of_the_owner_wait_for_their_turn_too(store, submit):
    own1, own2, ann = submit(None, None, ANN)
    assert [claim(store) for _ in range(3)] == [own1, ann, own2]


def test_a_visitor_sees_own_and_shared_runs_and_no_others(store, submit):
    own, ann, ben = submit(None, ANN, BEN)
    sight = Sight(ANN, frozenset({own, "gone"}))
    assert [run.id for run in store.list(seen_by=sight)] == [ann, own]
    assert store.ids(sight) == {ann, own}
    assert (store.count(seen_by=sight), store.count(seen_by=Sight(EVE)), store.count()) == (2, 0, 3)
    assert [run.id for run in store.list(seen_by=sight, is_active=True, limit=1)] == [ann]
    assert ben not in store.ids(sight)
