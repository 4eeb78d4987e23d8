"""The changelog says what is new before it is released."""

import re
from pathlib import Path

CHANGELOG = Path(__file__).parent.parent / "CHANGELOG.md"


def sections() -> dict[str, str]:
    """The text below each `## [name]`."""
    parts = re.split(r"^## \[([^\]]+)\].*$", CHANGELOG.read_text(encoding="utf-8"), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_unreleased_comes_first_and_is_not_empty() -> None:
    assert next(iter(sections())) == "Unreleased"
    assert re.search(r"^- \S", sections()["Unreleased"], flags=re.M)


def test_entries_stand_under_the_headings_of_keep_a_changelog() -> None:
    headings = re.findall(r"^### (.+)$", CHANGELOG.read_text(encoding="utf-8"), flags=re.M)
    assert set(headings) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_header_says_what_the_version_covers() -> None:
    header = CHANGELOG.read_text(encoding="utf-8").split("## [")[0]
    for promise in ("public names", "configuration", "saved models", "SavedModel", "scripts"):
        assert promise in header
