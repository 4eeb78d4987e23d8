"""What the tests of the room share: one small trained codec of each kind."""

import pytest

from kerasseq.text import TOKENIZERS, TextCodec

CORPUS = [
    "Hello, world!",
    "How are you (today)?",
    "Jag är trött på det här.",
    "e\u0301toile, étoile, ﬁn",
    "👨\u200d👩\u200d👧 ❤\ufe0f 👍🏽",
    "שלום עולם",
    "日本語のテキスト",
]


@pytest.fixture(scope="session")
def corpus() -> list[str]:
    return list(CORPUS)


@pytest.fixture(scope="session")
def codecs() -> dict[str, TextCodec]:
    """A codec of each tokenizer, trained on the same seven texts."""
    return {name: TextCodec.train(CORPUS, tokenizer=name) for name in TOKENIZERS}
