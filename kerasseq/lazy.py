"""Late imports: a package names what it has and loads it on first use (PEP 562)."""

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def attach(package: str, members: Mapping[str, str]) -> Callable[[str], Any]:
    """Returns the `__getattr__` of a package whose members load on first use.

    Args:
        package: the package's `__name__`.
        members: for each public name the module that holds it; a module that is itself the
            member is named by its own path.
    """

    def load(name: str) -> Any:
        if name not in members:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = importlib.import_module(members[name])
        value = module if members[name] == f"{package}.{name}" else getattr(module, name)
        setattr(sys.modules[package], name, value)
        return value

    return load
