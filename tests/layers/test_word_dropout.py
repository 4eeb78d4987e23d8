from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers import TokenEmbedding, WordDropout

TOKEN_IDS = np.tile(np.array([2, 5, 6, 7, 1, 3, 0, 0], "int32"), (200, 1))


def drop(layer: WordDropout, training: bool = True) -> Any:
    return ops.convert_to_numpy(layer(ops.convert_to_tensor(TOKEN_IDS), training=training))


@pytest.mark.backend
def test_a_share_of_the_words_becomes_unknown_and_what_frames_them_stays() -> None:
    dropped = drop(WordDropout(0.25, seed=1))
    changed = dropped != TOKEN_IDS
    assert dropped.dtype == np.int32
    assert np.all(dropped[changed] == 1)
    assert not np.any(changed[:, [0, 5, 6, 7]])
    shares = changed[:, 1:4].mean(axis=0)  # 200 draws each: 0.03 is one standard deviation
    assert np.all(np.abs(shares - 0.25) < 0.12)


def test_each_call_draws_anew() -> None:
    layer = WordDropout(0.5, seed=1)
    assert np.any(drop(layer) != drop(layer))


def test_a_seed_says_what_is_drawn() -> None:
    np.testing.assert_array_equal(drop(WordDropout(0.5, seed=1)), drop(WordDropout(0.5, seed=1)))


@pytest.mark.parametrize(("rate", "training"), [(0.5, False), (0.0, True)])
def test_otherwise_nothing_changes(rate: float, training: bool) -> None:
    np.testing.assert_array_equal(drop(WordDropout(rate), training), TOKEN_IDS)


def test_other_ids_may_be_unknown_and_kept() -> None:
    dropped = drop(WordDropout(0.999, unknown_id=9, keep_ids=[5], seed=1))
    assert np.all(dropped[:, 1] == 5)
    assert np.all(np.isin(dropped[:, 2], [6, 9]))
    assert np.any(dropped[:, 0] == 9)


def test_it_stands_before_an_embedding_and_is_restored_from_its_config() -> None:
    token_ids = keras.Input((None,), dtype="int32")
    layer = WordDropout(0.5, keep_ids=(0, 2), seed=3)
    model = keras.Model(token_ids, TokenEmbedding(10, 4)(layer(token_ids)))
    again = keras.Model.from_config(model.get_config())
    assert again.layers[1].get_config() == layer.get_config()
    assert layer.get_config()["keep_ids"] == [0, 2]


def test_a_rate_of_one_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"`rate` must be a number in \[0, 1\)\. Received: 1"):
        WordDropout(1)


def test_ids_must_be_integers_and_those_to_keep_a_list() -> None:
    with pytest.raises(TypeError, match="`token_ids` of `WordDropout` must be integers"):
        WordDropout(0.1)(np.ones((2, 3), "float32"))
    with pytest.raises(TypeError, match="`keep_ids` must be a list of token ids. Received: 0"):
        WordDropout(0.1, keep_ids=0)  # type: ignore[arg-type]


def test_ids_must_not_be_negative() -> None:
    with pytest.raises(ValueError, match=r"`unknown_id` must be .* at least 0\. Received: -1"):
        WordDropout(0.1, unknown_id=-1)
    with pytest.raises(ValueError, match=r"`keep_ids\[1\]` must be .* at least 0\. Received: -2"):
        WordDropout(0.1, keep_ids=[0, -2])
