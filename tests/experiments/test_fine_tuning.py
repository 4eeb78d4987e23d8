"""A trained translator as the beginning of a run."""

import dataclasses
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kerasseq import Translator, layers, models
from kerasseq.data import Pairs
from kerasseq.experiments import (
    ExperimentConfig,
    FineTuningConfig,
    ModelConfig,
    SearchConfig,
    TextConfig,
    TrainingConfig,
    build_translator,
    train,
)
from kerasseq.experiments.fine_tuning import read_start
from kerasseq.experiments.run_data import RunData
from kerasseq.experiments.weight_transfer import copy_weights, freeze, resized_network
from kerasseq.models import SequenceToSequence
from kerasseq.search import BeamSearch, GreedySearch
from kerasseq.text import TextCodec

OPTIONS = {"embedding_units": 3, "encoder_units": 2, "decoder_units": 4, "cell": "gru"}
MODEL = ModelConfig(**OPTIONS)  # type: ignore[arg-type]


def codec(letters: str) -> TextCodec:
    return TextCodec.train([letters], tokenizer="character")


def named(source: TextCodec, target: TextCodec, **options: Any) -> Translator:
    sizes = (source.vocabulary_size, target.vocabulary_size)
    return Translator(
        source, target, models.build("bidirectional_luong", *sizes, **{**OPTIONS, **options})
    )


def made_by_hand(source: TextCodec, target: TextCodec) -> Translator:
    source_ids = keras.Input((None,), dtype="int32")
    target_ids = keras.Input((None,), dtype="int32")
    embed = layers.TokenEmbedding(source.vocabulary_size, 3)
    memory, state = layers.RecurrentEncoder(4, cell="gru")(embed(source_ids))
    decoder = layers.AttentionDecoder(4, cell="gru", attention="dot")
    read = layers.TokenEmbedding(target.vocabulary_size, 3)
    outputs, _, _ = decoder(read(target_ids), memory, state)
    logits = keras.layers.Dense(target.vocabulary_size, use_bias=False)(outputs)
    return Translator(source, target, SequenceToSequence(source_ids, target_ids, logits))


def values(network: SequenceToSequence) -> list[np.ndarray]:
    return [np.array(variable) for variable in network.weights]


def ids(of: TextCodec, letters: str) -> list[int]:
    return [of.vocabulary.index(letter) for letter in letters]


OLD, NEW = (codec("abcde"), codec("vwxyz")), (codec("cdefgh"), codec("xyzq"))


@pytest.mark.parametrize("make", [named, made_by_hand])
def test_rows_of_known_tokens_are_copied_and_others_drawn(make: Callable[..., Translator]) -> None:
    old = make(*OLD)
    fresh = resized_network(old, *(each.vocabulary_size for each in NEW))
    drawn = values(fresh)
    copy_weights(old, fresh, *NEW)
    rows = {id(weight.variable): weight for weight in fresh.vocabulary_weights()}
    changed = 0
    weights = zip(fresh.weights, values(old.network), drawn, strict=True)
    for variable, before, first in weights:
        after = np.array(variable)
        if id(variable) not in rows:
            np.testing.assert_array_equal(after, before, err_msg=variable.path)
            continue
        changed += 1
        weight = rows[id(variable)]
        (side,) = weight.sides
        (was, now), (kept, new) = {
            "source": ((OLD[0], NEW[0]), ("cde", "fgh")),
            "target": ((OLD[1], NEW[1]), ("xyz", "q")),
        }[side]
        before, after, first = (np.moveaxis(a, weight.axis, 0) for a in (before, after, first))
        np.testing.assert_array_equal(after[:4], before[:4])  # the special tokens
        np.testing.assert_array_equal(after[ids(now, kept)], before[ids(was, kept)])
        np.testing.assert_array_equal(after[ids(now, new)], first[ids(now, new)])
    assert changed == (4 if make is named else 3)


@pytest.mark.parametrize("tie", ["target", "three_way"])
def test_tied_tables_are_copied_by_token_too(tie: str) -> None:
    was, now = codec("abcde"), codec("cdefgh")
    old = named(was, was, tie=tie)
    fresh = named(now, now, tie=tie).network
    copy_weights(old, fresh, now, now)
    tables = 0
    for variable, before in zip(fresh.weights, values(old.network), strict=True):
        if "embedding" in variable.path:
            tables += 1
            after = np.array(variable)
            np.testing.assert_array_equal(after[ids(now, "cde")], before[ids(was, "cde")])
    assert tables == (3 if tie == "target" else 2)


