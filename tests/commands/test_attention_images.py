import importlib.util
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kerasseq
from kerasseq import visualization
from kerasseq.commands.attention_images import attention_images, draw_attention
from kerasseq.translation import Alternative, Translation

PAIRS = kerasseq.data.Pairs([f"hello {n}" for n in range(7)], ["world"] * 7)


def translation(weights: Any, target: str = "x") -> Translation:
    best = Alternative("x", -1.0, True, [target], np.zeros(1), np.asarray(weights))
    return Translation("a b", False, ["a", "b"], [best])


def test_pictures_show_the_attention(monkeypatch: pytest.MonkeyPatch) -> None:
    figures: list[Any] = []

    def encode(figure: Any) -> bytes:
        figures.append(figure)
        return b"png"

    monkeypatch.setattr(visualization, "encode_figure", encode)
    found = draw_attention([translation([[0.25, 0.75]]), translation([[1.0, 0.0]])])
    assert found == {"attention/0": b"png", "attention/1": b"png"}
    assert figures[0].axes[0].images[0].get_array().tolist() == [[0.25, 0.75]]


def test_a_network_without_attention_has_no_picture() -> None:
    assert draw_attention([translation([[0.0, 0.0]])]) == {}


def test_a_letter_that_no_font_has_does_not_end_a_training(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        assert draw_attention([translation([[0.5, 0.5]], "\U0010fffd")]) == {}
    assert "No attention map of 'a b': No installed font has the characters" in caplog.text


def test_the_callback_translates_sentences_from_all_over_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tensorboard")
    asked: list[list[str]] = []

    def translate(texts: list[str]) -> list[Translation]:
        asked.append(texts)
        return []

    (make,) = attention_images(str(tmp_path), 2)
    callback = make(translate, PAIRS)  # type: ignore[arg-type]
    assert (callback.log_dir, callback.every) == (str(tmp_path / "tensorboard"), 2)
    for epoch in range(3):
        callback.on_epoch_end(epoch)
    callback.on_train_end()
    assert asked == [["hello 0", "hello 3", "hello 6"]] * 2


def test_without_tensorboard_there_is_no_callback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert attention_images("run") == []
