"""A weight of a shorter memory is shared by the tokens that its position was made of."""

import numpy as np
import tensorflow as tf

from kerasseq.translation.source_positions import weights_of_tokens


def shared(weights: list[float], length: int, width: int, reduction: int) -> list[float]:
    """The weights of one step of one hypothesis of one source."""
    ids = tf.zeros([1, width], tf.int32)
    found = weights_of_tokens(tf.constant([[[weights]]]), tf.constant([length]), ids, reduction)
    return found.numpy()[0, 0, 0].tolist()


def test_each_token_of_a_group_has_its_share() -> None:
    assert shared([0.5, 0.25, 0.25], 5, 5, 2) == [0.25, 0.25, 0.125, 0.125, 0.25]


def test_padding_has_no_share() -> None:
    assert shared([0.75, 0.25], 3, 4, 2) == [0.375, 0.375, 0.25, 0.0]


def test_a_memory_as_long_as_its_source_stays_as_it_is() -> None:
    assert shared([0.75, 0.25, 0.0], 2, 3, 1) == [0.75, 0.25, 0.0]


def test_a_layer_that_says_nothing_of_its_reduction_is_seen_by_the_length() -> None:
    np.testing.assert_allclose(shared([0.5, 0.5], 4, 4, 1), [0.25] * 4)
