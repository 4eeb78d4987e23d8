"""The family of tokenizers by name."""

from kerasseq.text.byte_tokenizer import ByteTokenizer
from kerasseq.text.character_tokenizer import CharacterTokenizer
from kerasseq.text.regex_tokenizer import RegexTokenizer
from kerasseq.text.subword_tokenizer import SubwordTokenizer
from kerasseq.text.tokenizer import Tokenizer
from kerasseq.text.word_tokenizer import WordTokenizer

TOKENIZERS: dict[str, type[Tokenizer]] = {
    "character": CharacterTokenizer,
    "byte": ByteTokenizer,
    "word": WordTokenizer,
    "regex": RegexTokenizer,
    "subword": SubwordTokenizer,
}
"""What the argument `tokenizer` takes by name."""
