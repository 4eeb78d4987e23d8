"""The pairs that a configuration names, and the codecs made for them."""

import logging
from pathlib import Path
from typing import Any

import pytest

from kerasseq import data
from kerasseq.data import Pairs
from kerasseq.experiments import (
    DataConfig,
    ExperimentConfig,
    TextConfig,
    TrainingConfig,
    run_data,
)
from kerasseq.experiments.run_data import (
    RunData,
    evaluated_pairs,
    log_report,
    read_data,
    train_codecs,
)

PAIRS = Pairs(["one two", "two"], ["ett två", "två"])


def written(path: Path, *lines: str) -> str:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(path)


def test_tsv_files_are_read_as_the_configuration_says(tmp_path: Path) -> None:
    config = DataConfig(
        train=written(tmp_path / "train.tsv", "swedish\tnote\tenglish", "ett\t-\tone"),
        valid=written(tmp_path / "valid.tsv", "swedish\tnote\tenglish", "två\t\ttwo"),
        source_column="english",
        target_column=0,
    )
    assert read_data(config) == RunData(Pairs(["one"], ["ett"]), Pairs(["two"], ["två"]), None)


def test_parallel_files_stand_side_by_side(tmp_path: Path) -> None:
    names: dict[str, str] = {}
    for split, source, target in (
        ("train", "one", "ett"),
        ("valid", "a\tb", "c"),
        ("test", "", ""),
    ):
        names[split] = written(tmp_path / f"{split}.en", "two", source)
        names[f"{split}_target"] = written(tmp_path / f"{split}.sv", "två", target)
    with pytest.raises(ValueError, match="test.en, line 2"):
        read_data(DataConfig(**names))  # type: ignore[arg-type]
    pairs = read_data(DataConfig(**names, empty="drop"))  # type: ignore[arg-type]
    assert pairs.train == Pairs(["two", "one"], ["två", "ett"])
    assert pairs.valid == Pairs(["two", "a\tb"], ["två", "c"])
    assert pairs.test == Pairs(["two"], ["två"])


def test_paths_are_kept_as_yaml_can_hold_them(tmp_path: Path) -> None:
    assert DataConfig(train=tmp_path / "a.tsv").train == str(tmp_path / "a.tsv")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("option", "way_out"),
    [("vocabulary_size", "`vocabulary_size` beside `tokenizer`"), ("seed", "`seed`")],
)
def test_a_tokenizer_is_not_told_twice(option: str, way_out: str) -> None:
    text = TextConfig(tokenizer={"name": "word", option: 9})
    with pytest.raises(ValueError, match=f"has no option '{option}' here: say it with {way_out}"):
        train_codecs(ExperimentConfig(source_text=text), PAIRS)


def test_a_sample_is_named_in_place_of_files(monkeypatch: pytest.MonkeyPatch) -> None:
    splits = {"toy": (PAIRS, PAIRS[:1], PAIRS[1:])}
    monkeypatch.setattr(data, "load_sample", splits.__getitem__)
    assert read_data(DataConfig(sample="toy")) == RunData(*splits["toy"])


def test_the_shipped_sample_is_one() -> None:
    pairs = read_data(DataConfig(sample="tatoeba_eng_swe"))
    assert pairs.test is not None
    assert [len(each) for each in (pairs.train, pairs.valid, pairs.test)] == [23064, 1000, 1001]


def test_a_test_target_needs_its_sources() -> None:
    with pytest.raises(ValueError, match=r"`data.test_target` needs `data.test`.*: 'c\.de'"):
        read_data(DataConfig(train="a.tsv", valid="b.tsv", test_target="c.de"))


@pytest.mark.parametrize("split", ["train", "valid", "test", "train_target"])
def test_a_sample_and_files_exclude_each_other(split: str) -> None:
    message = (
        rf"^`data.sample` and `data.{split}` exclude each other\. "
        r"Received: 'tatoeba_eng_swe' and 'mine\.tsv'\.$"
    )
    names: dict[str, Any] = {"sample": "tatoeba_eng_swe", split: "mine.tsv"}
    with pytest.raises(ValueError, match=message):
        read_data(DataConfig(**names))


@pytest.mark.parametrize(
    ("field", "value"), [("source_column", "swedish"), ("target_column", 0), ("header", False)]
)
def test_columns_are_refused_where_there_are_none(field: str, value: Any) -> None:
    said: dict[str, Any] = {field: value}
    message = rf"`data.{field}` is for TSV files\. Received: {value!r} beside "
    with pytest.raises(ValueError, match=message + "`data.sample`, 'tatoeba_eng_swe'"):
        read_data(DataConfig(sample="tatoeba_eng_swe", **said))
    lines: dict[str, Any] = {"train": "a", "train_target": "b", "valid": "c", "valid_target": "d"}
    with pytest.raises(ValueError, match=message + "files of plain lines"):
        read_data(DataConfig(**lines, **said))