def test_one_table_for_both_sides_needs_one_vocabulary() -> None:
    old = named(OLD[0], OLD[0], tie="three_way")
    other = codec("vwxyz")
    with pytest.raises(ValueError, match="`share_vocabulary` must be true.*of 9 and 9 tokens"):
        copy_weights(old, old.network, OLD[0], other)


def test_another_network_is_no_beginning() -> None:
    other = named(*OLD, decoder_units=8).network
    with pytest.raises(ValueError, match="must hold a network like the one of its configuration"):
        copy_weights(named(*OLD), other, *OLD)


def test_parts_and_layers_are_frozen_by_name() -> None:
    network = named(*OLD).network
    count = len(network.trainable_weights)
    freeze(network, ["encoder", "output", "source_embedding"])
    frozen = {variable.path.split("/")[0] for variable in network.non_trainable_weights}
    assert frozen == {"encoder", "logits", "source_embedding"}
    freeze(network, ["encoder", "output", "source_embedding"], thaw=True)
    assert len(network.trainable_weights) == count
    by_hand = made_by_hand(*OLD).network
    freeze(by_hand, ["decoder", "target_embedding"])
    assert len(by_hand.trainable_weights) < len(by_hand.weights)


def test_what_cannot_be_frozen_says_so() -> None:
    network = named(*OLD).network
    with pytest.raises(ValueError, match=r"source_embedding.*bridge.*output\. Received: 'attenti"):
        freeze(network, ["attention"])
    parts = ["source_embedding", "target_embedding", "encoder", "bridge", "decoder", "output"]
    with pytest.raises(ValueError, match="must leave something to learn. Received: source_embedd"):
        freeze(network, parts)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("files")
    text = TextConfig(tokenizer="character", vocabulary_size=64)
    config = ExperimentConfig(source_text=text, target_text=text, model=MODEL)
    found = {}
    for name, translator in {"named": named(*OLD), "by_hand": made_by_hand(*OLD)}.items():
        if name == "named":
            translator.metadata = {"config": config.to_dict()}
        found[name] = str(folder / f"{name}.keras")
        translator.save(found[name])
    return found


def beginning(file: str, vocabulary: str = "keep", **fields: Any) -> ExperimentConfig:
    return ExperimentConfig(fine_tuning=FineTuningConfig(file, vocabulary), **fields)


def test_what_is_left_out_is_what_the_file_says(files: dict[str, str]) -> None:
    assert read_start(ExperimentConfig()) is None
    start = read_start(beginning(files["named"], model=ModelConfig(dropout=0.4, cell="gru")))
    assert start is not None
    assert start.is_named
    assert start.config.model == dataclasses.replace(MODEL, dropout=0.4)
    assert start.config.source_text == TextConfig(tokenizer="character", vocabulary_size=64)
    by_hand = read_start(beginning(files["by_hand"]))
    assert by_hand is not None
    assert not by_hand.is_named


