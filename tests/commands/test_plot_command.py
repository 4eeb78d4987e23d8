import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import kerasseq
from kerasseq import commands, visualization
from kerasseq.translation.answers import read_translations

TEXT = "hello"


def run(model: str, path: Path, *arguments: str) -> int:
    return commands.plot(["--model", model, "--output", str(path), *arguments])


def count_of(image: Any) -> int:
    return int(image.n_frames)  # which only some of Pillow's classes have


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The figures that were saved: what is drawn is looked at, and not how."""
    saved: list[Any] = []

    def save(figure: Any, path: Any) -> Path:
        saved.append(figure)
        return Path(path)

    monkeypatch.setattr(visualization, "save_figure", save)
    return saved


def test_a_picture_is_drawn(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "pictures" / "attention.png"
    assert run(model, path, "hello world") == 0
    assert capsys.readouterr().out == f"{path}\n"
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_text_may_begin_with_a_dash(model: str, tmp_path: Path, figures: list[Any]) -> None:
    assert run(model, tmp_path / "a.png", "--", "-a") == 0
    (figure,) = figures
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert labels[:2] == ["<unk>", "a"]
    assert run(model, tmp_path / "a.png", "a", "--", "-a") == 2


def test_several_translations_stand_side_by_side(
    model: str, translator: kerasseq.Translator, tmp_path: Path, figures: list[Any]
) -> None:
    assert run(model, tmp_path / "a.png", "--n_best", "2", "--num_beams", "2", TEXT) == 0
    (figure,) = figures
    limits = translator.search.length_rule
    beam = kerasseq.search.BeamSearch(2, n_best=2, length_limits=limits)
    texts = tf.constant([TEXT])
    # Eagerly, since another graph would cost seconds.
    (expected,) = read_translations(texts, translator.with_search(beam).translate_batch(texts))
    assert len(expected.alternatives) == 2
    for axes, alternative in zip(figure.axes, expected.alternatives, strict=False):
        assert axes.get_title() == alternative.text
        np.testing.assert_allclose(
            axes.images[0].get_array(), alternative.attention_weights, atol=1e-6
        )


def test_steps_and_heads_show_the_attention(
    model: str, translator: kerasseq.Translator, tmp_path: Path, figures: list[Any]
) -> None:
    assert run(model, tmp_path / "a.png", "--steps", TEXT) == 0
    assert run(model, tmp_path / "a.png", "--heads", TEXT) == 0
    steps, heads = figures
    (expected,) = translator([TEXT])
    bars = [[bar.get_height() for bar in axes.patches] for axes in steps.axes]
    np.testing.assert_allclose(bars, expected.attention_weights, atol=1e-6)
    np.testing.assert_allclose(
        heads.axes[0].images[0].get_array(), expected.attention_weights, atol=1e-5
    )


def test_the_tree_of_a_beam_search(model: str, tmp_path: Path, figures: list[Any]) -> None:
    assert run(model, tmp_path / "a.png", "--tree", "--num_beams", "2", TEXT) == 0
    texts = [text.get_text() for text in figures[0].axes[0].texts]
    assert texts[0] == "start"
    assert len(texts) > 4


def test_the_tree_of_another_search_is_an_error(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(model, tmp_path / "a.png", "--tree", TEXT) == 2
    message = "--tree draws a search with beams: add --search beam. It is GreedySearch."
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("ending", ["gif", "html"])
def test_an_animation(
    ending: str, model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"animation.{ending}"
    flags = ["--animate", "--seconds", "0.2", "--max_length", "1"]
    assert run(model, path, *flags, "hi") == 0
    assert capsys.readouterr().out == f"{path}\n"
    if ending == "gif":
        with Image.open(path) as image:
            assert count_of(image) == 3 + 1 + 5  # h, i, the end; handing on; a step
    else:
        assert "<!DOCTYPE html>" in path.read_text(encoding="utf-8")


def test_lengths_of_a_file_of_pairs(model: str, tmp_path: Path, figures: list[Any]) -> None:
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("hello\tworld\na b c\ta b c\n", encoding="utf-8")
    assert run(model, tmp_path / "a.png", "--lengths", str(pairs)) == 0
    points, bars = figures[0].axes
    assert points.collections[0].get_offsets()[:, 0].tolist() == [6, 6]  # with the end
    assert bars.get_ylabel() == "BLEU"


def test_groups_of_short_outputs_are_not_all_wrong(
    model: str, translator: kerasseq.Translator, tmp_path: Path, figures: list[Any]
) -> None:
    (output,) = translator(["hello"])
    pairs = tmp_path / "pairs.tsv"
    right = [token for token in output.target_tokens[:3] if token != "<unk>"]
    pairs.write_text(f"hello\t{' '.join(right)}\n", encoding="utf-8")
    assert run(model, tmp_path / "a.png", "--lengths", str(pairs), "--max_length", "3") == 0
    (bar,) = figures[0].axes[1].patches
    assert bar.get_height() == pytest.approx(100)


def test_a_history_needs_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--history", "history.csv", "--output", "a.png"]
    for name in ("alpha", "min_length"):
        assert commands.plot([*flags, f"--{name}", "0"]) == 2
        assert f"takes no --{name}" in capsys.readouterr().err


def test_the_curves_of_a_run(tmp_path: Path, figures: list[Any]) -> None:
    history = tmp_path / "history.csv"
    history.write_text("epoch,loss\n1,3.5\n2,2.5\n", encoding="utf-8")
    assert commands.plot(["--history", str(history), "--output", "a.png"]) == 0
    assert figures[0].axes[0].lines[0].get_ydata().tolist() == [3.5, 2.5]


def test_another_ending_is_an_error(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "attention.bmp"
    assert run(model, path, "hello") == 2
    error = capsys.readouterr().err
    assert error.startswith("kerasseq plot: error: --output must end in .png, .svg, .pdf. Rec")
    assert error.endswith("attention.bmp'.\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: TEXT"),
        (["--animate", "--tree", "hello"], "argument --tree: not allowed with argument --animate"),
        (["--seconds", "1", "hello"], "--seconds belongs to --animate"),
        (["--history", "history.csv", "hello"], "--lengths and --history take no TEXT"),
        (["--history", "history.csv"], "--history draws a run's file and takes no --model"),
        (
            ["--animate", "--minimum_bayes_risk", "even", "hello"],
            "--animate shows the search alone, without --minimum_bayes_risk",
        ),
        (["--lengths", "a.tsv", "--font", "x"], "--lengths writes no text .* takes no --font"),
        (["--tree", "--prefix", "a", "hello"], "--tree shows the search alone, without --prefix"),
        (["--heads", "--rerank_weight", "2", "hello"], "--heads shows .* without --rerank_weight"),
    ],
)
def test_flags_that_do_not_belong_together(
    arguments: list[str], message: str, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(model, Path("x.png"), *arguments) == 2
    assert re.search(message, capsys.readouterr().err)


def test_a_model_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.plot(["--output", "x.png", "hello"]) == 2
    assert "the following arguments are required: --model" in capsys.readouterr().err


def test_an_empty_name_of_a_file_is_one_that_is_not_there(
    model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(model, Path("x.png"), "--lengths", "") == 2
    assert capsys.readouterr().err.startswith("kerasseq plot: error: ")
