import re
import sys
from pathlib import Path

import pytest

from kerasseq.training import AttentionImages
from kerasseq.visualization import encode_figure, plot_attention


def picture(weight: float) -> bytes:
    return encode_figure(plot_attention([[weight, 1 - weight]], ["a", "b"], ["c"]))


def test_tensorboard_reads_back_the_pictures_of_each_epoch(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    pictures = [picture(0.25), picture(0.75)]
    remaining = list(pictures)
    callback = AttentionImages(lambda: {"attention/0": remaining.pop(0)}, tmp_path / "board", 2)
    for epoch in range(4):
        callback.on_epoch_end(epoch)
    callback.on_train_end()
    accumulator = EventAccumulator(str(tmp_path / "board")).Reload()
    images = accumulator.Images("attention/0")
    assert [image.step for image in images] == [0, 2]
    assert [image.encoded_image_string for image in images] == pictures
    size = (images[0].width, images[0].height)
    assert size == tuple(int.from_bytes(pictures[0][at : at + 4]) for at in (16, 20))


def test_nothing_is_written_before_there_is_a_picture(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    callback = AttentionImages(dict, tmp_path / "board")
    callback.on_train_end()
    assert not (tmp_path / "board").exists()


def test_what_is_no_png_file_is_an_error(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    callback = AttentionImages(lambda: {"map": b"GIF89a.."}, tmp_path)
    message = re.escape("`draw` must return PNG files. Received for 'map': b'GIF89a..'.")
    with pytest.raises(ValueError, match=message):
        callback.on_epoch_end(0)
    callback.on_train_end()


def test_without_tensorboard_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard.summary.writer.event_file_writer", None)
    with pytest.raises(ImportError, match=r"Install it: `pip install tensorboard`\."):
        AttentionImages(dict, tmp_path)
