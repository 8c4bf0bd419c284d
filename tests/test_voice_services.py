"""The stand-in vendors keep the protocols that they stand in for; the documents are named in `voice_services`."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from voice_services import KEYS, VoiceServices

SENTENCE = "Halló, þetta er dæmi um íslenska rödd sem les fréttir dagsins."


@pytest.fixture(scope="module")
def running() -> Iterator[VoiceServices]:
    with VoiceServices() as services:
        yield services


@pytest.fixture
def services(running: VoiceServices) -> Iterator[VoiceServices]:
    yield running
    running.reset()


def test_openai_speaks_as_long_as_it_takes_and_notes_who_said_what(services: VoiceServices):
    answer = httpx.post(
        services.url("openai") + "/v1/audio/speech",
        headers={"Authorization": f"Bearer {KEYS['openai']}"},
        json={"model": "gpt-4o-mini-tts", "input": SENTENCE, "voice": "marin", "response_format": "pcm"},
    )

    [request] = services.asked("openai")
    assert answer.status_code == 200
    assert 3.0 < len(answer.content) / 2 / 24_000 < 7.0
    assert (request.voice, request.text, request.model) == ("marin", SENTENCE, "gpt-4o-mini-tts")
    assert request.spoken
