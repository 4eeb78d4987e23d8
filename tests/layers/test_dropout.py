import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.dropout import draw_factors, drop


@pytest.mark.parametrize(("rate", "training"), [(0.5, False), (0.5, None), (0.0, True)])
def test_nothing_is_drawn_where_nothing_drops(rate: float, training: bool | None) -> None:
    seed = keras.random.SeedGenerator(1)
    before = ops.convert_to_numpy(seed.state).tolist()
    inputs = ops.ones((2, 3))
    assert draw_factors((2, 3), rate, seed, training) is None
    assert drop(inputs, rate, seed, training) is inputs
    assert ops.convert_to_numpy(seed.state).tolist() == before


def test_factors_are_zero_or_make_up_for_what_is_dropped() -> None:
    factors = draw_factors((50, 40), 0.75, keras.random.SeedGenerator(1), True)
    factors = ops.convert_to_numpy(factors)
    assert set(np.unique(factors)) == {0.0, 4.0}
    assert abs((factors == 0).mean() - 0.75) < 0.05  # 2,000 draws: 0.01 is a standard deviation
