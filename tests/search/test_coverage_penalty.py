import math

import numpy as np
import pytest
from keras import ops

from kerasseq.search.coverage_penalty import coverage_penalty


@pytest.mark.backend
def test_what_was_read_less_than_once_costs_its_logarithm() -> None:
    coverage = ops.convert_to_tensor([[0.5, 1.0, 2.0], [0.25, 0.5, 1.0]])
    found = ops.convert_to_numpy(coverage_penalty(coverage, None, beta=2.0))
    np.testing.assert_allclose(found, [2 * math.log(1 / 2), 2 * math.log(1 / 8)], rtol=1e-6)


def test_padding_costs_nothing_and_what_was_never_read_a_finite_number() -> None:
    coverage = ops.zeros((2, 3))
    mask = ops.convert_to_tensor([[True, False, False], [False, False, False]])
    found = ops.convert_to_numpy(coverage_penalty(coverage, mask, beta=1.0))
    np.testing.assert_allclose(found, [math.log(1e-6), 0.0], rtol=1e-6)
