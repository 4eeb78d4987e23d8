"""What holds for every cell of the family."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from keras import ops

from kerasseq.layers.cells import CELLS, RecurrentCell, get_cell
from kerasseq.layers.cells.run_over_time import run_over_time

Array = np.ndarray
ROWS, UNITS = 3, 4


@pytest.fixture
def cell(cell_name: str, make_cell: Callable[..., RecurrentCell]) -> RecurrentCell:
    made = make_cell(cell_name, UNITS)
    made.build((None, UNITS))
    return made


@pytest.fixture
def state(cell: RecurrentCell, numbers: Callable[..., Array]) -> list[Any]:
    return [ops.convert_to_tensor(numbers(ROWS, size)) for size in cell.state_sizes]


def to_arrays(output: Any, state: Any) -> list[Array]:
    return [ops.convert_to_numpy(tensor) for tensor in (output, *state)]


def assert_same(actual: Any, expected: Any) -> None:
    for one, other in zip(to_arrays(*actual), to_arrays(*expected), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_a_cell_holds_the_contract_of_a_layer(
    cell_name: str,
    make_cell: Callable[..., RecurrentCell],
    check_layer: Callable[..., Any],
    numbers: Callable[..., Array],
) -> None:
    make = partial(make_cell, cell_name, UNITS)
    state = [numbers(ROWS, size) for size in make().state_sizes]
    check_layer(make, {"inputs": numbers(ROWS, UNITS), "state": state})


@pytest.mark.parametrize("known", [0, 1, 3])
def test_input_that_is_fed_in_the_loop_counts_as_input_that_is_known_before(
    cell: RecurrentCell, state: list[Any], numbers: Callable[..., Array], known: int
) -> None:
    inputs = ops.convert_to_tensor(numbers(ROWS, UNITS))
    step = cell.bind(known)
    split = step(cell.project(inputs[:, :known]), inputs[:, known:], state)
    assert_same(split, cell(inputs, state))


def test_input_that_is_the_same_at_every_step_is_projected_once(
    cell: RecurrentCell, state: list[Any], numbers: Callable[..., Array]
) -> None:
    inputs = ops.convert_to_tensor(numbers(2, ROWS, UNITS - 1))
    constant = ops.convert_to_tensor(numbers(ROWS, 1))
    projected = cell.project(inputs, constant)
    step = cell.bind(UNITS)
    for time in range(2):
        whole = ops.concatenate([inputs[time], constant], axis=-1)
        assert_same(step(projected[time], None, state), cell(whole, state))


def test_run_over_time_is_one_step_after_another(
    cell: RecurrentCell, state: list[Any], numbers: Callable[..., Array]
) -> None:
    inputs = ops.convert_to_tensor(numbers(4, ROWS, UNITS))
    outputs, last = run_over_time(cell, inputs, state)
    for time in range(4):
        output, state = cell(inputs[time], state)
        np.testing.assert_allclose(outputs[time], output, atol=1e-6)
    assert_same((output, last), (output, state))


def test_a_state_stays_as_it_was_where_the_mask_is_false(
    cell: RecurrentCell, state: list[Any], numbers: Callable[..., Array]
) -> None:
    inputs = ops.convert_to_tensor(numbers(4, ROWS, UNITS))
    lengths = np.array([4, 2, 0])
    mask = ops.convert_to_tensor(np.arange(4)[:, None] < lengths)  # (time, rows)
    _, last = run_over_time(cell, inputs, state, mask)
    for row, length in enumerate(lengths):
        expected = [tensor[row : row + 1] for tensor in state]
        for time in range(length):
            _, expected = cell(inputs[time, row : row + 1], expected)
        for tensor, other in zip(last, expected, strict=True):
            np.testing.assert_allclose(tensor[row : row + 1], other, atol=1e-6)


def test_a_reversed_run_is_the_run_of_the_reversed_input(
    cell: RecurrentCell, state: list[Any], numbers: Callable[..., Array]
) -> None:
    inputs = ops.convert_to_tensor(numbers(4, ROWS, UNITS))
    backward, last = run_over_time(cell, inputs, state, reverse=True)
    forward, expected = run_over_time(cell, ops.flip(inputs, 0), state)
    assert_same((ops.flip(backward, 0), last), (forward, expected))


def test_a_sequence_of_no_steps_changes_nothing(cell: RecurrentCell, state: list[Any]) -> None:
    outputs, last = run_over_time(cell, ops.zeros((0, ROWS, UNITS)), state)
    assert tuple(outputs.shape) == (0, ROWS, UNITS)
    assert_same((state[0], last), (state[0], state))


def test_recurrent_dropout_of_ones_drops_nothing(
    cell_name: str, cell: RecurrentCell, state: list[Any], numbers: Callable[..., Array]
) -> None:
    if cell_name == "keras":
        pytest.skip("its recurrent product is its own")
    inputs = ops.convert_to_tensor(numbers(ROWS, UNITS))
    step = cell.bind(UNITS, ops.ones((ROWS, UNITS)))
    assert_same(step(cell.project(inputs), None, state), cell(inputs, state))


def test_recurrent_dropout_takes_the_hidden_state_out_of_its_product_alone(
    cell_name: str, cell: RecurrentCell, state: list[Any], numbers: Callable[..., Array]
) -> None:
    """With factors of zero, what remains of the recurrent product is that of a zero state."""
    if cell_name == "keras":
        pytest.skip("its recurrent product is its own")
    inputs = ops.convert_to_tensor(numbers(ROWS, UNITS))
    dropped, _ = cell.bind(UNITS, ops.zeros((ROWS, UNITS)))(cell.project(inputs), None, state)
    gated = [0 * state[0], *state[1:]]
    without, _ = cell(inputs, gated)
    if "gru" in cell_name:  # its gate also lets the old state itself through
        assert not np.allclose(dropped, without, atol=1e-3)
    else:
        np.testing.assert_allclose(dropped, without, atol=1e-6)


def test_a_cell_starts_from_zeros(cell: RecurrentCell) -> None:
    initial = cell.initial_state(2)
    assert len(initial) == len(cell.state_names)
    assert all(np.all(tensor == 0) and tensor.dtype == "float32" for tensor in initial)


def test_units_must_be_positive(cell_name: str, make_cell: Callable[..., RecurrentCell]) -> None:
    with pytest.raises(ValueError, match=r"`units` must be .* at least 1\. Received: 0"):
        make_cell(cell_name, 0)


def test_the_message_for_an_unknown_cell_names_the_family_and_what_came() -> None:
    with pytest.raises(ValueError, match=r"`cell` must be one of 'gru', .*Received: 'lstmm'"):
        get_cell("lstmm", units=4)
    assert sorted(CELLS) == list(CELLS)
