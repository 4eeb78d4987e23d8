from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers import AttentionDecoder
from kerasseq.layers.decoders.attention_penalty import doubly_stochastic_penalty

WEIGHTS = np.array([[[0.5, 0.5, 0], [1, 0, 0], [0.2, 0.4, 0.4]], [[0, 1, 0]] * 3], "float32")
TARGET_MASK = np.array([[True, True, False], [True, True, True]])
SOURCE_MASK = np.array([[True, True, True], [True, True, False]])


def penalty(target_mask: Any = TARGET_MASK, source_mask: Any = SOURCE_MASK) -> float:
    target_mask = None if target_mask is None else ops.convert_to_tensor(target_mask)
    source_mask = ops.convert_to_tensor(source_mask)
    return float(
        doubly_stochastic_penalty(ops.convert_to_tensor(WEIGHTS), target_mask, source_mask)
    )


def test_it_is_the_published_formula_over_what_is_real() -> None:
    """Summed over the target: (3/2, 1/2, 0) and (0, 3, -); five target positions are real."""
    first = (1 - 3 / 2) ** 2 + (1 - 1 / 2) ** 2 + 1
    second = 1 + (1 - 3) ** 2
    assert penalty() == pytest.approx((first + second) / 5)


def test_without_a_mask_the_whole_target_is_real() -> None:
    first = (1 - 1.7) ** 2 + (1 - 0.9) ** 2 + (1 - 0.4) ** 2
    assert penalty(target_mask=None) == pytest.approx((first + 1 + 4) / 6)


def test_nothing_real_costs_nothing() -> None:
    assert penalty(target_mask=0 * TARGET_MASK > 0, source_mask=0 * SOURCE_MASK > 0) == 0


def make(weight: float) -> tuple[AttentionDecoder, list[Any]]:
    decoder = AttentionDecoder(4, cell="gru", attention="dot", doubly_stochastic=weight)
    rows = np.linspace(-1, 1, 2 * 3 * 4).reshape(2, 3, 4).astype("float32")
    target = keras.layers.Masking(9.0)(np.where(TARGET_MASK[..., None], rows, 9.0))
    source = keras.layers.Masking(9.0)(np.where(SOURCE_MASK[..., None], rows[::-1], 9.0))
    return decoder, [target, source]


def test_a_decoder_adds_it_to_its_losses_in_training_with_both_masks() -> None:
    decoder, arguments = make(0.5)
    _, _, weights = decoder(*arguments, training=True)
    masks = [ops.convert_to_tensor(mask) for mask in (TARGET_MASK, SOURCE_MASK)]
    expected = 0.5 * float(doubly_stochastic_penalty(weights, *masks))
    assert [float(loss) for loss in decoder.losses] == [pytest.approx(expected)]


@pytest.mark.parametrize(("weight", "training"), [(0.5, False), (0.0, True)])
def test_otherwise_there_is_no_loss(weight: float, training: bool) -> None:
    decoder, arguments = make(weight)
    decoder(*arguments, training=training)
    assert decoder.losses == []


def test_it_reaches_the_loss_of_a_model_and_the_weights_of_the_score() -> None:
    tf = pytest.importorskip("tensorflow")
    decoder = AttentionDecoder(4, cell="gru", attention="general", doubly_stochastic=0.5)
    target, source = keras.Input((None, 4)), keras.Input((None, 4))
    model = keras.Model([target, source], decoder(target, source)[0])
    rows = np.linspace(-1, 1, 2 * 3 * 4).reshape(2, 3, 4).astype("float32")
    with tf.GradientTape() as tape:
        model([rows, rows], training=True)
        (loss,) = model.losses
    gradient = tape.gradient(loss, decoder.attention_mechanism.kernel.value)
    assert np.any(gradient.numpy() != 0)
