import pytest
from keras import ops

from kerasseq.layers import LastStateBridge


def test_the_state_is_handed_on_as_it_is() -> None:
    state = [ops.full((1, 2), value) for value in (1.0, 2.0)]
    made = LastStateBridge(2, cell="lstm")(state)
    assert [tensor.numpy().tolist() for tensor in made] == [[[1, 1]], [[2, 2]]]


def test_of_a_deeper_encoder_the_top_layers_are_taken() -> None:
    state = [ops.full((1, 2), value) for value in (1.0, 2.0, 3.0)]
    made = LastStateBridge(2, cell="gru", num_layers=2)(state)
    assert [float(tensor[0, 0]) for tensor in made] == [2, 3]


@pytest.mark.parametrize(
    ("sizes", "received"),
    [((8,), r"encoder \(8,\), decoder \(16,\)"), ((), r"encoder \(\), decoder \(16,\)")],
)
def test_the_message_for_another_size_says_both_sizes(sizes: tuple[int], received: str) -> None:
    bridge = LastStateBridge(16, cell="gru")
    with pytest.raises(ValueError, match=rf"{received}\. Use `DenseBridge`"):
        bridge.build([(None, size) for size in sizes])
