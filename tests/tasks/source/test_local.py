"""Files and folders, real ones."""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path

import pytest

from tasks.errors import EmptySource, SourceNotFound, SourceRefused, SourceTooLarge, SourceUnreachable, StorageFull
from tasks.schemas import SourceLimits
from tasks.source.local import copy_local, find_file, is_settled, stays_inside


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def write(path: Path, data: bytes = b"sound") -> Path:
    path.write_bytes(data)
    return path


def test_find_file_gives_a_named_file(inbox):
    talk = write(inbox / "talk.mp3")
    assert find_file(talk) == talk


def test_find_file_gives_the_only_visible_file_of_a_folder(inbox):
    write(inbox / ".DS_Store")
    write(inbox / "Thumbs.db")
    (inbox / "older").mkdir()
    talk = write(inbox / "þáttur.mp3")
    assert find_file(inbox) == talk


def test_find_file_asks_for_one_name_when_a_folder_holds_several(inbox):
    for n in range(12):
        write(inbox / f"{n:02}.mp3")
    with pytest.raises(SourceRefused, match=r"12 files: '00\.mp3', .* …; name one"):
        find_file(inbox)


def test_find_file_says_so_when_a_folder_is_empty(inbox):
    with pytest.raises(EmptySource, match="no file"):
        find_file(inbox)


def test_find_file_suggests_what_is_nearly_so_called(inbox):
    write(inbox / "surtsey.mp3")
    with pytest.raises(SourceNotFound, match=r"did you mean 'surtsey\.mp3'"):
        find_file(inbox / "surtsay.mp3")


def test_find_file_says_which_folder_is_missing(inbox):
    with pytest.raises(SourceNotFound, match=r"no folder .*/nowhere"):
        find_file(inbox / "nowhere" / "a.mp3")


@pytest.mark.parametrize("name", ["a" * 300, "a\x00b"])
def test_find_file_says_so_when_a_name_cannot_be(inbox, name):
    with pytest.raises(SourceNotFound):
        find_file(inbox / name)


def test_find_file_refuses_a_link_that_leaves_its_folder(inbox, tmp_path):
    (inbox / "talk.mp3").symlink_to(write(tmp_path / "secret"))
    with pytest.raises(SourceRefused, match="outside"):
        find_file(inbox)


def test_find_file_follows_a_link_that_stays_in_its_folder(inbox):
    write(inbox / ".hidden.mp3")
    (inbox / "talk.mp3").symlink_to(".hidden.mp3")
    assert find_file(inbox) == inbox / "talk.mp3"


def test_find_file_ends_when_a_link_points_at_itself(inbox):
    (inbox / "a").symlink_to("a")
    with pytest.raises(SourceNotFound):
        find_file(inbox / "a")


def test_stays_inside_sees_through_links_and_dots(inbox, tmp_path):
    write(tmp_path / "secret")
    (inbox / "out").symlink_to("../secret")
    assert stays_inside(inbox / "a.mp3", inbox)
    assert not stays_inside(inbox / "out", inbox)
    assert not stays_inside(inbox / ".." / "secret", inbox)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_copy_local_refuses_a_file_that_it_may_not_read(inbox, target, limits):
    write(inbox / "a").chmod(0)
    with pytest.raises(SourceRefused, match="may not be read"):
        copy_local(inbox / "a", target, limits=limits)


def test_copy_local_refuses_a_pipe_without_waiting_for_its_writer(inbox, target, limits):
    os.mkfifo(inbox / "pipe")
    with pytest.raises(SourceRefused, match="pipe"):
        copy_local(inbox / "pipe", target, limits=limits)


def test_copy_local_refuses_a_socket_and_a_device(inbox, target, limits, monkeypatch):
    monkeypatch.chdir(inbox)  # the name of a socket has at most 107 bytes
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        with pytest.raises(SourceRefused):
            copy_local(inbox / "s", target, limits=limits)
    with pytest.raises(SourceRefused, match="device"):
        copy_local(Path("/dev/zero"), target, limits=limits)


def test_copy_local_takes_nothing_from_files_that_the_kernel_makes_up(target, limits):
    with pytest.raises(EmptySource):
        copy_local(Path("/proc/self/environ"), target, limits=limits)
    assert not target.exists()


def test_copy_local_refuses_a_file_above_the_limit(inbox, target, limits):
    with pytest.raises(SourceTooLarge, match="100,001"):
        copy_local(write(inbox / "a", bytes(100_001)), target, limits=limits)


def test_copy_local_notices_when_a_file_grows_meanwhile(inbox, target):
    talk = write(inbox / "a", bytes(64 * 2**20))
    stop = threading.Event()

    def grow() -> None:
        with talk.open("ab") as file:
            while not stop.wait(0.001):
                file.write(b"more")
                file.flush()

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        with pytest.raises((SourceUnreachable, SourceTooLarge)):
            copy_local(talk, target, limits=SourceLimits(max_bytes=65 * 2**20))
    finally:
        stop.set()
        writer.join()
    assert sorted(p.name for p in target.parent.iterdir()) == ["inbox"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_copy_local_says_so_when_the_disk_is_full(inbox, target, limits, monkeypatch):
    # The kernel's own full disk in the place of the file under construction.
    monkeypatch.setattr(
        "tasks.source.landing.tempfile.mkstemp",
        lambda **kwargs: (os.open("/dev/full", os.O_WRONLY), str(target.with_suffix(".part"))),
    )
    with pytest.raises(StorageFull, match="no room"):
        copy_local(write(inbox / "a", bytes(90_000)), target, limits=limits)
    assert not target.exists()


def test_is_settled_waits_until_nobody_writes(inbox):
    talk = write(inbox / "talk.mp3")
    now_s = time.time()
    assert not is_settled(talk, 30.0)
    assert is_settled(talk, 30.0, now_s=now_s + 31.0)
    assert is_settled(inbox, 30.0, now_s=now_s + 31.0)


def test_is_settled_is_not_deceived_by_an_old_time_that_a_copy_kept(inbox):
    talk = write(inbox / "talk.mp3")
    os.utime(talk, (0, 0))
    assert not is_settled(talk, 30.0)
    assert not is_settled(inbox, 30.0)


def test_is_settled_denies_a_file_that_is_gone(inbox):
    assert not is_settled(inbox / "gone", 0.0)
