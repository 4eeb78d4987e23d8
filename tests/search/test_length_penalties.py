import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.search import (
    LENGTH_PENALTIES,
    GNMTLengthPenalty,
    LengthPenalty,
    MeanLengthPenalty,
    NoLengthPenalty,
    PowerLengthPenalty,
)


@pytest.mark.parametrize(
    ("penalty", "divisors"),
    [
        (GNMTLengthPenalty(1.0), [1, 7 / 6, 2]),
        (GNMTLengthPenalty(2.0), [1, 49 / 36, 4]),
        (GNMTLengthPenalty(0.0), [1, 1, 1]),
        (PowerLengthPenalty(0.5), [1, 2**0.5, 7**0.5]),
        (PowerLengthPenalty(), [1, 2, 7]),
        (MeanLengthPenalty(), [1, 2, 7]),
        (NoLengthPenalty(), [1, 1, 1]),
    ],
)
def test_the_formula(penalty: LengthPenalty, divisors: list[float]) -> None:
    found = penalty(ops.convert_to_tensor([1, 2, 7]))
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    np.testing.assert_allclose(ops.convert_to_numpy(found), divisors, rtol=1e-6)


@pytest.mark.parametrize("cls", LENGTH_PENALTIES.values())
def test_a_config_makes_the_same_penalty(cls: type[LengthPenalty]) -> None:
    penalty = cls(**({"alpha": 0.3} if "alpha" in cls().get_config() else {}))
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(penalty))
    assert type(again) is cls
    assert again.get_config() == penalty.get_config()


@pytest.mark.parametrize("cls", [GNMTLengthPenalty, PowerLengthPenalty])
def test_alpha_is_a_number(cls: type[GNMTLengthPenalty | PowerLengthPenalty]) -> None:
    with pytest.raises(ValueError, match="`alpha` must be a finite number. Received: inf."):
        cls(float("inf"))
