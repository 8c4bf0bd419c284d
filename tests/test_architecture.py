"""Promises about structure that import-linter cannot hold."""

import ast
import inspect
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tasks import errors

ROOT = Path(__file__).parents[1]
ROOMS = ("flows", "tasks", "blocks", "deployments", "infra")
NAMES_THAT_SAY_NOTHING = {"utils", "helpers", "common", "misc", "base", "manager", "core"}
NOUNS = (
    "asr.engine",
    "tts.engine",
    "tts.espeak.engine",
    "audio.mastering",
    "text.normalize",
    "feed.render",
    "source.fetch",
)

SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return listed.stdout.split("\n")


def test_top_level_holds_the_rooms_of_the_design_and_no_other():
    folders = {name.split("/")[0] for name in tracked() if "/" in name}

    assert folders - {".ci"} <= {*ROOMS, "tests"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_file_is_a_room_and_its_functions_are_of_a_size(path: Path):
    source = path.read_text()
    long = [
        f"{node.name} has {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno - node.lineno >= 60
    ]

    assert source.count("\n") <= 300
    assert not long
    assert path.stem not in NAMES_THAT_SAY_NOTHING


@pytest.mark.parametrize("noun", NOUNS)
def test_noun_reaches_for_neither_prefect_nor_heavy_libraries_when_it_is_imported(noun: str):
    heavy = ("prefect", "torch", "nemo", "faster_whisper", "ctranslate2")
    code = f"import sys, tasks.{noun}; print([name for name in {heavy!r} if name in sys.modules])"

    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)

    assert shown.stdout.strip() == "[]"


def test_every_failure_is_drawn_in_the_tree_and_says_whether_trying_again_helps():
    leaves = {
        name: kind
        for name, kind in vars(errors).items()
        if inspect.isclass(kind) and issubclass(kind, errors.HladvarpError)
    }
    drawn = dict(re.findall(r"[-x] (\w+) +(.*)", errors.__doc__ or ""))
    drawn.setdefault("HladvarpError", "")

    assert set(leaves) == set(drawn) | set(re.findall(r"x (\w+)$", errors.__doc__ or "", re.M))
    for name, kind in leaves.items():
        assert kind.retryable == ("(retryable)" in drawn.get(name, "")), name


def test_every_dependency_has_its_reason_beside_it():
    text = (ROOT / "pyproject.toml").read_text()
    project = tomllib.loads(text)["project"]
    lines = text.partition("[project.optional-dependencies]")[0].split("\n")
    silent = []
    for index, line in enumerate(lines):
        name = line.strip().strip('",')
        if line.startswith('    "') and name in project["dependencies"]:
            before = next(text for text in reversed(lines[:index]) if not text.strip().startswith('"'))
            if "#" not in line and not before.strip().startswith("#"):
                silent.append(name)

    assert not silent
