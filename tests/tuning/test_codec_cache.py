import dataclasses
from pathlib import Path

import pytest

from kerasseq.data import Pairs
from kerasseq.experiments import ExperimentConfig, TextConfig
from kerasseq.experiments.run_data import train_codec
from kerasseq.text import TextCodec
from kerasseq.tuning.codec_cache import CodecCache

PAIRS = Pairs.from_tuples([("ab", "x y"), ("ba b", "y z z")])


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, int]]:
    """Of each codec that was trained: tokenizer, vocabulary size and number of texts."""
    trained: list[tuple[str, int, int]] = []

    def counted(config: TextConfig, texts: list[str], seed: int) -> TextCodec:
        trained.append((str(config.tokenizer), config.vocabulary_size, len(texts)))
        return train_codec(config, texts, seed)

    monkeypatch.setattr("kerasseq.tuning.codec_cache.train_codec", counted)
    return trained


def config_of(source: int, target: int, shared: bool = False) -> ExperimentConfig:
    return ExperimentConfig(
        source_text=TextConfig(tokenizer="character", vocabulary_size=source),
        target_text=TextConfig(tokenizer="word", vocabulary_size=target),
        share_vocabulary=shared,
    )


def test_the_same_folder_holds_codecs_of_other_texts_apart(tmp_path: Path) -> None:
    config = config_of(8, 8)
    others = Pairs.from_tuples([("cd", "u v"), ("dc d", "v u")])
    first = CodecCache(PAIRS, tmp_path).codecs(config)
    second = CodecCache(others, tmp_path).codecs(config)
    assert not {*first[0].vocabulary[4:]} & {*second[0].vocabulary[4:]} - {" "}
    assert "u" in second[1].vocabulary


def test_each_tokenizer_size_and_side_is_trained_once(
    trained: list[tuple[str, int, int]], tmp_path: Path
) -> None:
    cache = CodecCache(PAIRS, tmp_path)
    for source in (6, 7):
        for target in (6, 7):
            other = dataclasses.replace(config_of(source, target).model, cell="gru")
            assert cache.codecs(config_of(source, target)) == cache.codecs(
                dataclasses.replace(config_of(source, target), model=other)
            )
    assert sorted(trained) == [
        *(("character", 6, 2), ("character", 7, 2), ("word", 6, 2), ("word", 7, 2))
    ]


def test_equal_sides_are_two_and_a_shared_one_is_a_third(
    trained: list[tuple[str, int, int]],
) -> None:
    cache = CodecCache(PAIRS)
    same = TextConfig(tokenizer="character", vocabulary_size=9)
    both = ExperimentConfig(source_text=same, target_text=same)
    source, target = cache.codecs(both)
    assert "a" in source.vocabulary
    assert "a" not in target.vocabulary
    first, second = cache.codecs(dataclasses.replace(both, share_vocabulary=True))
    assert first is second
    assert trained == [("character", 9, 2), ("character", 9, 2), ("character", 9, 4)]


def test_codecs_of_another_seed_are_others(trained: list[tuple[str, int, int]]) -> None:
    """What a training of subwords draws depends on it."""
    cache = CodecCache(PAIRS)
    for seed in (1, 2, 1):
        cache.codecs(dataclasses.replace(config_of(7, 7), seed=seed))
    assert len(trained) == 4


def test_another_session_finds_them_in_the_folder(
    trained: list[tuple[str, int, int]], tmp_path: Path
) -> None:
    config = config_of(7, 7)
    before = CodecCache(PAIRS, tmp_path).codecs(config)
    after = CodecCache(PAIRS, tmp_path).codecs(config)
    assert len(trained) == 2
    for ours, theirs, text in zip(before, after, ("ab", "x z"), strict=True):
        assert ours.get_config() == theirs.get_config()
        assert ours.encode([text]).to_list() == theirs.encode([text]).to_list()
