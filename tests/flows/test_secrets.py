"""No key, no statement and no recording of a person shows up anywhere, whether a run succeeds or fails."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
import soundfile
from prefect.blocks.core import Block
from prefect.settings import get_current_settings
from voice_services import KEYS, VoiceServices

import tasks.clone
from blocks import (
    AzureSpeechCredentials,
    ElevenLabsCredentials,
    OpenAICredentials,
    PollyCredentials,
    SavedConsent,
    SavedVoice,
    VoiceServer,
)
from flows.clone import clone_voice, revoke_consent
from flows.preview import preview_voice
from tasks.errors import EngineDenied, HladvarpError, RequestRefused
from tasks.schemas import Consent, VoicePreset
from tasks.schemas.cloning import CloneRequest
from tasks.tts.engine import load_engine

KEY = "sk_leyndarmal_7c1f0e9b52d84a63"
WRONG_KEY = "sk_rangur_lykill_0d4e6a8c1b3f5729"
STATEMENT = "Ég, Guðrún, samþykki þetta með orðunum blágrýti og sjávarniður."
SHOWN = "gudrun-leynd"  # what may be seen, and must be found, or the search is blind


@pytest.fixture
def services() -> Iterator[VoiceServices]:
    with VoiceServices() as started:
        started.elevenlabs.key = KEY
        yield started


def recording(path: Path) -> bytes:
    """A person's speech, and a stretch from its middle by which its bytes are known."""
    voice = VoicePreset(name="test", voice="f2", pitch=3.0)
    said = load_engine("espeak").synthesize(
        "Þetta er röddin mín, og hana á ég sjálf, hvað sem öðru líður.", voice, "is"
    )
    soundfile.write(path, np.tile(said.samples[0], 3)[: 8 * said.sample_rate_hz], said.sample_rate_hz)
    data = path.read_bytes()
    loud = int(np.argmax(np.abs(np.frombuffer(data[44:], "<i2"))))
    return data[44 + 2 * loud - 32 : 44 + 2 * loud + 32]


