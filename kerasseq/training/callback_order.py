"""Keras runs callbacks in the order of the list: scores first, then who reads them.

A callback provides scores when it has an attribute `log_modes`, a mapping from keys of the logs
to "max" (more is better) or "min"; it reads one when it has `monitor`, as Keras' own
EarlyStopping, ModelCheckpoint and ReduceLROnPlateau have.
"""

import inspect
from collections.abc import Sequence
from types import FrameType
from typing import Any

import keras


def check_callback_order(callbacks: Sequence[Any]) -> None:
    """Raises if a callback would read a score before it is there, or the wrong way round.

    Keras only warns about a score that is missing, and a search for the best then never ends;
    and it cannot know whether more of our scores is better. `TranslationMetrics` calls this when
    a training begins.

    Args:
        callbacks: the list that `fit` gets.

    Raises:
        ValueError: if a callback monitors a score of another that stands after it, or its `mode`
            is not the score's.
    """
    callbacks = keras.tree.flatten(list(callbacks))
    for position, provider in enumerate(callbacks):
        for key, mode in getattr(provider, "log_modes", {}).items():
            for reader in callbacks[:position]:
                if getattr(reader, "monitor", None) == key:
                    raise ValueError(_order_message(callbacks, reader, key, provider))
            for reader in callbacks[position + 1 :]:
                _check_mode(reader, key, mode)


def siblings(frame: FrameType | None) -> list[Any]:
    """Returns the list of callbacks that is being run, if `frame` is of a callback's method.

    A Keras callback is told its model but not the list it stands in. The one who calls it is
    the list: a `keras.callbacks.CallbackList`. Its frame is the only place where a callback can
    find its siblings, and so the only way to make a wrong order an error in a plain
    `model.fit(callbacks=[...])`. Methods of subclasses may stand between.
    """
    while frame is not None:
        frame = frame.f_back
        caller = frame.f_locals.get("self") if frame else None
        if isinstance(caller, keras.callbacks.CallbackList):
            return keras.tree.flatten(list(caller.callbacks))
        if not isinstance(caller, keras.callbacks.Callback):
            return []
    return []


def current_frame() -> FrameType | None:
    """Returns the frame of whoever calls this."""
    frame = inspect.currentframe()
    return frame.f_back if frame else None


def _check_mode(reader: Any, key: str, mode: str) -> None:
    received = getattr(reader, "mode", mode)
    reads_best = getattr(reader, "save_best_only", True)  # else ModelCheckpoint compares nothing
    if getattr(reader, "monitor", None) == key and reads_best and received != mode:
        better = "more" if mode == "max" else "less"
        raise ValueError(
            f"`{type(reader).__name__}` monitors '{key}', of which {better} is better. "
            f"Received: mode='{received}'. Pass mode='{mode}'."
        )


def _order_message(callbacks: Sequence[Any], reader: Any, key: str, provider: Any) -> str:
    names = ", ".join(type(callback).__name__ for callback in callbacks)
    return (
        f"`{type(reader).__name__}` monitors '{key}' and stands before the "
        f"`{type(provider).__name__}` that provides it, so it would never see a value. "
        f"Received: callbacks=[{names}]. "
        f"Put `{type(provider).__name__}` before it."
    )
