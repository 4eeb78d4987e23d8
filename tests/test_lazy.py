"""Names of a package that load on first use."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

INIT = """
from kerasseq.lazy import attach

__getattr__ = attach(
    __name__,
    {
        "animals": f"{__name__}.animals",
        "Dog": f"{__name__}.animals",
        "Cat": f"{__name__}.animals",
        "broken": f"{__name__}.broken",
    },
)
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A package that names four members; `Cat` does not exist, `broken` does not load."""
    folder = tmp_path / "a_lazy_zoo"
    folder.mkdir()
    (folder / "__init__.py").write_text(INIT, encoding="utf-8")
    (folder / "animals.py").write_text("class Dog: ...\n", encoding="utf-8")
    (folder / "broken.py").write_text("import no_such_module_at_all\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("a_lazy_zoo")
    for name in [name for name in sys.modules if name.startswith("a_lazy_zoo")]:
        del sys.modules[name]


def test_a_member_loads_on_first_use_and_is_kept(package: ModuleType) -> None:
    assert "a_lazy_zoo.animals" not in sys.modules
    dog = package.Dog
    assert dog is sys.modules["a_lazy_zoo.animals"].Dog
    assert vars(package)["Dog"] is dog


def test_a_module_may_be_a_member_itself(package: ModuleType) -> None:
    assert package.animals is sys.modules["a_lazy_zoo.animals"]


def test_a_name_that_is_no_member_is_an_attribute_error(package: ModuleType) -> None:
    message = "^module 'a_lazy_zoo' has no attribute 'Horse'$"
    with pytest.raises(AttributeError, match=message):
        _ = package.Horse
    assert not hasattr(package, "__path_of_nothing__")


def test_a_member_that_its_module_lacks_is_an_attribute_error(package: ModuleType) -> None:
    with pytest.raises(AttributeError, match="'a_lazy_zoo.animals' has no attribute 'Cat'"):
        _ = package.Cat


def test_an_import_that_fails_says_what_is_missing(package: ModuleType) -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module_at_all"):
        _ = package.broken
    assert "broken" not in vars(package)
