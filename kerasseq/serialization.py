"""Register a class, get a member of a family by name, config or object, and what files may name."""

import inspect
from collections.abc import Mapping
from typing import Any, TypeVar, cast

import keras

PACKAGE = "kerasseq"

Class = TypeVar("Class", bound=type)
Member = TypeVar("Member")


def register(cls: Class) -> Class:
    """Registers `cls` with Keras as `kerasseq>ClassName`, so that saved files find it.

    Use as a decorator on every class that stands in a `.keras` file.
    """
    return keras.saving.register_keras_serializable(PACKAGE)(cls)


def get(
    family: Mapping[str, type[Member]], identifier: Any, argument: str, **arguments: Any
) -> Member:
    """Returns a member of a family, chosen by name, by config or as the object itself.

    Args:
        family: the classes by name.
        identifier: a name in `family` (the class is made with `arguments`), a serialized config
            (as from `keras.saving.serialize_keras_object`), a mapping `{"name": ..., **options}`
            (a plain config as YAML writes it; the options win over `arguments`), or an object
            of the family.
        argument: what the caller calls the argument, for the message.
        **arguments: the constructor's arguments when `identifier` is a name or a plain config.

    Raises:
        ValueError: if no member has that name, or the object is of another family.
        TypeError: if a plain config has an option that the member does not take.
    """
    options = dict(identifier) if isinstance(identifier, Mapping) else {"name": identifier}
    name = options.pop("name", None)
    if isinstance(name, str) and name in family:
        return make(family[name], {**arguments, **options}, f"{argument}: {name}")
    if isinstance(identifier, Mapping) and "class_name" in identifier:
        identifier = keras.saving.deserialize_keras_object(dict(identifier))
    if isinstance(identifier, _contract(family)):
        return cast(Member, identifier)
    names = ", ".join(repr(name) for name in sorted(family))
    raise ValueError(
        f"`{argument}` must be one of {names}, a config of one, or an object of that family. "
        f"Received: {identifier!r}."
    )


def make(cls: type[Member], options: Mapping[str, Any], argument: str) -> Member:
    """Returns an object of a class from its arguments as a configuration has them.

    Args:
        cls: the class.
        options: the constructor's arguments.
        argument: what the caller calls this, for the message.

    Raises:
        TypeError: if the class does not take one of them, or needs one that is not there.
    """
    parameters = inspect.signature(cls).parameters
    missing = [
        name
        for name, each in parameters.items()
        if each.default is each.empty
        and each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)
        and name not in options
    ]
    if missing:
        raise TypeError(f"`{argument}` needs the option {', '.join(map(repr, missing))}.")
    if all(each.kind is not each.VAR_KEYWORD for each in parameters.values()):
        unknown = [name for name in options if name not in parameters]
        if unknown:
            raise TypeError(
                f"`{argument}` has no option {', '.join(map(repr, unknown))}. "
                f"It has {', '.join(parameters) or 'none'}."
            )
    return cls(**options)


def check_readable(config: Any) -> None:
    """Raises if a file that holds a config could not be read again.

    Keras writes the name of any class or function, and finds those that are its own or registered.

    Args:
        config: as `keras.saving.serialize_keras_object` gives it, or a part of one.

    Raises:
        ValueError: if it names a class or function that is not registered, or holds a lambda.
    """
    if isinstance(config, Mapping):
        if "class_name" in config and not _is_found(config):
            is_function = config["class_name"] == "function"
            name = config["config" if is_function else "class_name"]
            raise ValueError(
                "What is saved must be registered with Keras, or its file could not be read. "
                f"Received: {name!r}. Put "
                '`@keras.saving.register_keras_serializable("my_package")` above it.'
            )
        config = list(config.values())
    if isinstance(config, list | tuple):
        for each in config:
            check_readable(each)


def _is_found(config: Mapping[str, Any]) -> bool:
    """Whether Keras finds what a serialized object names, as it looks for it in a file."""
    if config["class_name"].startswith("__"):  # of Keras' own: tensors, types and the like
        return config["class_name"] != "__lambda__"  # code, which nobody should run from a file
    if config["class_name"] == "function":  # which Keras looks for in modules of its own too
        try:
            keras.saving.deserialize_keras_object(dict(config))
        except (TypeError, ValueError):
            return False
        return True
    module = config.get("module") or ""  # none for what a script or a notebook defines
    if module.split(".")[0] == "keras":
        return True
    return keras.saving.get_registered_object(config.get("registered_name")) is not None


def _contract(family: Mapping[str, type]) -> tuple[type, ...]:
    """The abstract classes that the members of a family share, else the members themselves."""
    members = list(family.values())
    shared = [
        base
        for base in members[0].__mro__
        if base.__module__.startswith(PACKAGE) and all(issubclass(other, base) for other in members)
    ]
    return tuple(shared) or tuple(members)
