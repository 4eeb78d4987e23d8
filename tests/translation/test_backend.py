import keras
import pytest

from kerasseq import Translator

MESSAGE = "with Keras' backend TensorFlow alone. Received: 'jax'. What `Translator.save` writes"


def test_another_backend_that_cannot_translate_is_named(
    translator: Translator, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = translator.with_search("greedy")  # nothing of it is traced yet
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    for ask in (
        lambda: other(["a hat"]),
        lambda: other.complete(["a hat"], ["a"]),
        lambda: other.score([("a hat", "a hat")]),
    ):
        with pytest.raises(ValueError, match=MESSAGE):
            ask()
