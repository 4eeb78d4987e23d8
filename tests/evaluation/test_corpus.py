import re
from typing import Any

import pytest

from kerasseq.evaluation.corpus import check_corpus, reference_count


def test_one_and_several_references_become_lists() -> None:
    assert check_corpus(["a", "b"], ["c", ["d", "e"]]) == [["c"], ["d", "e"]]


def test_the_number_of_references_is_none_when_it_differs() -> None:
    assert reference_count([["a", "b"], ["c", "d"]]) == 2
    assert reference_count([["a"], ["c", "d"]]) is None


@pytest.mark.parametrize(
    ("hypotheses", "references", "kind", "message"),
    [
        ("ab", ["a"], TypeError, "`hypotheses` must be a list of strings. Received: 'ab'."),
        (["a"], "a", TypeError, "or a list of strings for each hypothesis. Received: 'a'."),
        (["a"], {"a"}, TypeError, "or a list of strings for each hypothesis. Received: {'a'}."),
        ([b"a"], ["a"], TypeError, "`hypotheses[0]` must be a string. Received: b'a'."),
        (["a"], [3], TypeError, "`references[0]` must be a list of strings. Received: 3."),
        (["a"], [["b", None]], TypeError, "`references[0][1]` must be a string. Received: None."),
        ([], [], ValueError, "`hypotheses` must be a list of at least one string. Received: []."),
        (["a"], [[]], ValueError, "`references[0]` must be a list of at least one string."),
        (
            ["a", "b"],
            ["c"],
            ValueError,
            "`references` must have one entry for each hypothesis. "
            "Received: 2 hypotheses, 1 references. "
            "Several references of one sentence stand in a list of their own.",
        ),
    ],
)
def test_messages(hypotheses: Any, references: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=re.escape(message)):
        check_corpus(hypotheses, references)
