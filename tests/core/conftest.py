"""What tests of the library share."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of a tiny encoder of every family."""
    from tests.tiny_encoders import FAMILIES, save_family  # brings transformers, which few tests need

    root = tmp_path_factory.mktemp("encoders")
    return {family: save_family(family, root / family) for family in FAMILIES}