@pytest.mark.parametrize(
    ("file", "fields", "message"),
    [
        (
            "named",
            {"model": ModelConfig(encoder_units=8)},
            "`model.encoder_units` contradicts `fine_tuning.model`. Received: 8, and '.*' has 2",
        ),
        (
            "named",
            {"model": ModelConfig(name="gnmt_2016")},
            "`model.name` contradicts .* Received: 'gnmt_2016', and '.*' has 'bidirectional_luong'",
        ),
        (
            "named",
            {"source_text": TextConfig(lowercase=True)},
            r"`source_text.lowercase` contradicts .*vocabularies are kept.*vocabulary: new`",
        ),
        ("named", {"share_vocabulary": True}, "`share_vocabulary` contradicts .*Received: True, "),
        (
            "by_hand",
            {"model": ModelConfig(dropout=0.3)},
            "`model` has no meaning .* made by hand. Received: dropout beside",
        ),
        (
            "by_hand",
            {"training": TrainingConfig(dtype="mixed_bfloat16")},
            "`training.dtype` contradicts .*Received: 'mixed_bfloat16', and '.*' computes in floa",
        ),
    ],
)
def test_a_contradiction_names_both_sides(
    files: dict[str, str], file: str, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        read_start(beginning(files[file], **fields))


def test_new_vocabularies_may_be_of_another_kind(files: dict[str, str]) -> None:
    text = TextConfig(tokenizer="word")
    start = read_start(beginning(files["named"], "new", source_text=text))
    assert start is not None
    assert start.config.source_text == text
    assert start.config.target_text.tokenizer == "character"


def test_texts_are_read_field_by_field(files: dict[str, str]) -> None:
    same = TextConfig(vocabulary_size=64)  # as in the file; the tokenizer is not said
    kept = read_start(beginning(files["named"], source_text=same))
    smaller = TextConfig(vocabulary_size=30)
    new = read_start(beginning(files["named"], "new", source_text=smaller))
    assert kept is not None
    assert new is not None
    assert kept.config.source_text == TextConfig(tokenizer="character", vocabulary_size=64)
    assert new.config.source_text == TextConfig(tokenizer="character", vocabulary_size=30)


def test_the_log_and_the_metadata_say_what_the_file_decides(
    files: dict[str, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    translator = Translator.load(files["named"])
    search = SearchConfig("greedy", max_source_length=17)
    said = {**translator.metadata["config"], "search": dataclasses.asdict(search)}
    translator.metadata = {"config": said}
    path = str(tmp_path / "greedy.keras")
    translator.save(path)
    with caplog.at_level(logging.INFO, "kerasseq.experiments.fine_tuning"):
        start = read_start(beginning(path, "new", source_text=TextConfig(tokenizer="subword")))
    assert start is not None
    assert start.config.search == search
    (message,) = caplog.messages
    assert "where the configuration has defaults: source_text.tokenizer 'character', " in message
    assert "search.name 'greedy', search.max_source_length 17." in message
    named = TextConfig(tokenizer={"name": "subword"})
    other = read_start(beginning(path, "new", source_text=named))
    assert other is not None
    assert other.config.source_text == named


def test_the_search_is_that_of_the_file_where_nothing_else_is_said(files: dict[str, str]) -> None:
    before = Translator.load(files["named"]).with_search(GreedySearch(), replace_unknown=True)
    before.metadata = Translator.load(files["named"]).metadata
    before.max_source_length = 17
    banning = before.with_search(GreedySearch(constraints={"banned_ids": [4]}))
    banning.save(files["named"].replace("named", "banning"))
    path = files["named"].replace("named", "greedy")
    before.save(path)
    pairs = RunData(Pairs(["a"], ["b"]), Pairs(["a"], ["b"]), None)
    new = build_translator(beginning(path, "new"), pairs)
    assert type(new.search) is GreedySearch
    kept = build_translator(beginning(path), pairs)
    assert (type(kept.search), kept.max_source_length) == (GreedySearch, 17)
    assert kept.replace_unknown
    # In a new vocabulary the banned id is another token.
    other = files["named"].replace("named", "banning")
    assert type(build_translator(beginning(other, "new"), pairs).search) is BeamSearch
    search = SearchConfig(options={"num_beams": 2})
    said = build_translator(beginning(path, search=search), pairs)
    assert said.search.num_beams == 2  # type: ignore[attr-defined]
    assert said.max_source_length == 17


def test_frozen_parts_without_a_file_have_no_meaning() -> None:
    with pytest.raises(ValueError, match=r"must name the `.keras` file.*freeze \['encoder'\]"):
        FineTuningConfig(freeze=["encoder"])
    with pytest.raises(ValueError, match="`fine_tuning.vocabulary` must be one of 'keep', 'new'"):
        FineTuningConfig("a.keras", vocabulary="old")


@pytest.mark.slow
def test_a_frozen_encoder_stays_and_the_file_can_be_begun_with_again(
    tiny_config: Callable[..., ExperimentConfig], tmp_path: Path
) -> None:
    first = train(tiny_config(epochs=1), tmp_path / "first")
    config = dataclasses.replace(
        tiny_config(epochs=2, optimizer="sgd"),
        fine_tuning=FineTuningConfig(f"{first.folder}/model.keras", "new", ["encoder"]),
    )
    second = train(config, tmp_path / "second")
    weights = zip(second.translator.network.weights, values(first.translator.network), strict=True)
    for variable, before in weights:
        is_same = np.array_equal(np.array(variable), before)
        assert is_same == variable.path.startswith("encoder"), variable.path
    third = dataclasses.replace(
        tiny_config(epochs=1), fine_tuning=FineTuningConfig(f"{second.folder}/model.keras")
    )
    assert len(train(third, tmp_path / "third").translator.network.non_trainable_weights) == 0
