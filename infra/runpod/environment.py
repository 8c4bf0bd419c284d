"""What a pod gets to know: an allow-list of settings, the run's own variables, and secrets by reference alone.

Prefect hands every setting of the worker's process to what it starts: its home, its server's database URL, its
authentication. A pod is a machine of somebody else's, and its environment can be read back in RunPod's console.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from prefect.settings import get_current_settings

from tasks.errors import InvalidSettings

ALLOWED = frozenset(
    {
        "PREFECT_CLIENT_MAX_RETRIES",
        "PREFECT_CLIENT_RETRY_JITTER_FACTOR",
        "PREFECT_DEFAULT_RESULT_STORAGE_BLOCK",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY",
        "PREFECT_LOGGING_EXTRA_LOGGERS",
        "PREFECT_LOGGING_LEVEL",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW",
        "PREFECT_RESULTS_DEFAULT_SERIALIZER",
        "PREFECT_RESULTS_DEFAULT_STORAGE_BLOCK",
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT",
    }
)
_SECRET_NAME = re.compile(
    r"(?i)(^|_)(api_?key|key|token|secret|secret_access_key|password|passwd|pass|passphrase|credentials?|auth_string"
    r"|connection_url|webhook_url|dsn|headers)$"
)
_KEY = re.compile(r"(?<![\w\-])(rpa_|rps_|pnu_|pnb_|hf_|ghp_|github_pat_|sk-)[\w\-]{16,}")
"""What RunPod, Prefect Cloud, Hugging Face, GitHub and OpenAI begin their keys with, whatever holds them."""
_REFERENCE = re.compile(r"\{\{ RUNPOD_SECRET_[A-Za-z_][\w.\-/]* \}\}")
_SECRET_AT_RUNPOD = re.compile(r"[A-Za-z_][\w.\-/]{0,190}")
_MASK = "••••••"
MOST_VARIABLES = 50
"""Of one pod, as RunPod's documentation has it."""


def inherited() -> dict[str, str]:
    """The worker's own settings that a pod may know."""
    settings = get_current_settings().to_environment_variables(exclude_unset=True)
    return {name: value for name, value in settings.items() if name in ALLOWED}


def api_url(chosen: str) -> str:
    """The Prefect API as the pods reach it.

    Raises: InvalidSettings where it can only be reached from the worker's own machine.
    """
    if chosen:
        return chosen.rstrip("/")
    own = str(get_current_settings().api.url or "")
    host = urlsplit(own).hostname or ""
    if not own or host == "localhost" or host.startswith("127.") or host in ("::1", "0.0.0.0"):  # noqa: S104
        raise InvalidSettings(
            f"pods cannot reach the Prefect API at {own or 'no address'}; "
            "write the address that they can reach into the pool's variable `Prefect API`"
        )
    return own.rstrip("/")


def references(secret_env: Mapping[str, str]) -> dict[str, str]:
    """Variables whose values RunPod fills in when the container starts. Raises: InvalidSettings."""
    for variable, secret in secret_env.items():
        if not _SECRET_AT_RUNPOD.fullmatch(secret):
            raise InvalidSettings(
                f"the secret of {variable} is no name of a secret at RunPod; make one there, and write its name"
            )
    return {variable: f"{{{{ RUNPOD_SECRET_{secret} }}}}" for variable, secret in secret_env.items()}


def checked(env: Mapping[str, str]) -> dict[str, str]:
    """The same, where nothing in it is a secret in clear, or a name of RunPod's own.

    Raises: InvalidSettings, which names the variables and none of their values.
    """
    clear = sorted(name for name, value in env.items() if _is_secret(name, value))
    if clear:
        raise InvalidSettings(
            f"{', '.join(clear)} would lie in clear at RunPod; make a secret there, and name it in `Secret variables`"
        )
    taken = sorted(name for name in env if name.startswith("RUNPOD_"))
    if taken:
        raise InvalidSettings(f"{', '.join(taken)} are names of RunPod's own; choose others")
    if len(env) > MOST_VARIABLES:
        raise InvalidSettings(f"{len(env)} variables are more than the {MOST_VARIABLES} that RunPod gives a pod")
    return dict(env)


def masked(env: Mapping[str, str]) -> dict[str, str]:
    """The same to be shown: values that may be secrets are hidden, references are not."""
    return {name: _MASK if _is_secret(name, value) else value for name, value in env.items()}


def _is_secret(name: str, value: str) -> bool:
    if not value or _REFERENCE.fullmatch(value):
        return False
    return bool(_SECRET_NAME.search(name) or _KEY.search(value)) or _has_password(value)


def _has_password(value: str) -> bool:
    try:
        parts = urlsplit(value)
        is_web = parts.scheme in ("http", "https")  # where a name alone is a token
        return "://" in value and (parts.password is not None or (is_web and parts.username is not None))
    except ValueError:
        return False
