import os
import time
from collections.abc import Callable, Mapping
from typing import Any

import keras

from kerasseq import checks

PNG_START = b"\x89PNG\r\n\x1a\n"
RED_GREEN_BLUE_ALPHA = 4


class AttentionImages(keras.callbacks.Callback):
    """Shows pictures in TensorBoard after each epoch, such as attention maps of held-out sentences.

    For watching an alignment come into being, or collapse, while a network trains:

        def draw():
            return {
                f"attention/{place}": kerasseq.visualization.encode_figure(
                    kerasseq.visualization.plot_attention(
                        each.attention_weights, each.source_tokens, each.target_tokens
                    )
                )
                for place, each in enumerate(greedy(valid.sources[:3]))
            }

        callbacks=[AttentionImages(draw, "runs/mine/tensorboard")]

    Args:
        draw: returns pictures by name, each the bytes of a PNG file.
        log_dir: where to write, as for Keras' `TensorBoard`, whose folder it may be.
        every: epochs from one time to the next; the first is always shown.

    Raises:
        ImportError: if `tensorboard` is not installed.
        ValueError: if `draw` returns anything but PNG files.
    """

    def __init__(
        self,
        draw: Callable[[], Mapping[str, bytes]],
        log_dir: str | os.PathLike[str],
        every: int = 1,
    ) -> None:
        super().__init__()
        checks.check_positive_integer("every", every)
        try:
            from tensorboard.summary.writer.event_file_writer import EventFileWriter
        except ImportError as error:
            raise ImportError(
                "`AttentionImages` needs tensorboard. Install it: `pip install tensorboard`."
            ) from error
        self.draw = draw
        self.log_dir = os.fspath(log_dir)
        self.every = every
        self._make_writer = EventFileWriter
        self._writer: Any = None

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if epoch % self.every:
            return
        if self._writer is None:  # not before there is something to write
            self._writer = self._make_writer(self.log_dir)
        for name, picture in self.draw().items():
            self._writer.add_event(_event(name, picture, epoch))
        self._writer.flush()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _event(name: str, picture: bytes, epoch: int) -> Any:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

    if not picture.startswith(PNG_START):
        raise ValueError(f"`draw` must return PNG files. Received for {name!r}: {picture[:8]!r}.")
    # Width and height are the first fields of the first chunk.
    width, height = (int.from_bytes(picture[at : at + 4]) for at in (16, 20))
    image = Summary.Image(
        height=height,
        width=width,
        colorspace=RED_GREEN_BLUE_ALPHA,
        encoded_image_string=picture,
    )
    values = [Summary.Value(tag=name, image=image)]
    return Event(wall_time=time.time(), step=epoch, summary=Summary(value=values))
