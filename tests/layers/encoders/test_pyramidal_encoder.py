from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from keras import ops

from kerasseq.layers import PyramidalEncoder, RecurrentEncoder
from kerasseq.layers.encoders.time_reduction import reduce_mask, reduce_values, reduced_length

Array = np.ndarray


@pytest.mark.parametrize("length", [4, 5])
def test_a_layer_reads_pairs_of_the_outputs_below(
    length: int, numbers: Callable[..., Array]
) -> None:
    inputs = numbers(2, length, 3)
    encoder = PyramidalEncoder(4, cell="gru", num_layers=2)
    memory, state = encoder(ops.convert_to_tensor(inputs))
    lower = RecurrentEncoder(4, cell="gru", bidirectional=True)
    upper = RecurrentEncoder(4, cell="gru", bidirectional=True)
    lower.build((None, None, 3))
    upper.build((None, None, 16))
    for index, layer in enumerate((lower, upper)):
        cells = (encoder.forward_cells[index], encoder.backward_cells[index])
        layer.set_weights([weight for cell in cells for weight in cell.get_weights()])
    below, lower_state = lower(ops.convert_to_tensor(inputs))
    even = np.pad(ops.convert_to_numpy(below), ((0, 0), (0, length % 2), (0, 0)))
    pairs = np.concatenate([even[:, 0::2], even[:, 1::2]], axis=-1)
    expected, upper_state = upper(ops.convert_to_tensor(pairs))
    np.testing.assert_allclose(memory, expected, atol=1e-6)
    for one, other in zip(state, lower_state + upper_state, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.parametrize(("length", "reduced"), [(0, 0), (1, 1), (8, 2), (9, 3)])
def test_the_memory_is_shorter_by_a_half_for_each_further_layer(length: int, reduced: int) -> None:
    encoder = PyramidalEncoder(2, cell="simple", num_layers=3)
    memory, _ = encoder(ops.ones((1, length, 3)))
    assert tuple(memory.shape) == (1, reduced, 4)


def test_a_position_of_the_memory_is_real_if_any_below_is(mask_of: Callable[..., Array]) -> None:
    encoder = PyramidalEncoder(2, num_layers=3)
    mask, *_ = encoder.compute_mask(None, ops.convert_to_tensor(mask_of([0, 1, 4, 5, 8, 9], 9)))
    assert ops.convert_to_numpy(mask).sum(axis=1).tolist() == [0, 1, 1, 2, 2, 3]
    assert encoder.compute_mask(None, None)[0] is None


def test_padding_within_a_pair_is_read_as_zero(numbers: Callable[..., Array]) -> None:
    values = ops.convert_to_tensor(numbers(3, 1, 2))
    mask = ops.convert_to_tensor([[True], [False], [True]])
    pairs = ops.convert_to_numpy(reduce_values(values, mask, 2))
    first, _, third = ops.convert_to_numpy(values)
    zero = np.zeros((1, 2))
    expected = [np.concatenate([first, zero], -1), np.concatenate([third, zero], -1)]
    np.testing.assert_array_equal(pairs, expected)


def test_a_mask_with_holes_keeps_what_is_real() -> None:
    mask = ops.convert_to_tensor([[False, True, False, False, True]])
    assert ops.convert_to_numpy(reduce_mask(mask, 2)).tolist() == [[True, False, True]]
    assert reduced_length(5, 2) == 3


def test_a_reduction_of_one_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"`reduction` must be .* at least 2\. Received: 1"):
        PyramidalEncoder(4, reduction=1)


def test_a_direction_that_is_no_boolean_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"`bidirectional` must be True or False.*'first'"):
        PyramidalEncoder(4, bidirectional="first")  # type: ignore[arg-type]


def test_one_layer_reduces_nothing(numbers: Callable[..., Array]) -> None:
    inputs: Any = ops.convert_to_tensor(numbers(2, 5, 3))
    memory, _ = PyramidalEncoder(4, num_layers=1)(inputs)
    assert tuple(memory.shape) == (2, 5, 8)