def test_columns_are_those_of_the_file_that_has_them(tmp_path: Path) -> None:
    for name, text in {"a": "one\n", "b": "ett\n", "c": "ett\tone\n"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    train, train_target, valid = (str(tmp_path / name) for name in "abc")
    config = DataConfig(
        train=train, train_target=train_target, valid=valid, source_column=1, target_column=0
    )
    pairs = read_data(config)
    assert list(pairs.train) == list(pairs.valid) == [("one", "ett")]


@pytest.mark.parametrize(
    ("count", "wanted", "expected"),
    [(501, 500, 500), (20, 8, 8), (3, 8, 3), (7, None, 7), (1000, 500, 500)],
)
def test_as_many_held_out_pairs_are_translated_as_asked_from_all_over(
    count: int, wanted: int | None, expected: int
) -> None:
    texts = [str(number) for number in range(count)]
    pairs = Pairs(texts, texts, [[text, "other"] for text in texts])
    found = evaluated_pairs(TrainingConfig(valid_sentences=wanted), pairs)
    rows = [int(text) for text in found.sources]
    assert len(rows) == expected
    gaps = {after - before for before, after in zip(rows, rows[1:], strict=False)}
    assert gaps <= {count // expected, -(-count // expected)}
    chosen = [texts[row] for row in rows]
    assert found == Pairs(chosen, chosen, [[text, "other"] for text in chosen])


@pytest.mark.parametrize(
    ("names", "received"),
    [
        ({}, "train None, valid None"),
        ({"train": "mine.tsv"}, "train 'mine.tsv', valid None"),
        ({"valid": "held.tsv", "test": "test.tsv"}, "train None, valid 'held.tsv'"),
    ],
)
def test_training_and_held_out_pairs_must_be_named(names: dict[str, Any], received: str) -> None:
    message = rf"^`data.train` and `data.valid` must name files, .* Received: {received}\.$"
    with pytest.raises(ValueError, match=message):
        read_data(DataConfig(**names))


def test_only_held_out_pairs_are_grouped_and_only_if_asked(tmp_path: Path) -> None:
    path = written(tmp_path / "pairs.tsv", "hi\thej", "hi\ttjena", "bye\thej då")
    plain = read_data(DataConfig(train=path, valid=path, test=path))
    assert len(plain.valid) == 3
    grouped = read_data(DataConfig(train=path, valid=path, test=path, group_references=True))
    assert grouped.train == plain.train
    for pairs in (grouped.valid, grouped.test):
        assert pairs is not None
        assert pairs.sources == ["hi", "bye"]
        assert pairs.references == [["hej", "tjena"], ["hej då"]]


def test_each_side_has_its_codec_from_the_training_pairs() -> None:
    config = ExperimentConfig(
        source_text=TextConfig(tokenizer="character", vocabulary_size=6),
        target_text=TextConfig(tokenizer={"name": "regex", "pattern": r"\S+"}, lowercase=True),
    )
    source_codec, target_codec = train_codecs(config, Pairs(["aab"], ["Ett två"]))
    assert source_codec.vocabulary[4:] == ["a", "b"]
    assert set(target_codec.vocabulary[4:]) == {"ett", "två", " "}


def test_a_shared_vocabulary_is_one_codec_of_both_sides() -> None:
    text = TextConfig(tokenizer="character")
    config = ExperimentConfig(source_text=text, target_text=text, share_vocabulary=True)
    source_codec, target_codec = train_codecs(config, Pairs(["ab"], ["bc"]))
    assert source_codec is target_codec
    assert set(source_codec.vocabulary[4:]) == {"a", "b", "c"}


def test_the_log_says_what_the_pairs_look_like(caplog: pytest.LogCaptureFixture) -> None:
    text = TextConfig(tokenizer="character")
    codecs = train_codecs(ExperimentConfig(source_text=text, target_text=text), PAIRS)
    with caplog.at_level(logging.INFO, run_data.logger.name):
        log_report(RunData(PAIRS, PAIRS[:1], None), *codecs, max_length=8)
    assert caplog.messages[0].startswith("Training pairs:\n")
    assert caplog.messages[1:] == ["valid: 1 sources"]
