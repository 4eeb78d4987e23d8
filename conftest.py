"""What tests and docstring examples share, whichever folder they stand in."""

import gc
from typing import Any

import hypothesis
import pytest

# The first call of a graph traces it, which no deadline foresees; and a check that fails must
# fail again when it is run again.
hypothesis.settings.register_profile("kerasseq", deadline=None, derandomize=True)
hypothesis.settings.load_profile("kerasseq")


@pytest.fixture(autouse=True, scope="module")
def _earlier_files_frozen() -> None:
    """Collections of garbage leave out what the tests of earlier files have left.

    Graphs of thousands of tests are a million objects, and to walk through them takes seconds: it
    was a quarter of the time of all tests.
    """
    gc.freeze()


@pytest.fixture(autouse=True)
def _imports_of_examples(request: pytest.FixtureRequest, doctest_namespace: dict[str, Any]) -> None:
    """An example in a docstring may take `keras`, `kerasseq` and `np` as imported."""
    if isinstance(request.node, pytest.DoctestItem) and "keras" not in doctest_namespace:
        import keras
        import numpy as np

        import kerasseq

        doctest_namespace.update(keras=keras, kerasseq=kerasseq, np=np)
