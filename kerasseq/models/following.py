"""How `fit` tells a dataset which epoch begins."""

from typing import Any

import keras


def following_epochs(arguments: dict[str, Any]) -> dict[str, Any]:
    """Returns the arguments of a `fit`, with a callback by which its dataset follows the epochs.

    Keras may ask several devices' datasets for batches before it says that an epoch begins.

    Args:
        arguments: of `fit`, by name; those of a dataset that does not follow stay as they are.
    """
    follow = getattr(arguments["x"], "follow_epochs", None)
    if follow is None:
        return arguments
    follower = follow(arguments.get("initial_epoch") or 0)
    callbacks = arguments.get("callbacks") or []
    if isinstance(callbacks, keras.callbacks.CallbackList):
        # Behind the follower of an earlier `fit` with the same list, so that this one counts.
        callbacks.callbacks.append(follower)
        return arguments
    return {**arguments, "callbacks": [follower, *keras.tree.flatten(callbacks)]}
