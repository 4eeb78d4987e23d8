import math
from collections.abc import Sequence

import pytest

from kerasseq.benchmarking.products import (
    Phase,
    Shape,
    encoder_phases,
    search_phases,
    training_phases,
)
from kerasseq.benchmarking.reference import MULTI30K, Reference


def multiplications(phases: Sequence[Phase]) -> int:
    return sum(
        phase.steps * math.prod([each.batch or 1, each.rows, each.inner, each.columns])
        for phase in phases
        for each in phase.products
    )


def test_the_encoder_multiplies_inputs_states_and_keys(tiny: Reference) -> None:
    # 5 sources of 7 tokens; embeddings 3, two LSTMs of 2, memory 4, queries 4.
    expected = 35 * 3 * 16 + 7 * 2 * (5 * 2 * 8) + 35 * 4 * 4
    assert multiplications(encoder_phases(tiny, Shape(5, 7, 6))) == expected


@pytest.mark.parametrize("input_feeding", [True, False])
def test_training_multiplies_the_same_in_and_out_of_the_loop(
    tiny: Reference, input_feeding: bool
) -> None:
    shape = Shape(5, 7, 6)
    states = 8 if input_feeding else 4  # with the readout that is fed back
    decoder = 30 * (3 + states) * 16 + 2 * (30 * 4 * 7) + 30 * 8 * 4 + 30 * 4 * 24
    phases = training_phases(tiny, shape, input_feeding)
    assert multiplications(phases) - multiplications(encoder_phases(tiny, shape)) == decoder


def test_the_reference_step_has_17_billion_multiplications() -> None:
    phases = training_phases(MULTI30K, Shape(128, 14, 16), input_feeding=True)
    assert multiplications(phases) == pytest.approx(17.2e9, rel=0.01)


def test_a_search_multiplies_for_the_sources_that_are_left(tiny: Reference) -> None:
    shape = Shape(5, 7, 6)
    rows = 2 * 3  # two sources, on average, of three beams
    step = rows * (3 + 8) * 16 + 2 * (rows * 4 * 7) + rows * 8 * 4 + rows * 4 * 24
    phases = search_phases(tiny, shape, live=2, beams=3, states=rows)
    assert multiplications(phases) == multiplications(encoder_phases(tiny, shape)) + 6 * step
    # Two rows of six continue a state that another one continues.
    phases = search_phases(tiny, shape, live=2, beams=3, states=4)
    saved = 6 * 2 * 8 * 16
    assert (
        multiplications(phases) == multiplications(encoder_phases(tiny, shape)) + 6 * step - saved
    )