def written_forms(secret: bytes) -> set[bytes]:
    """A secret as it may be written: plain, in JSON, in an address, hexadecimal, and in base64 wherever it begins."""
    forms = {secret, secret.hex().encode(), quote(secret).encode()}
    for shift in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            # What stands before and after it changes the characters at its ends.
            forms.add(encode(b"\0" * shift + secret)[4 if shift else 0 : (shift + len(secret)) // 3 * 4])
    with contextlib.suppress(UnicodeDecodeError):
        forms.add(json.dumps(secret.decode())[1:-1].encode())
        forms.add(secret.decode().encode("utf-16-le"))
    return forms


def database() -> bytes:
    """All that Prefect keeps: runs, parameters, states, logs, artifacts, events, blocks."""
    address = get_current_settings().server.database.connection_url
    assert address is not None
    with sqlite3.connect(address.get_secret_value().partition("///")[2]) as connection:
        rows = [
            repr(row)
            for (table,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall()
            for row in connection.execute(f'select * from "{table}"')
        ]
    return "\n".join(rows).encode(errors="surrogateescape")


def database_that_holds(*texts: bytes) -> bytes:
    """The same, when logs and events have arrived: Prefect sends them every two seconds."""
    deadline = time.monotonic() + 30
    while not all(text in (found := database()) for text in texts):
        assert time.monotonic() < deadline, [text for text in texts if text not in found]
        time.sleep(0.5)
    return found


def failing(run: object, error: type[HladvarpError]) -> str:
    with pytest.raises(error) as caught:
        asyncio.run(run)  # type: ignore[arg-type]
    chain, texts = caught.value, []
    while chain is not None:
        texts += [str(chain), repr(chain)]
        chain = chain.__cause__ or chain.__context__
    return "\n".join(texts)


PRESETS = (
    VoicePreset(name="rangt-elevenlabs", engine="elevenlabs", voice="x1", model="eleven_v3", account="rangt"),
    VoicePreset(name="rangt-azure", engine="azure", voice="is-IS-GudrunNeural", account="rangt"),
    VoicePreset(name="rangt-polly", engine="polly", voice="Dora", account="rangt"),
    VoicePreset(name="rangt-openai", engine="openai", voice="marin", account="rangt"),
    VoicePreset(name="opinn", engine="openai_compatible", voice="bm_george", model="kokoro", account="rangt"),
)


@pytest.fixture
def account(services: VoiceServices, studio) -> Iterator[str]:
    """The block whose key ElevenLabs takes; one called `rangt` for every vendor, whose key none of them takes."""
    blocks: list[tuple[str, Block]] = [
        ("leynd", ElevenLabsCredentials(api_key=KEY, base_url=services.url("elevenlabs"))),
        ("rangt", ElevenLabsCredentials(api_key=WRONG_KEY, base_url=services.url("elevenlabs"))),
        ("rangt", AzureSpeechCredentials(api_key=WRONG_KEY, base_url=services.url("azure"))),
        ("rangt", OpenAICredentials(api_key=WRONG_KEY, base_url=f"{services.url('openai')}/v1")),
        ("rangt", VoiceServer(api_key=WRONG_KEY, base_url=f"{services.url('compatible')}/v1")),
        (
            "rangt",
            PollyCredentials(access_key_id=KEYS["polly"], secret_access_key=WRONG_KEY, base_url=services.url("polly")),
        ),
        *((preset.name, SavedVoice(preset=preset)) for preset in PRESETS),
    ]
    for name, block in blocks:
        block.save(name, overwrite=True)
    yield "leynd"
    for name, block in blocks:
        type(block).delete(name)
    for kind in (SavedVoice, SavedConsent):
        with contextlib.suppress(ValueError):
            kind.delete(SHOWN)


def test_no_secret_is_in_any_place_where_somebody_could_find_it(
    studio, services: VoiceServices, account: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(tasks.clone, "SHORTEST_S", 6.0)
    outside = studio.folder.parent / f"{studio.folder.name}-samples"
    outside.mkdir()
    sound = recording(outside / "rodd.wav")
    digest = hashlib.sha256((outside / "rodd.wav").read_bytes()).hexdigest()
    consent = Consent(
        person="Guðrún", statement=STATEMENT, recording_sha256=digest, granted_at=datetime(2026, 11, 1, tzinfo=UTC)
    )
    SavedConsent(consent=consent).save(SHOWN, overwrite=True)
    request = CloneRequest(consent=SHOWN, name=SHOWN, samples=(str(outside / "rodd.wav"),), account=account)

    asyncio.run(clone_voice(request))
    asyncio.run(preview_voice(SHOWN, "Góðan dag.", "is"))
    asyncio.run(preview_voice("opinn", "Góðan dag.", "is"))
    told = ""
    for preset in PRESETS[:-1]:
        told += failing(preview_voice(preset.name, "Góðan dag.", "is"), EngineDenied)
    wrong = request.model_copy(update={"account": "rangt", "name": f"{SHOWN}-2"})
    told += failing(clone_voice(wrong), EngineDenied)
    services.elevenlabs.account.tier = "free"
    told += failing(clone_voice(request.model_copy(update={"name": f"{SHOWN}-3"})), RequestRefused)
    asyncio.run(revoke_consent(SHOWN, "próf"))

    kept = database_that_holds(b"preview.published", b"voice.saved", b"Invalid API key", b"instant voice cloning")
    out, err = capfd.readouterr()
    places = {"the database": kept, "what was printed": (out + err).encode(), "the failures": told.encode()}
    places |= {str(path): path.read_bytes() for path in studio.folder.rglob("*") if path.is_file()}
    assert any("previews" in name for name in places)
    assert any("audit" in name for name in places)
    assert SHOWN.encode() in kept
    secrets = {"key": KEY, "wrong key": WRONG_KEY, "statement": STATEMENT}
    for name, secret in {**{name: text.encode() for name, text in secrets.items()}, "recording": sound}.items():
        for form in written_forms(secret):
            found_in = [place for place, data in places.items() if form in data]
            assert not found_in, f"the {name} is in {found_in}, as {form[:20]!r} …"


def test_the_search_finds_what_is_hidden():
    for around in (b"", b"x", b"xy"):
        assert any(form in base64.b64encode(around + KEY.encode() + b"zz") for form in written_forms(KEY.encode()))
