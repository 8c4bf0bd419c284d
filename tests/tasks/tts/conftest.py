"""What tests of voices share."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hearing import understood

from tasks.tts.engine import Speech


@pytest.fixture(scope="session")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """A function: what the embedded Whisper model understands of a speech."""
    models_folder = tmp_path_factory.mktemp("models")

    def hear(speech: Speech, language: str = "en") -> str:
        return understood(speech, language, models_folder)

    return hear
