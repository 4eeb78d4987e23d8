import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerasseq.visualization import plot_history, read_history

HISTORY: dict[str, list[float | None]] = {
    "epoch": [0, 1, 2],
    "loss": [3.0, 2.0, 1.5],
    "val_loss": [3.1, 2.5, 2.4],
    "val_bleu": [None, 10.0, float("nan")],
    "learning_rate": [1e-3, 1e-3, 5e-4],
}


def lines(axes: Any) -> dict[str, tuple[list[float], list[float]]]:
    return {
        line.get_label(): (list(line.get_xdata()), list(line.get_ydata()))
        for line in axes.get_lines()
    }


def test_a_panel_a_measure_with_training_and_validation_together() -> None:
    loss, bleu, learning_rate = plot_history(HISTORY).axes
    assert (loss.get_title(), bleu.get_title()) == ("loss", "bleu")
    assert learning_rate.get_title() == "learning_rate"
    assert lines(loss) == {
        "training": ([0, 1, 2], [3.0, 2.0, 1.5]),
        "validation": ([0, 1, 2], [3.1, 2.5, 2.4]),
    }
    assert lines(learning_rate) == {"training": ([0, 1, 2], [1e-3, 1e-3, 5e-4])}


def test_epochs_without_a_value_are_left_out() -> None:
    bleu = plot_history(HISTORY).axes[1]
    assert lines(bleu) == {"validation": ([1], [10.0])}
    infinite = plot_history({"loss": [1.0, float("inf"), 3.0]}).axes[0]
    assert lines(infinite) == {"training": ([1, 3], [1.0, 3.0])}
    timeless = plot_history({"epoch": [1, None, 3], "loss": [1.0, 2.0, 3.0]}).axes[0]
    assert lines(timeless) == {"training": ([1, 3], [1.0, 3.0])}


def test_the_x_axis_is_the_epoch_else_the_step_else_a_count_from_1() -> None:
    for clock in ("epoch", "step"):
        axes = plot_history({"loss": [2.0, 1.0], clock: [10, 20]}).axes[0]
        assert axes.get_xlabel() == clock
        assert lines(axes)["training"][0] == [10, 20]
    axes = plot_history({"step": [10, 20], "loss": [2.0, 1.0], "epoch": [1, 2]}).axes[0]
    assert (axes.get_xlabel(), lines(axes)["training"][0]) == ("epoch", [1, 2])
    axes = plot_history({"loss": [2.0, 1.0]}).axes[0]
    assert (axes.get_xlabel(), lines(axes)["training"][0]) == ("epoch", [1, 2])


def test_one_epoch_is_a_point_that_can_be_seen() -> None:
    assert plot_history({"loss": [2.0]}).axes[0].get_lines()[0].get_marker() == "o"


def test_one_epoch_stands_between_whole_numbers() -> None:
    (axes,) = plot_history({"epoch": [1], "loss": [3.0]}).axes
    assert axes.get_xlim() == (0.5, 1.5)


def test_numbers_of_numpy_are_numbers() -> None:
    values = np.array([2.0, 1.0], dtype="float32")
    figure = plot_history({"loss": values})  # type: ignore[dict-item]
    assert lines(figure.axes[0])["training"][1] == [2.0, 1.0]


def test_many_measures_fill_rows_of_three(tmp_path: Path) -> None:
    figure = plot_history({f"measure{n}": [1.0, 2.0] for n in range(7)})
    assert len(figure.axes) == 7
    assert figure.get_size_inches().tolist() == pytest.approx([3 * 4.2, 3 * 3.0])


def test_a_file_is_read_by_columns_and_an_empty_cell_is_nan(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    # Of a spreadsheet, with a mark of byte order.
    path.write_text("epoch,loss,val_bleu\n0,3.5,\n1,2.5,12.25\n", encoding="utf-8-sig")
    history = read_history(path)
    assert list(history) == ["epoch", "loss", "val_bleu"]
    assert history["loss"] == [3.5, 2.5]
    np.testing.assert_array_equal(history["val_bleu"], [np.nan, 12.25])
    assert len(plot_history(history).axes) == 2


def test_a_cell_that_is_no_number_is_named_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text("epoch,loss\n0,3.5\n1,low\n", encoding="utf-8")
    message = f"{path}:3: column 'loss' must hold numbers. Received: 'low'."
    with pytest.raises(ValueError, match=re.escape(message)):
        read_history(path)


@pytest.mark.parametrize(
    ("history", "kind", "message"),
    [
        ([1.0], TypeError, "must be a mapping from column names to lists of numbers. Received: ["),
        ({"loss": 1.0}, TypeError, "`history['loss']` must be a list of numbers. Received: 1.0."),
        (
            {"loss": [1.0, "2"]},
            TypeError,
            "`history['loss'][1]` must be a finite number. Received: '2'.",
        ),
        ({}, ValueError, "`history` must hold at least one measure with at least one epoch."),
        ({"epoch": [1]}, ValueError, "Received columns of lengths: {'epoch': 1}."),
        ({"loss": []}, ValueError, "Received columns of lengths: {'loss': 0}."),
        (
            {"loss": [1.0], "accuracy": [0.5, 0.6]},
            ValueError,
            "`history` must hold columns of equal length. Received: {'loss': 1, 'accuracy': 2}.",
        ),
    ],
)
def test_messages(history: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=re.escape(message)):
        plot_history(history)


@pytest.mark.parametrize("content", [b"loss\n\xff\xfe\n", b"loss\n" + b"1" * 200_000])
def test_a_file_that_is_no_table_is_an_error_with_its_path(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"{re.escape(str(path))}: must be a table .* Received: "):
        read_history(path)
