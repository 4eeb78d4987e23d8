import keras
import pytest

from kerasseq.text import TOKENIZERS, Tokenizer


@pytest.mark.parametrize("name", sorted(TOKENIZERS))
def test_a_member_is_named_and_registered_like_its_class(name: str) -> None:
    cls = TOKENIZERS[name]

    assert cls.__name__ == f"{name.capitalize()}Tokenizer"
    assert keras.saving.get_registered_name(cls) == f"kerasseq>{cls.__name__}"
    assert issubclass(cls, Tokenizer)


@pytest.mark.parametrize("name", sorted(TOKENIZERS))
def test_a_member_is_made_again_from_its_config(name: str) -> None:
    tokenizer = TOKENIZERS[name]()

    assert type(tokenizer).from_config(tokenizer.get_config()).get_config() == (
        tokenizer.get_config()
    )


def test_the_contract_alone_is_no_tokenizer() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Tokenizer()
