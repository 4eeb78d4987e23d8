"""The page on search shows code that runs, and flags that there are."""

import re
from pathlib import Path
from typing import Any

import keras
import pytest

import kerasseq
from kerasseq import commands

PAGE = (Path(__file__).parents[2] / "docs" / "search.md").read_text(encoding="utf8")


def test_the_code_runs(capsys: pytest.CaptureFixture[str]) -> None:
    keras.utils.set_random_seed(0)
    codec = kerasseq.text.TextCodec.train(["How are you?", "I am"], "character", vocabulary_size=40)
    size = codec.vocabulary_size
    options = {"embedding_units": 4, "encoder_units": 4, "decoder_units": 8}
    network = kerasseq.models.build("bidirectional_luong", size, size, **options)
    # Untrained, it must not write what no text has: special tokens, or a space at an edge.
    bias = network.get_layer("logits").bias
    unwritten = [0, 1, 2, codec.vocabulary.index(" ")]
    bias.assign([-100.0 if index in unwritten else 0.0 for index in range(size)])
    names: dict[str, Any] = {
        "kerasseq": kerasseq,
        "translator": kerasseq.Translator(codec, codec, network, max_source_length=16),
    }
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(block, "search.md", "exec"), names)
    answer = names["answer"]
    assert len(capsys.readouterr().out.splitlines()) == 2 * len(answer.alternatives) > 2
    pairs = [("How are you?", each.text) for each in answer.alternatives]
    for each, forced in zip(answer.alternatives, names["translator"].score(pairs), strict=True):
        length = len(each.target_tokens)  # without an end, where it was cut at its limit
        assert each.target_tokens == forced.target_tokens[:length]
        assert sum(forced.token_scores[:length]) == pytest.approx(each.score, abs=1e-4)


def test_every_flag_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    helped = ""
    for command in (commands.translate, commands.evaluate):
        assert command(["--help"]) == 0
        helped += capsys.readouterr().out
    flags = set(re.findall(r"--[a-z_]+", PAGE))
    assert len(flags) > 10
    assert flags <= set(re.findall(r"--[a-z_]+", helped))
