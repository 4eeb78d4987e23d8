import hypothesis
import pytest
from hypothesis import strategies

from kerasseq.experiments.yaml_text import dump_yaml, load_yaml

plain_values = strategies.recursive(
    strategies.none()
    | strategies.booleans()
    | strategies.integers()
    | strategies.floats(allow_nan=False, allow_infinity=False)
    | strategies.text(),
    lambda values: strategies.lists(values) | strategies.dictionaries(strategies.text(), values),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("true", True),
        ("null", None),
        ("0", 0),
        ("-3", -3),
        ("012", "012"),
        ("1e-3", 0.001),
        ("1.", 1.0),
        (".5", 0.5),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        ("'0'", "0"),
        ("", None),
    ],
)
def test_a_plain_scalar_is_what_it_looks_like(text: str, value: object) -> None:
    assert load_yaml(text) == value
    assert type(load_yaml(text)) is type(value)


@hypothesis.given(plain_values)
def test_what_is_written_is_read_back(value: object) -> None:
    assert load_yaml(dump_yaml(value)) == value


@pytest.mark.parametrize("text", ["1e-3", "no", "012", "1:30", "2024-01-01", "0", "null", "~"])
def test_a_string_stays_a_string(text: str) -> None:
    assert load_yaml(dump_yaml(text)) == text


def test_a_section_may_be_merged_into_another() -> None:
    assert load_yaml("a: &a {b: 1}\nc: {<<: *a, d: 2}") == {"a": {"b": 1}, "c": {"b": 1, "d": 2}}


def test_a_key_that_stands_twice_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"^line 3: .*the key 'epochs' stands twice\.$"):
        load_yaml("training:\n  epochs: 1\n  epochs: 2\n")


def test_a_key_is_a_plain_value() -> None:
    with pytest.raises(ValueError, match=r"^line 1: .*a key must be a string, a number or a bo"):
        load_yaml("{{factor: 4}}")


def test_what_is_not_yaml_is_an_error_with_its_line() -> None:
    with pytest.raises(ValueError, match=r"^line 2: this is not valid YAML: found character '\\t'"):
        load_yaml("a: 1\n\tb: 2")


def test_a_tag_makes_no_object() -> None:
    with pytest.raises(ValueError, match=r"could not determine a constructor .*os\.system"):
        load_yaml("!!python/object/apply:os.system ['true']")
