"""Tests of one group run in one process: they share what is slow to set up, and what there can be only one of."""

import pytest


@pytest.mark.xdist_group("alike")
def test_processes_that_share_the_tests_know_their_groups(request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("loadgroup", default=False):
        pytest.skip("one process runs all tests")
    assert request.node.nodeid.endswith("@alike")
