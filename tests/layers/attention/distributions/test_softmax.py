import numpy as np
import pytest
from keras import ops

from kerasseq.layers.attention.distributions import Softmax

SCORES = np.log([[[2.0, 1.0, 1.0, 7.0]]]).astype("float32")
MASK = ops.convert_to_tensor([[[True, True, True, False]]])


@pytest.mark.backend
@pytest.mark.parametrize(
    ("temperature", "expected"),
    [
        (1.0, [1 / 2, 1 / 4, 1 / 4, 0]),
        (0.5, [4 / 6, 1 / 6, 1 / 6, 0]),  # squares
        (1e4, [1 / 3, 1 / 3, 1 / 3, 0]),
    ],
)
def test_temperature_divides_the_scores(temperature: float, expected: list[float]) -> None:
    weights = Softmax(temperature)(SCORES, MASK, SCORES)
    np.testing.assert_allclose(weights[0, 0], expected, atol=1e-4)


def test_a_temperature_that_is_not_above_0_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"`temperature` must be a number above 0\. .*: 0\."):
        Softmax(temperature=0)
