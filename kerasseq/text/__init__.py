"""Room 1, text: strings <-> token ids, in graph.

What comes in: texts, as a list of `str` or UTF-8 `bytes` or a string tensor `(batch,)`.
What goes out: ids, as a `tf.RaggedTensor` `(batch, None)` of int32, and texts from ids again.
Start at `text_codec.py`: `TextCodec` is normalisation + tokenizer + vocabulary, and the only
class that other rooms use. `tokenizer.py` holds the contract of the family.

To add a tokenizer: copy `character_tokenizer.py`, the smallest one; register its name in
`tokenizers.py`; add its test beside `tests/text/test_character_tokenizer.py` and its name to the
round trips in `tests/text/test_round_trip.py`; add the row to the README.
"""

from kerasseq.text.byte_tokenizer import ByteTokenizer
from kerasseq.text.character_tokenizer import CharacterTokenizer
from kerasseq.text.normalization import NORMALIZATIONS
from kerasseq.text.regex_tokenizer import RegexTokenizer
from kerasseq.text.special_ids import (
    END_ID,
    PAD_ID,
    SPECIAL_TOKENS,
    START_ID,
    UNKNOWN_ID,
    UNKNOWN_MARKER,
)
from kerasseq.text.subword_tokenizer import SubwordTokenizer
from kerasseq.text.text_codec import TextCodec
from kerasseq.text.tokenizer import Tokenizer
from kerasseq.text.tokenizers import TOKENIZERS
from kerasseq.text.vocabulary import Vocabulary
from kerasseq.text.word_tokenizer import WordTokenizer

__all__ = [
    "END_ID",
    "NORMALIZATIONS",
    "PAD_ID",
    "SPECIAL_TOKENS",
    "START_ID",
    "TOKENIZERS",
    "UNKNOWN_ID",
    "UNKNOWN_MARKER",
    "ByteTokenizer",
    "CharacterTokenizer",
    "RegexTokenizer",
    "SubwordTokenizer",
    "TextCodec",
    "Tokenizer",
    "Vocabulary",
    "WordTokenizer",
]
