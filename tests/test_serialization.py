"""A member of a family by name, by config, or as the object itself."""

from typing import Any

import keras
import numpy as np
import pytest

from kerasseq.search import LENGTH_PENALTIES
from kerasseq.search.length_penalties import GNMTLengthPenalty, LengthPenalty
from kerasseq.serialization import check_readable, get, register


class Square:
    def __init__(self, side: float = 1.0) -> None:
        self.side = side


class Circle:
    def __init__(self, radius: float = 1.0, filled: bool = False) -> None:
        self.radius = radius
        self.filled = filled


SHAPES: dict[str, type[Any]] = {"square": Square, "circle": Circle}


def penalty(identifier: Any, **arguments: Any) -> LengthPenalty:
    return get(LENGTH_PENALTIES, identifier, "length_penalty", **arguments)


def test_a_name_makes_the_member_with_the_arguments() -> None:
    made = get(SHAPES, "circle", "shape", radius=3.0)
    assert isinstance(made, Circle)
    assert made.radius == 3.0


def test_a_plain_config_is_a_name_and_options_which_win() -> None:
    config = {"name": "circle", "radius": 2.0}
    made = get(SHAPES, config, "shape", radius=3.0, filled=True)
    assert (made.radius, made.filled) == (2.0, True)
    assert config == {"name": "circle", "radius": 2.0}  # as it came, to be written again


def test_an_object_is_returned_as_it_is_and_arguments_do_not_matter() -> None:
    square = Square(4.0)
    assert get(SHAPES, square, "shape", side=9.0) is square


def test_a_config_of_keras_makes_the_object_again() -> None:
    config = keras.saving.serialize_keras_object(GNMTLengthPenalty(alpha=0.3))
    made = penalty(config)
    assert isinstance(made, GNMTLengthPenalty)
    assert made.alpha == 0.3


def test_a_class_of_the_user_s_own_counts_if_it_keeps_the_contract() -> None:
    class NoPenaltyAtAll(LengthPenalty):
        def __call__(self, lengths: Any) -> Any:
            return lengths

        def get_config(self) -> dict[str, Any]:
            return {}

    mine = NoPenaltyAtAll()
    assert penalty(mine) is mine


def test_an_object_of_another_family_is_refused() -> None:
    with pytest.raises(ValueError, match=r"`length_penalty` must be one of .* Received: <.*Square"):
        penalty(Square())
    config = keras.saving.serialize_keras_object(keras.layers.Dense(2))
    with pytest.raises(ValueError, match=r"`length_penalty` must be one of .* Received: <Dense"):
        penalty(config)


@pytest.mark.parametrize(
    "identifier", ["oval", "", None, 3, {"name": "oval"}, {"side": 2}, {"name": ["circle"]}, Square]
)
def test_what_names_no_member_is_told_the_names(identifier: Any) -> None:
    with pytest.raises(ValueError, match="must be one of") as caught:
        get(SHAPES, identifier, "shape")
    assert str(caught.value) == (
        "`shape` must be one of 'circle', 'square', a config of one, or an object of that family. "
        f"Received: {identifier!r}."
    )


def test_an_option_that_the_member_does_not_take_is_an_error() -> None:
    with pytest.raises(TypeError, match="`shape: square` has no option 'radius'. It has "):
        get(SHAPES, {"name": "square", "radius": 1.0}, "shape")


def test_an_option_that_is_missing_is_named() -> None:
    class Circle:
        def __init__(self, radius: float, filled: bool = False) -> None: ...

    with pytest.raises(TypeError, match="`shape: circle` needs the option 'radius'"):
        get({"circle": Circle}, {"name": "circle", "filled": True}, "shape")


def test_a_registered_class_is_found_in_a_file_under_our_name() -> None:
    @register
    class Hexagon:
        def get_config(self) -> dict[str, Any]:
            return {}

    assert keras.saving.get_registered_name(Hexagon) == "kerasseq>Hexagon"
    assert keras.saving.get_registered_object("kerasseq>Hexagon") is Hexagon


def doubled(inputs: Any) -> Any:
    return 2 * inputs


class OfAScript:
    """As a script or a notebook defines it."""

    __module__ = "__main__"

    def get_config(self) -> dict[str, Any]:
        return {}


class Holder:
    def __init__(self, held: Any) -> None:
        self.held = held

    def get_config(self) -> dict[str, Any]:
        return {"held": [keras.saving.serialize_keras_object(self.held)]}


@pytest.mark.parametrize(
    "held",
    [GNMTLengthPenalty(), keras.layers.Dense(2), keras.activations.tanh, np.ones(2), "text", None],
)
def test_what_keras_finds_again_may_be_saved(held: Any) -> None:
    with keras.saving.custom_object_scope({"Holder": Holder}):
        config = keras.saving.serialize_keras_object(Holder(held))
        check_readable(config)
        keras.saving.deserialize_keras_object(config["config"]["held"][0])


@pytest.mark.filterwarnings("ignore:The object being serialized includes a `lambda`")
@pytest.mark.parametrize(
    ("held", "name"),
    [
        (Holder(None), "Holder"),
        (OfAScript(), "OfAScript"),
        (doubled, "doubled"),
        (lambda inputs: inputs, "__lambda__"),
    ],
)
def test_what_keras_would_not_find_again_is_named(held: Any, name: str) -> None:
    config = Holder(held).get_config()
    message = f"must be registered with Keras.* Received: {name!r}. Put `@keras"
    with pytest.raises(ValueError, match=message):
        check_readable(config)
