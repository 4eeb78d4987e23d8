"""What computes a translation: texts, ids and network are one graph of TensorFlow's."""

import keras


def check_backend() -> None:
    """Raises unless Keras computes with TensorFlow.

    A network can be trained, and a `Translator` saved and read, with any backend.

    Raises:
        ValueError: if it computes with another.
    """
    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise ValueError(
            "Texts are translated, scored and exported, and experiments run, with Keras' backend "
            f"TensorFlow alone. Received: {backend!r}. What `Translator.save` writes there can be "
            "loaded in a process with KERAS_BACKEND=tensorflow."
        )
