"""What is in the cache is whole, however its making ended."""

import errno
import threading
from pathlib import Path

import pytest

from ipcmark_debian.folders import cache_folder, cached, held
from ipcmark_report.model import BadInput


def test_an_entry_is_made_once(tmp_path: Path) -> None:
    made = []
    for _ in range(2):
        entry = cached(tmp_path, "library", lambda folder: made.append((folder / "file").write_text("x")))
    assert len(made) == 1 and (entry / "file").read_text() == "x"


@pytest.mark.parametrize("end", [KeyboardInterrupt, OSError])
def test_what_was_half_made_is_gone_and_made_anew(tmp_path: Path, end: type[BaseException]) -> None:
    def begin(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise end

    with pytest.raises(end):
        cached(tmp_path, "library", begin)
    assert list(tmp_path.iterdir()) == []
    assert not (cached(tmp_path, "library", lambda folder: None) / "half").exists()


def test_what_a_killed_one_left_is_taken_away(tmp_path: Path) -> None:
    (tmp_path / "library.partial-abc").mkdir()
    (tmp_path / "library.partial-abc" / "half").write_text("x")
    cached(tmp_path, "library", lambda folder: None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["library"]


def test_two_at_once_make_it_once(tmp_path: Path) -> None:
    made: list[str] = []
    with held(tmp_path, "wait"):
        both = [threading.Thread(target=cached, args=(tmp_path, "library", lambda folder: made.append(folder.name)))
                for _ in range(2)]
        for one in both:
            one.start()
        assert not made
    for one in both:
        one.join(timeout=30)
        assert not one.is_alive()
    assert len(made) == 1


def test_the_cache_lies_where_the_user_keeps_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    assert cache_folder("bundle") == Path("/elsewhere/ipcmark/bundle")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/a")
    assert cache_folder("bundle") == Path("/home/a/.cache/ipcmark/bundle")


def test_who_does_not_wait_is_refused_in_one_line(tmp_path: Path) -> None:
    with held(tmp_path, "wait"), pytest.raises(BadInput, match="another one of these is writing it; wait for it, or give another"):
        with held(tmp_path, "give another", waiting=False):
            pass


def test_a_full_disk_is_named_with_its_folder(tmp_path: Path) -> None:
    def fill(folder: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(BadInput, match="the disk is full; make room, or set XDG_CACHE_HOME"):
        cached(tmp_path, "library", fill)
    assert list(tmp_path.iterdir()) == []
