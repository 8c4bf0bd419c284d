"""The images, without building them: linted, and held against the code, the locks and the pools."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from gpu_tools import fake_smi
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from prefect.settings import Settings as PrefectSettings

from blocks.settings import Settings

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "infra" / "docker"
DOCKERFILE = (FOLDER / "Dockerfile").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SCRIPTS = sorted((ROOT / "infra").rglob("*.sh"))


def tool(name: str) -> Path:
    path = Path(sys.executable).parent / name
    if not path.exists():
        pytest.skip(f"{name} is not installed here")
    return path


def argument(name: str) -> str:
    return re.search(rf"^ARG {name}=(.+)$", DOCKERFILE, re.M)[1]


def environment() -> dict[str, str]:
    """The ENV of the images."""
    block = re.search(r"^ENV PATH=.*?(?=^WORKDIR)", DOCKERFILE, re.M | re.S)[0]
    return dict(re.findall(r"([A-Z][A-Z_0-9]+)=(\S+)", block))


def locked(name: str) -> dict[str, str]:
    """Distribution → the first version that a lock pins."""
    pins = re.findall(r"^([A-Za-z0-9_.-]+)==([^ ;\\]+)", (ROOT / name).read_text(), re.M)
    return {canonicalize_name(pin): version for pin, version in reversed(pins)}


def test_the_dockerfile_passes_hadolint():
    checked = subprocess.run([tool("hadolint"), FOLDER / "Dockerfile"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_passes_shellcheck(script: Path):
    checked = subprocess.run([tool("shellcheck"), script], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
    assert script.stat().st_mode & 0o111


def set_up(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What the set-up of a machine would do, with the tools of `tmp_path` before the system's own."""
    command = ["bash", str(FOLDER / "setup-gpu-host.sh"), "--dry-run", *arguments]
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env)


def test_the_set_up_of_a_machine_says_what_it_would_do(tmp_path: Path):
    fake_smi(tmp_path)
    (tmp_path / "apt-cache").write_text("#!/bin/sh\nexit 100\n")
    (tmp_path / "apt-cache").chmod(0o755)
    (tmp_path / "docker").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "docker").chmod(0o755)

    without_addresses = set_up(tmp_path)
    done = set_up(tmp_path, "https://example.is/key", "https://example.is/list")

    assert without_addresses.returncode == 1
    assert "give KEY_URL and LIST_URL" in without_addresses.stderr
    assert done.returncode == 0, done.stderr
    planned = [line for line in done.stdout.splitlines() if line.startswith("+ ")]
    assert [line.split()[1] for line in planned] == [
        *("curl", "gpg", "curl", "sed", "apt-get", "apt-get", "nvidia-ctk", "systemctl", "nvidia-ctk")
    ]


def test_the_set_up_of_a_machine_without_a_driver_ends_with_a_sentence(tmp_path: Path):
    if shutil.which("nvidia-smi", path="/usr/bin:/bin"):
        pytest.skip("this machine has a driver")
    done = set_up(tmp_path)
    assert done.returncode == 1
    assert "there is no NVIDIA driver" in done.stderr


def test_the_base_image_is_pinned_and_of_cuda_12():
    assert re.fullmatch(
        r"nvidia/cuda:12\.\d+\.\d+-runtime-ubuntu\d\d\.04(@sha256:[0-9a-f]{64})?", argument("BASE_IMAGE")
    )


def test_python_is_one_that_the_project_takes():
    version = argument("PYTHON").removeprefix("python")
    assert f"{version}.0" in SpecifierSet(PROJECT["project"]["requires-python"])


def test_what_is_copied_exists_and_is_let_through():
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = set(re.findall(r"^COPY (\S+\.lock) ", DOCKERFILE, re.M))
    assert copied == {"requirements.lock", "requirements-gpu.lock"}
    packages = set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    assert copied | packages | {"pyproject.toml", "prefect.yaml", "LICENSE", PROJECT["project"]["readme"]} == allowed
    assert all((ROOT / name).exists() for name in allowed)
    compiled = re.search(r"compileall -q (.+)", DOCKERFILE)[1].split()
    assert set(compiled) == packages


def test_nothing_secret_or_made_by_runs_gets_into_an_image():
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"  # what is not named stays out


def test_modules_that_the_images_run_are_there():
    modules = set(re.findall(r'"-m", "([\w.]+)"', DOCKERFILE))
    assert modules == {"infra.health", "infra.preflight"}
    for module in (*modules, "infra.runpod.launcher"):
        assert importlib.util.find_spec(module), module


def test_variables_are_those_that_the_settings_know(monkeypatch: pytest.MonkeyPatch):
    env = environment()
    for name, value in env.items():
        if name.startswith("HLADVARP_"):
            assert name.removeprefix("HLADVARP_").lower() in Settings.model_fields
            monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.models_folder == Path(env["HLADVARP_MODELS"])
    assert all(Path(env[name]).is_relative_to("/workspace") for name in ("HLADVARP_DATA", "HLADVARP_MODELS", "HF_HOME"))
    monkeypatch.setenv("PREFECT_RESULTS_LOCAL_STORAGE_PATH", env["PREFECT_RESULTS_LOCAL_STORAGE_PATH"])
    assert PrefectSettings().results.local_storage_path == Path("/workspace/hladvarp/results")
    assert set(re.findall(r"^ENV HLADVARP_PREFLIGHT=(\w+)$", DOCKERFILE, re.M)) == {"cpu", "gpu"}


def test_images_run_as_a_user_and_only_runpods_as_root():
    stages = dict(re.findall(r"^FROM \S+ AS (\S+)\n(.*?)(?=^FROM|\Z)", DOCKERFILE, re.M | re.S))
    users = {name: re.findall(r"^USER (\S+)$", body, re.M) for name, body in stages.items()}
    assert users["cpu"] == users["gpu"] == ["10001:10001"]
    assert users["runpod"] == ["0:0"]
    pool = (ROOT / "deployments" / "pools" / "kubernetes.json").read_text()
    pod = json.loads(pool)["base_job_template"]["job_configuration"]["job_manifest"]["spec"]["template"]["spec"]
    assert f"{pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}" == "10001:10001"


def test_torch_is_the_same_everywhere_and_in_no_hashed_lock():
    torch = argument("TORCH")
    assert f"TORCH := {torch}\n" in (ROOT / "Makefile").read_text()
    assert torch in (FOLDER / "overrides.txt").read_text().splitlines()
    names = locked("requirements-gpu.lock")
    assert not {name for name in names if name == "torch" or name.startswith("nvidia-")}
    assert "://" not in (ROOT / "requirements-gpu.lock").read_text()


def _lines(name: str) -> str:
    return "\n".join(re.findall(r"^[^#\n]+", (ROOT / name).read_text(), re.M))


def test_the_gpu_lock_holds_all_that_the_project_asks_for_in_the_versions_of_the_base_lock():
    base, gpu = locked("requirements.lock"), locked("requirements-gpu.lock")
    extra = PROJECT["project"]["optional-dependencies"]["gpu"]
    asked = [Requirement(text) for text in (*PROJECT["project"]["dependencies"], *extra)]
    missing = {canonicalize_name(each.name) for each in asked} - set(gpu) - {"torch"}
    assert not missing
    assert all(gpu[canonicalize_name(each.name)] in each.specifier for each in asked if each.name != "torch")
    for name in ("prefect", "pydantic", "numpy", "faster-whisper", "ctranslate2", "onnxruntime", "av", "pedalboard"):
        assert gpu[name] == base[name], name
    pins = _lines("requirements-gpu.lock")
    assert pins.count("==") <= pins.count("--hash=sha256:")
