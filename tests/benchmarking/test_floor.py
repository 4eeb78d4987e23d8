import pytest
import tensorflow as tf

from kerasseq.benchmarking.floor import Floor
from kerasseq.benchmarking.products import Phase, Product


@pytest.mark.parametrize("backward", [False, True])
def test_no_product_is_left_out(backward: bool) -> None:
    """What comes out holds a number of each, so that TensorFlow must compute them all."""
    phases = [
        Phase(2, (Product(3, 4, 5), Product(1, 4, 5, batch=2))),
        Phase(1, (Product(3, 6, 2),)),
    ]
    floor = Floor("float32", backward)
    operands = [
        [floor._operands(product, phase.steps, (0, 0)) for product in phase.products]
        for phase in phases
    ]
    steps = [tf.constant(phase.steps) for phase in phases]
    # All operands are 0.01, so that a product's first number is its inner size / 10,000.
    expected = 2 * (4 + 4) + 6
    if backward:  # by the inputs over the columns, by the weights over the rows of all steps
        expected += 2 * (5 + 5) + 2 + (2 * 3 + 2 * 1) + 3
    graph = tf.function(floor._run_phases, autograph=False)
    assert float(graph(operands, steps)) == pytest.approx(expected * 1e-4, rel=1e-5)


def test_it_takes_time_in_both_precisions() -> None:
    for dtype in ("float32", "bfloat16"):
        span = Floor(dtype, backward=True).measure([Phase(2, (Product(3, 4, 5),))])
        assert span.wall > 0
