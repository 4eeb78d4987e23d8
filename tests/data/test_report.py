import json
from typing import Any

import pytest

from kerasseq.data import Pairs, report_pairs


def test_a_report_by_hand(codec: Any) -> None:
    pairs = Pairs(["ab", "ab", "?cd", ""], ["a", "a", "b", "abcde"])
    report = report_pairs(pairs, codec, codec, max_length=3)
    assert report.as_dict() == {
        "pairs": 4,
        "duplicates": 1,
        "limit": 3,
        "over_limit": 1,
        "source": {
            "tokens": 7,
            "mean_length": 1.75,
            "p95_length": 3,
            "max_length": 3,
            "unknown_rate": 1 / 7,
            "distinct": 3,
            "empty": 1,
        },
        "target": {
            "tokens": 8,
            "mean_length": 2.0,
            "p95_length": 5,
            "max_length": 5,
            "unknown_rate": 0.0,
            "distinct": 3,
            "empty": 0,
        },
    }
    assert json.loads(json.dumps(report.as_dict())) == report.as_dict()
    assert str(report) == (
        "4 pairs, 1 of them duplicates\n"
        "            mean   p95   max      tokens   unknown   empty\n"
        "source       1.8     3     3           7    14.29%       1\n"
        "target       2.0     5     5           8     0.00%       0\n"
        "1 (25.00%) longer than 3 tokens"
    )


def test_p95_is_a_length_that_95_percent_do_not_exceed(codec: Any) -> None:
    texts = ["a"] * 94 + ["aa"] + ["aaa"] * 5
    assert report_pairs(Pairs(texts, texts), codec, codec).source.p95_length == 2


def test_without_a_limit_nothing_is_over_it(codec: Any) -> None:
    report = report_pairs(Pairs(["a"], [""]), codec, codec)
    assert (report.limit, report.over_limit, report.target.unknown_rate) == (None, 0, 0.0)
    assert "longer than" not in str(report)


def test_messages(codec: Any) -> None:
    with pytest.raises(TypeError, match=r"`pairs` must be a `Pairs`\. Received: list\. Use"):
        report_pairs([("a", "b")], codec, codec)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"`pairs` must hold at least one pair\. Received: none"):
        report_pairs(Pairs([], []), codec, codec)
    with pytest.raises(ValueError, match=r"`max_length` must be .* at least 1\. Received: 0\."):
        report_pairs(Pairs(["a"], ["b"]), codec, codec, max_length=0)
