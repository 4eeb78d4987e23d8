"""A reader of a file never sees half of it, whatever happens to the writer."""

import errno
import os
import re
import stat
from pathlib import Path
from typing import Any

import pytest

from kerasseq.files import remove_leftovers, write_csv, written_beside


def write(path: str | Path, text: str) -> None:
    with written_beside(path) as temporary:
        Path(temporary).write_text(text, encoding="utf-8")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_file_is_there_when_all_went_well(tmp_path: Path) -> None:
    write(tmp_path / "report.json", "new")
    assert names(tmp_path) == ["report.json"]
    assert (tmp_path / "report.json").read_text(encoding="utf-8") == "new"


def test_the_folder_is_made(tmp_path: Path) -> None:
    write(tmp_path / "runs" / "mine" / "model.keras", "weights")
    assert names(tmp_path / "runs" / "mine") == ["model.keras"]


def test_a_link_stays_one_and_what_it_names_is_written(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link = tmp_path / "link.json"
    link.symlink_to(Path("there") / "real.json")
    for text in ("old", "new"):
        write(link, text)
        assert (tmp_path / "there" / "real.json").read_text(encoding="utf-8") == text
    assert link.is_symlink()
    assert names(tmp_path / "there") == ["real.json"]


def test_a_device_is_not_replaced_by_a_file() -> None:
    with pytest.raises(ValueError, match="/dev/null must be a file. It is a device or a pipe."):
        write("/dev/null", "text")
    assert not Path("/dev/null").is_file()


def test_until_the_end_the_old_file_stays_and_the_new_one_lies_beside(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    write(path, "old")
    with written_beside(path) as temporary:
        Path(temporary).write_text("half", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == "old"
        assert Path(temporary).parent == tmp_path
        assert temporary.endswith(".keras")  # Keras looks at the ending
        assert Path(temporary).name.startswith(".")  # no pattern such as *.keras finds it
    assert path.read_text(encoding="utf-8") == "half"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_error_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "model.keras"
    write(path, "old")

    def write_half() -> None:
        with written_beside(path) as temporary:
            Path(temporary).write_text("half", encoding="utf-8")
            raise error

    with pytest.raises(error):
        write_half()
    assert names(tmp_path) == ["model.keras"]
    assert path.read_text(encoding="utf-8") == "old"


def test_a_writer_that_removes_its_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), written_beside(tmp_path / "a.txt") as temporary:
        os.remove(temporary)
    assert names(tmp_path) == []


def test_a_target_that_is_a_folder_is_an_error_and_stays(tmp_path: Path) -> None:
    (tmp_path / "model.keras").mkdir()
    with pytest.raises(OSError, match="model.keras"):
        write(tmp_path / "model.keras", "weights")
    assert names(tmp_path) == ["model.keras"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
@pytest.mark.parametrize(("mask", "expected"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_others_may_read_what_the_user_lets_them_read(
    tmp_path: Path, mask: int, expected: int
) -> None:
    before = os.umask(mask)
    try:
        write(tmp_path / "model.keras", "weights")
        assert os.umask(mask) == mask
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "model.keras").stat().st_mode) == expected


def test_a_relative_path_means_the_folder_of_the_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with written_beside("report.json") as temporary:
        monkeypatch.chdir(tmp_path / "elsewhere")
        Path(temporary).write_text("new", encoding="utf-8")
    assert names(tmp_path) == ["elsewhere", "report.json"]


def test_leftovers_of_a_killed_writer_are_removed_and_nothing_else(tmp_path: Path) -> None:
    kept = [".hidden.json", "model.keras", "model.partial-keras"]
    for name in [*kept, ".model.partial-x1y2.keras", ".state.partial-abc.npz"]:
        (tmp_path / name).touch()
    remove_leftovers(tmp_path)
    assert names(tmp_path) == kept


def test_the_leftover_of_a_real_writer_has_such_a_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), written_beside(tmp_path / "model.keras"):
        remove_leftovers(tmp_path)
    assert names(tmp_path) == []


def test_no_folder_has_no_leftovers(tmp_path: Path) -> None:
    remove_leftovers(tmp_path / "nowhere")


def test_a_table_has_the_columns_of_all_its_rows(tmp_path: Path) -> None:
    write_csv(tmp_path / "table.csv", [{"epoch": 1, "loss": 2.5}, {"epoch": 2, "words": "a, b"}])
    lines = (tmp_path / "table.csv").read_text(encoding="utf-8").splitlines()
    assert lines == ["epoch,loss,words", "1,2.5,", '2,,"a, b"']


def test_a_full_disk_is_told_with_the_file(tmp_path: Path) -> None:
    """Of a write that fails Python names no file."""
    with (
        pytest.raises(OSError, match=re.escape(str(tmp_path / "model.keras"))),
        written_beside(tmp_path / "model.keras"),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_an_error_that_names_two_files_names_the_one_that_was_wanted(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    with pytest.raises(OSError, match=r"model.keras'$"), written_beside(path) as temporary:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), temporary, None, str(path))


def test_a_file_is_on_disk_before_it_takes_the_place_of_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a power cut leaves an empty file under the name of the old one."""
    order: list[tuple[str, int]] = []
    sync, replace = os.fsync, os.replace

    def fsync(handle: int) -> None:
        order.append(("on disk", os.fstat(handle).st_ino))
        sync(handle)

    def rename(source: Any, target: Any) -> None:
        order.append(("renamed", os.stat(source).st_ino))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", rename)
    with written_beside(tmp_path / "report.json") as temporary:
        Path(temporary).write_text("new", encoding="utf-8")
    file = (tmp_path / "report.json").stat().st_ino
    assert order == [("on disk", file), ("renamed", file)]
