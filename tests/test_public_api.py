"""A public name exists, is described, and is the same word in code, file, registry and README."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import pytest

import kerasseq

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
ROOMS = [room for room in kerasseq.ROOMS if (ROOT / "kerasseq" / room / "__init__.py").is_file()]


def modules_of(room: str) -> list[ModuleType]:
    package = importlib.import_module(f"kerasseq.{room}")
    names = [info.name for info in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
    return [package, *(importlib.import_module(name) for name in names)]


def is_family(name: str, value: Any) -> bool:
    """A family is a constant that maps names to classes, such as `ATTENTIONS`."""
    return (
        name.isupper()
        and isinstance(value, Mapping)
        and len(value) > 0
        and all(isinstance(key, str) and inspect.isclass(each) for key, each in value.items())
    )


def families_of(room: str) -> dict[str, Mapping[str, type]]:
    """The public families by name; a private one may start with an underscore."""
    found: dict[str, Mapping[str, type]] = {}
    for module in modules_of(room):
        found |= {
            name: value
            for name, value in vars(module).items()
            if is_family(name, value) and not name.startswith("_")
        }
    return found


def all_families() -> dict[str, Mapping[str, type]]:
    """Each family once, under the first room that has it: others may import it."""
    found: dict[str, Mapping[str, type]] = {}
    for room in ROOMS:
        for name, members in families_of(room).items():
            if not any(members is other for other in found.values()):
                found[f"{room}.{name}"] = members
    return found


FAMILIES = all_families()
# Members of Keras, such as its cosine schedule, keep Keras' words.
MEMBERS = {
    f"{family}[{name!r}]": (name, cls)
    for family, members in FAMILIES.items()
    for name, cls in members.items()
    if cls.__module__.startswith("kerasseq.")
}
each_room = pytest.mark.parametrize("room", ROOMS)
each_family = pytest.mark.parametrize("members", FAMILIES.values(), ids=FAMILIES.keys())
each_member = pytest.mark.parametrize(("name", "cls"), MEMBERS.values(), ids=MEMBERS.keys())


def snake_case(name: str) -> str:
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def contract_of(members: Mapping[str, type]) -> type | None:
    """The nearest class of ours that all members share, if there is one."""
    classes = list(members.values())
    for base in classes[0].__mro__:
        is_ours = base.__module__.startswith("kerasseq.") and base not in classes
        if is_ours and all(issubclass(cls, base) for cls in classes):
            return base
    return None


def descendants(cls: type) -> set[type]:
    children: list[type] = cls.__subclasses__()
    return {cls}.union(*(descendants(child) for child in children))


def test_the_package_offers_what_it_lists() -> None:
    for name in ["Translator", "Translation", "__version__", *ROOMS]:
        assert name in kerasseq.__all__
        assert getattr(kerasseq, name) is not None
    assert set(dir(kerasseq)) == set(kerasseq.__all__)


@each_room
def test_a_room_says_its_number_and_where_to_start(room: str) -> None:
    text = " ".join((importlib.import_module(f"kerasseq.{room}").__doc__ or "").split())
    number = re.search(rf"^(\d+)\. `kerasseq\.{room}`", kerasseq.__doc__ or "", flags=re.M)
    assert number is not None
    assert re.match(rf"Room {number[1]}\b", text)
    assert re.search(r"\bstart (at|with|in) `", text, flags=re.I)


@each_room
def test_each_public_name_exists_once_and_is_described(room: str) -> None:
    module = importlib.import_module(f"kerasseq.{room}")
    assert len(set(module.__all__)) == len(module.__all__)
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isclass(value):
            assert "__doc__" in vars(value), name
            assert vars(value)["__doc__"], name
        elif callable(value):
            assert value.__doc__, name


@each_room
def test_nothing_public_is_missing_from_the_list(room: str) -> None:
    """What a room's `__init__.py` imports from its own files is meant for users."""
    module = importlib.import_module(f"kerasseq.{room}")
    imported = {
        name
        for name, value in vars(module).items()
        if (inspect.isclass(value) or inspect.isfunction(value))
        and value.__module__.startswith(module.__name__ + ".")
        and not name.startswith("_")
    }
    assert imported <= set(module.__all__)


@each_family
def test_each_finished_class_of_a_family_is_in_it(members: Mapping[str, type]) -> None:
    contract = contract_of(members)
    if contract is None:
        pytest.skip("its members share no class of ours")
    finished = {
        cls
        for cls in descendants(contract)
        if cls.__module__.startswith("kerasseq.") and not inspect.isabstract(cls)
    }
    assert finished - {contract} <= set(members.values())


@each_member
def test_a_member_is_registered_for_saving_under_its_own_name(name: str, cls: type) -> None:
    if hasattr(cls, "get_config"):
        assert keras.saving.get_registered_name(cls) == f"kerasseq>{cls.__name__}"


@each_member
def test_a_member_is_called_the_same_in_registry_class_and_file(name: str, cls: type) -> None:
    """Unless small siblings share a file."""
    assert snake_case(cls.__name__).startswith({"none": "no"}.get(name, name))
    siblings = {each for _, each in MEMBERS.values() if each.__module__ == cls.__module__}
    assert cls.__module__.endswith("." + snake_case(cls.__name__)) or len(siblings) > 1


@each_member
def test_a_member_has_its_test_at_the_same_place(name: str, cls: type) -> None:
    folders, _, stem = cls.__module__.removeprefix("kerasseq.").rpartition(".")
    path = ROOT / "tests" / folders.replace(".", "/") / f"test_{stem}.py"
    assert path.is_file(), f"`{name}` has no test at {path.relative_to(ROOT)}"


@each_room
def test_the_readme_names_each_room(room: str) -> None:
    assert f"`{room}`" in README.read_text(encoding="utf-8")


@each_family
def test_the_readme_names_each_member(members: Mapping[str, type]) -> None:
    """The last of the four steps of "Add an X"."""
    text = README.read_text(encoding="utf-8")
    missing = [
        name
        for name, cls in members.items()
        if not re.search(rf"[`\"']({name}|{cls.__name__})[`\"'(]", text)
    ]
    assert not missing, f"the README lacks {', '.join(missing)}"
