"""A reference small enough to run in a test."""

import dataclasses

import pytest

from kerasseq.benchmarking.reference import MULTI30K, Reference


@pytest.fixture
def tiny() -> Reference:
    return dataclasses.replace(
        MULTI30K,
        source_vocabulary_size=20,
        target_vocabulary_size=24,
        embedding_units=3,
        encoder_units=2,
        pairs=60,
    )
