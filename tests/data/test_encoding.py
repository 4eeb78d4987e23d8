import logging
from typing import Any

import pytest

from kerasseq.data import Pairs, TokenRows, encode_pairs, encoding

A, B, C, END = 4, 5, 6, 3


def lists(rows: TokenRows) -> list[list[int]]:
    return [rows[row].tolist() for row in range(len(rows))]


def test_both_sides_end_with_the_end_id_also_empty_ones(codec: Any) -> None:
    encoded = encode_pairs(Pairs(["ab", ""], ["", "c"]), codec, codec)
    assert lists(encoded.sources) == [[A, B, END], [END]]
    assert lists(encoded.targets) == [[END], [C, END]]
    assert encoded.kept.tolist() == [0, 1]
    assert (encoded.dropped, encoded.cut) == (0, 0)


def test_chunks_make_no_difference(codec: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = Pairs(["ab", "", "c", "cc", "a"], ["a", "b", "c", "", "a"])
    whole = encode_pairs(pairs, codec, codec)
    monkeypatch.setattr(encoding, "CHUNK", 2)
    assert lists(encode_pairs(pairs, codec, codec).sources) == lists(whole.sources)


def test_long_pairs_are_dropped_and_counted(codec: Any, caplog: pytest.LogCaptureFixture) -> None:
    pairs = Pairs(["aaa", "a", "aa", "b"], ["b", "bbbb", "bb", "bbb"])
    with caplog.at_level(logging.WARNING):
        encoded = encode_pairs(pairs, codec, codec, max_length=2)
    assert lists(encoded.sources) == [[A, A, END]]
    assert lists(encoded.targets) == [[B, B, END]]
    assert encoded.kept.tolist() == [2]
    assert (encoded.dropped, encoded.cut) == (3, 0)
    assert caplog.messages == [
        "Dropped 3 of 4 pairs: more than 2 tokens in the source (1) or the target (2). "
        "The longest text has 4."
    ]


def test_a_cut_source_ends_with_the_end_id_and_a_cut_target_does_not(
    codec: Any, caplog: pytest.LogCaptureFixture
) -> None:
    pairs = Pairs(["abc", "a"], ["ab", "cbac"])
    with caplog.at_level(logging.WARNING):
        encoded = encode_pairs(pairs, codec, codec, max_length=2, long_pairs="cut")
    assert lists(encoded.sources) == [[A, B, END], [A, END]]
    assert lists(encoded.targets) == [[A, B, END], [C, B, A]]
    assert (encoded.dropped, encoded.cut) == (0, 2)
    assert caplog.messages[0].startswith("Cut 2 of 2 pairs: more than 2 tokens in the source (1)")


def test_the_limit_itself_is_not_long(codec: Any, caplog: pytest.LogCaptureFixture) -> None:
    encoded = encode_pairs(Pairs(["ab"], ["ba"]), codec, codec, max_length=2)
    assert encoded.dropped == 0
    assert not caplog.messages


def test_messages(codec: Any) -> None:
    pairs = Pairs(["aaa"], ["b"])
    with pytest.raises(ValueError, match=r"All 1 pairs have a side of more than max_length=2 tok"):
        encode_pairs(pairs, codec, codec, max_length=2)
    with pytest.raises(ValueError, match=r"`pairs` must hold at least one pair\. Received: none"):
        encode_pairs(Pairs([], []), codec, codec)
    with pytest.raises(TypeError, match=r"must be a `Pairs`\. Received: list\. Use `Pairs\.from"):
        encode_pairs([("a", "b")], codec, codec)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"`max_length` must be .* at least 1\. Received: 0\."):
        encode_pairs(pairs, codec, codec, max_length=0)
    with pytest.raises(ValueError, match=r"`long_pairs` must be one of 'drop', 'cut'\. .* 'keep'"):
        encode_pairs(pairs, codec, codec, long_pairs="keep")  # type: ignore[arg-type]
