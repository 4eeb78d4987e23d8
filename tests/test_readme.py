"""What the README shows runs, and what it names exists."""

import contextlib
import io
import os
import re
import shlex
from pathlib import Path
from typing import Any

import keras
import pytest

import kerasseq
from kerasseq import commands, models

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLE, CALLBACKS = "Twenty lines", "Stop by what counts"

# What the example becomes when it has less to learn; each piece stands in it exactly once.
SMALLER = {
    'kerasseq.data.load_sample("tatoeba_eng_swe")': (
        '(pairs[:64] for pairs in kerasseq.data.load_sample("tatoeba_eng_swe"))'
    ),
    'train.sources, tokenizer="subword", vocabulary_size=2000': (
        'train.sources, tokenizer="subword", vocabulary_size=60'
    ),
    'train.targets, tokenizer="subword", vocabulary_size=2000': (
        'train.targets, tokenizer="subword", vocabulary_size=60'
    ),
    "source_codec.vocabulary_size, 128": "source_codec.vocabulary_size, 8",
    "target_codec.vocabulary_size, 128": "target_codec.vocabulary_size, 8",
    "RecurrentEncoder(128,": "RecurrentEncoder(8,",
    "DenseBridge(256,": "DenseBridge(16,",
    '256, cell="lstm", attention=': '16, cell="lstm", attention=',
    "epochs=8": "epochs=1",
}


class Block:
    """A piece of code in the README: its language, its text, and the heading above it."""

    def __init__(self, match: re.Match[str]) -> None:
        self.language, self.text = match.groups()
        before = README[: match.start()]
        self.heading = re.findall(r"^## (.+)$", before, flags=re.M)[-1]
        self.line = before.count("\n") + 1

    def run(self, names: dict[str, Any], replacements: dict[str, str]) -> None:
        """Runs the code in `names`; an error shows the README's own line."""
        text = self.text
        for written, becomes in replacements.items():
            assert text.count(written) == 1, f"{self.heading!r} does not say {written!r} any more"
            text = text.replace(written, becomes)
        exec(compile("\n" * self.line + text, ROOT / "README.md", "exec"), names)


BLOCKS = [Block(match) for match in re.finditer(r"^```(\w+)\n(.*?)^```$", README, re.M | re.S)]
PYTHON = {block.heading: block for block in BLOCKS if block.language == "python"}
SHELL = [
    shlex.split(line, comments=True)
    for block in BLOCKS
    if block.language == "bash"
    for line in block.text.splitlines()
]


def run_example(folder: Path, replacements: dict[str, str]) -> dict[str, Any]:
    """Runs the twenty lines in a folder of their own; returns the names that they leave."""
    names: dict[str, Any] = {}
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()):
        PYTHON[EXAMPLE].run(names, replacements)
    return names


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("readme")


@pytest.fixture(scope="module")
def example(folder: Path) -> dict[str, Any]:
    """What the twenty lines leave after a small training."""
    return run_example(folder, SMALLER)


def test_each_piece_of_code_has_its_test() -> None:
    assert {block.language for block in BLOCKS} == {"python", "bash"}
    assert list(PYTHON) == [EXAMPLE, CALLBACKS]
    assert len(PYTHON) == sum(block.language == "python" for block in BLOCKS)


def test_the_example_has_about_twenty_lines_of_work() -> None:
    statements = [line for line in PYTHON[EXAMPLE].text.splitlines() if line.strip()]
    assert len(statements) <= 30


def test_the_example_ends_with_a_translator_that_translates(example: dict[str, Any]) -> None:
    (translation,) = example["translator"](["How are you?"])
    assert isinstance(translation, kerasseq.Translation)
    assert isinstance(translation.text, str)
    fields = "text score finished alternatives source_tokens target_tokens attention_weights"
    for name in fields.split():
        assert f"`{name}`" in README
        assert hasattr(translation, name)


def test_the_example_leaves_a_file_and_a_folder_for_serving(
    example: dict[str, Any], folder: Path
) -> None:
    texts = ["How are you?", "", "I am tired."]
    loaded = kerasseq.Translator.load(folder / "model.keras")
    expected = [translation.text for translation in example["translator"](texts)]
    assert [translation.text for translation in loaded(texts)] == expected
    assert (folder / "served/eng-swe/1/saved_model.pb").is_file()


def test_the_callbacks_score_the_network_of_the_example(
    example: dict[str, Any], folder: Path
) -> None:
    names = dict(example)
    PYTHON[CALLBACKS].run(names, {})
    with contextlib.chdir(folder):
        history = names["network"].fit(
            names["dataset"], epochs=1, shuffle=False, callbacks=names["callbacks"], verbose=0
        )
    assert 0.0 <= history.history["val_bleu"][0] <= 100.0
    assert (folder / "best.keras").is_file()


@pytest.mark.slow
def test_the_example_as_it_stands_learns_to_translate(tmp_path: Path) -> None:
    """BLEU 34.8 when it was last measured, after some six minutes on two cores."""
    keras.utils.set_random_seed(1)
    names = run_example(tmp_path, {})
    test = names["test"]
    outputs = [translation.text for translation in names["translator"](test.sources)]
    result = kerasseq.evaluation.evaluate(outputs, test.references, ["bleu"])
    assert result.values["bleu"] > 32.0


@pytest.mark.parametrize(
    "words", [words for words in SHELL if words[0] == "kerasseq"], ids=lambda words: words[1]
)
def test_each_flag_of_a_command_line_is_in_its_help(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.main([words[1], "--help"]) == 0
    described = set(re.findall(r"--[\w.]+", capsys.readouterr().out))
    assert {word for word in words if word.startswith("--")} <= described


def test_each_flag_in_the_text_belongs_to_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    for name in commands.COMMANDS:
        assert commands.main([name, "--help"]) == 0
    described = set(re.findall(r"--[\w.]+", capsys.readouterr().out))
    assert set(re.findall(r"`(--[\w.]+)", README)) <= described


def test_each_command_shown_exists() -> None:
    shown = {words[1] for words in SHELL if words[0] == "kerasseq"}
    assert shown <= set(commands.COMMANDS)
    for words in SHELL:
        if words[0].startswith("./"):
            assert os.access(ROOT / words[0], os.X_OK), words[0]


def test_each_path_in_the_text_exists() -> None:
    paths = re.findall(r"`(?:python )?((?:kerasseq|scripts|tests)/[\w./]*)`", README)
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_each_named_network_is_listed() -> None:
    row = re.search(r"^\| named networks \| (.*?) \|", README, flags=re.M)
    assert row is not None
    assert sorted(re.findall(r"`(\w+)`", row[1])) == sorted(models.CATALOGUE)
