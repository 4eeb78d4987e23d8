import numpy as np
import pytest
from keras import ops

from kerasseq.layers import GRUCell, LSTMCell
from kerasseq.layers.cells.cell_stack import (
    bind_fed,
    check_residual_from,
    climb,
    join_states,
    make_cells,
    serialize_cell,
    split_columns,
    split_state,
)


def test_cells_of_one_pattern_share_no_weights() -> None:
    pattern = LSTMCell(4, bias_initializer="ones")
    first, second = make_cells(pattern, 4, 2, "cell", {"dtype": "float32"})
    assert first is not second
    assert pattern not in (first, second)
    assert [first.name, second.name] == ["cell_0", "cell_1"]
    assert type(second.bias_initializer).__name__ == "Ones"


def test_a_pattern_of_another_size_is_an_error_with_both_sizes() -> None:
    with pytest.raises(ValueError, match="a cell of 5 units in a layer of 4"):
        make_cells(GRUCell(5), 4, 1, "cell", {"dtype": "float32"})


def test_a_name_stays_a_name_and_an_object_becomes_a_config() -> None:
    assert serialize_cell("gru") == "gru"
    assert serialize_cell({"name": "gru"}) == {"name": "gru"}
    assert serialize_cell(GRUCell(4))["registered_name"] == "kerasseq>GRUCell"


def test_a_flat_state_is_cut_by_cells_and_joined_again() -> None:
    cells = [LSTMCell(2), GRUCell(2)]
    parts = split_state(cells, [1, 2, 3, 4])  # the last belongs to no cell
    assert parts == [[1, 2], [3]]
    assert join_states(parts) == [1, 2, 3]


def test_columns_are_cut_by_their_sizes() -> None:
    parts = split_columns(ops.convert_to_tensor([[1, 2, 3, 4]]), [3, 1])
    assert [ops.convert_to_numpy(part).tolist() for part in parts] == [[[1, 2, 3]], [[4]]]


def test_climbing_drops_reads_the_context_and_adds_residuals() -> None:
    """Layer 1 doubles what it reads, layer 2 sums it up; layer 2 adds the output below."""
    layers = {1: lambda reads: 2 * reads[:, :1], 2: lambda reads: reads[:, :1] + reads[:, 1:]}
    below, context = ops.convert_to_tensor([[3.0]]), ops.convert_to_tensor([[100.0]])
    factors = {2: ops.convert_to_tensor([[10.0]])}
    output = climb(lambda layer, reads: layers[layer](reads), [1, 2], below, factors, 2, context)
    assert output.numpy().tolist() == [[6 * 10 + 100 + 6]]


def test_a_cell_whose_input_is_all_fed_reads_its_bias_too() -> None:
    cell = GRUCell(4, bias_initializer="ones")
    inputs, state = ops.ones((2, 3)), cell.initial_state(2)
    expected, _ = cell(inputs, state)
    found, _ = bind_fed(cell)(inputs, state)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_residual_layer_must_exist() -> None:
    check_residual_from(None, 1, minimum=1)
    check_residual_from(1, 2, minimum=1)
    with pytest.raises(ValueError, match=r"below `num_layers=2`, counted from 0\. Received: 2"):
        check_residual_from(2, 2, minimum=1)
    with pytest.raises(ValueError, match=r"`residual_from` must be .* at least 1\. Received: 0"):
        check_residual_from(0, 2, minimum=1)
