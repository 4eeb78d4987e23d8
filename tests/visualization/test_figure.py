import os
import re
from pathlib import Path

import pytest

from kerasseq.visualization import plot_attention, save_figure
from kerasseq.visualization.figure import new_figure

BEGINNINGS = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


@pytest.mark.parametrize("suffix", sorted(BEGINNINGS))
def test_the_suffix_chooses_the_format(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"map{suffix}"
    figure = plot_attention([[0.5, 0.5]], ["▁a", "å"], ["b"])
    assert save_figure(figure, str(path)) == path
    assert path.read_bytes().startswith(BEGINNINGS[suffix])
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_an_upper_case_suffix_and_missing_folders_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "run" / "pictures" / "map.PNG"
    save_figure(new_figure(), path)
    assert path.read_bytes().startswith(BEGINNINGS[".png"])


def test_the_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    save_figure(new_figure(), tmp_path / "map.png")
    (tmp_path / "other").touch()
    assert os.stat(tmp_path / "map.png").st_mode == os.stat(tmp_path / "other").st_mode


def test_a_failure_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    class Failing:
        def savefig(self, path: Path, **options: object) -> None:
            path.write_bytes(b"half")
            raise OSError("disk full")

    path = tmp_path / "map.png"
    path.write_bytes(b"before")
    with pytest.raises(OSError, match="disk full"):
        save_figure(Failing(), path)
    assert path.read_bytes() == b"before"
    assert [each.name for each in tmp_path.iterdir()] == ["map.png"]


@pytest.mark.parametrize(("name", "suffix"), [("map.jpg", ".jpg"), ("map", "")])
def test_another_suffix_is_an_error(name: str, suffix: str, tmp_path: Path) -> None:
    message = f"`path's suffix` must be one of '.pdf', '.png', '.svg'. Received: {suffix!r}."
    with pytest.raises(ValueError, match=re.escape(message)):
        save_figure(new_figure(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []
