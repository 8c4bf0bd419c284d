"""Cloning a voice and deleting it again, against ElevenLabs' stand-in."""

from __future__ import annotations

import hashlib
import json
import logging

import numpy as np
import pytest
import soundfile
import structlog
from canned_server import canned_server
from pydantic import SecretStr
from voice_services import ADAM, KEYS, VoiceServices

from tasks.errors import (
    AnswerUnfinished,
    ConsentMissing,
    EmptySource,
    EngineDenied,
    EngineFailed,
    EngineUnreachable,
    InvalidRequest,
    RequestRefused,
    SourceNotFound,
    SourceTooLarge,
    UnknownVoice,
)
from tasks.schemas import EngineAccess, VoicePreset
from tasks.tts.elevenlabs.cloning import MOST_SAMPLE_BYTES, MOST_SAMPLES, clone_voice, delete_voice
from tasks.tts.elevenlabs.engine import ElevenLabs
from tasks.tts.espeak.engine import Espeak

KEY = KEYS["elevenlabs"]
VOICE_ID = "abcABC123"


@pytest.fixture(scope="module")
def services():
    with VoiceServices() as started:
        yield started


@pytest.fixture(autouse=True)
def _fresh(services):
    services.reset()


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    engine = Espeak()
    speech = engine.synthesize(
        "Ég samþykki að röddin mín sé notuð.", VoicePreset(name="x", voice="f2", pitch=3.0), "is"
    )
    engine.close()
    path = tmp_path_factory.mktemp("samples") / "Jóna Jónsdóttir, samþykki.WAV"
    soundfile.write(path, speech.samples[0], speech.sample_rate_hz, format="WAV")
    return path


@pytest.fixture
def account(services):
    return access(services.url("elevenlabs"))


def access(url: str, key: str = KEY) -> EngineAccess:
    return EngineAccess(base_url=url, api_key=SecretStr(key), source="block studio")


def test_a_clone_speaks_with_its_id_until_it_is_deleted(services, account, sample):
    voice_id = clone_voice(account, name="Jóna", description="Þulur", samples=[sample], labels={"language": "is"})
    assert services.elevenlabs.account.cloned[voice_id].name == "Jóna"
    (asked,) = services.asked("elevenlabs", "clone")
    assert asked.headers["content-type"].startswith("multipart/form-data")
    assert asked.fields["description"] == "Þulur"
    assert json.loads(asked.fields["labels"]) == {"language": "is"}
    assert asked.fields["files"] == [hashlib.sha256(sample.read_bytes()).hexdigest()]
    engine, voice = ElevenLabs(account), VoicePreset(name="jona", engine="elevenlabs", voice=voice_id)
    assert engine.synthesize("Góðan dag.", voice, "is").samples.any()
    delete_voice(account, voice_id)
    assert voice_id not in services.elevenlabs.account.cloned
    with pytest.raises(UnknownVoice):
        engine.synthesize("Góðan dag.", voice, "is")


def test_deleting_a_voice_that_is_gone_is_fine_and_is_asked_about(services, account, sample):
    voice_id = clone_voice(account, name="Jóna", samples=[sample])
    delete_voice(account, voice_id)
    services.clear()
    delete_voice(account, voice_id)
    assert [request.operation for request in services.requests] == ["delete", "voice"]


def test_many_samples_are_sent_in_their_order(services, account, sample, tmp_path):
    others = [tmp_path / f"{number}.wav" for number in range(MOST_SAMPLES - 1)]
    for number, path in enumerate(others):
        soundfile.write(path, 0.1 * np.sin(np.arange(2000) * (number + 1) / 100), 16_000)
    clone_voice(account, name="Jóna", samples=[sample, *others])
    sums = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (sample, *others)]
    assert services.asked("elevenlabs", "clone")[0].fields["files"] == sums


def test_a_second_voice_of_the_same_name_is_refused(services, account, sample):
    voice_id = clone_voice(account, name="Jóna", samples=[sample])
    with pytest.raises(RequestRefused, match=voice_id):
        clone_voice(account, name="Jóna", samples=[sample])
    assert clone_voice(account, name="Jón", samples=[sample]) != voice_id
    assert len(services.asked("elevenlabs", "clone")) == 2


def test_a_voice_that_wants_to_be_verified_is_not_left_behind(services, account, sample):
    services.elevenlabs.account.requires_verification = True
    with pytest.raises(RequestRefused, match="verify"):
        clone_voice(account, name="Jóna", samples=[sample])
    assert services.elevenlabs.account.cloned == {}


@pytest.mark.parametrize("fault", ["cut", "truncated", "wrong_type"])
def test_a_voice_whose_answer_was_lost_is_found_again_and_not_made_twice(services, account, sample, fault):
    services.fail("elevenlabs", fault, on="clone")
    voice_id = clone_voice(account, name="Jóna", samples=[sample])
    assert list(services.elevenlabs.account.cloned) == [voice_id]
    assert len(services.asked("elevenlabs", "clone")) == 1


def test_an_upload_that_nobody_took_is_a_failure_that_can_be_tried_again(sample):
    with canned_server() as vendor:
        vendor.answer("GET /v2/voices", {"voices": [], "has_more": False})
        vendor.answer("POST /v1/voices/add", {"detail": {"status": "x", "message": "down"}}, status=500)
        with pytest.raises(EngineUnreachable):
            clone_voice(access(vendor.url), name="Jóna", samples=[sample])
        assert vendor.asked == ["GET /v2/voices", "POST /v1/voices/add", "GET /v2/voices"]


@pytest.mark.parametrize("answer", [{}, {"voice_id": ""}, {"voice_id": "../x"}, [], None])
def test_an_answer_without_an_id_is_no_clone(sample, answer):
    with canned_server() as vendor:
        vendor.answer("GET /v2/voices", {"voices": []})
        vendor.answer("POST /v1/voices/add", answer)
        with pytest.raises(AnswerUnfinished):
            clone_voice(access(vendor.url), name="Jóna", samples=[sample])


def test_a_plan_without_cloning_is_told(services, account, sample):
    services.elevenlabs.account.tier = "free"
    with pytest.raises(RequestRefused, match="upgrade") as raised:
        clone_voice(account, name="Jóna", samples=[sample])
    assert not raised.value.retryable


def test_a_wrong_key_is_told_and_not_shown(services, sample):
    with pytest.raises(EngineDenied, match="block studio") as raised:
        clone_voice(access(services.url("elevenlabs"), "sk_annar_lykill_12345"), name="Jóna", samples=[sample])
    assert "annar_lykill" not in repr(raised.value)
    assert services.asked("elevenlabs", "clone") == []


@pytest.mark.parametrize("name", ["", "  ", "a" * 101, "Jóna\nJónsdóttir"])
def test_a_name_that_is_none_is_refused(services, account, sample, name):
    with pytest.raises(InvalidRequest):
        clone_voice(account, name=name, samples=[sample])
    assert services.requests == []


def test_samples_that_the_vendor_would_refuse_are_refused_before_anything_is_sent(services, account, sample, tmp_path):
    empty, large = tmp_path / "empty.wav", tmp_path / "large.wav"
    empty.touch()
    with large.open("wb") as file:
        file.truncate(MOST_SAMPLE_BYTES + 1)
    for samples, error in (
        ([], InvalidRequest),
        ([sample] * (MOST_SAMPLES + 1), InvalidRequest),
        ([sample, tmp_path / "none.wav"], SourceNotFound),
        ([tmp_path], SourceNotFound),
        ([sample, empty], EmptySource),
        ([large], SourceTooLarge),
    ):
        with pytest.raises(error):
            clone_voice(account, name="Jóna", samples=samples)
    assert services.requests == []


def test_what_is_no_recording_is_told_in_the_vendors_words(services, account, tmp_path):
    (tmp_path / "text.wav").write_text("not sound at all")
    with pytest.raises(RequestRefused, match="audio"):
        clone_voice(account, name="Jóna", samples=[tmp_path / "text.wav"])
    assert services.elevenlabs.account.cloned == {}


def test_a_voice_of_the_house_is_not_ours_to_delete(account):
    with pytest.raises(RequestRefused):
        delete_voice(account, ADAM)


@pytest.mark.parametrize("voice_id", ["", "../models", "a/b", "a" * 101])
def test_what_is_no_id_is_never_asked_for(services, account, voice_id):
    with pytest.raises(UnknownVoice):
        delete_voice(account, voice_id)
    assert services.requests == []


def test_a_voice_that_is_still_there_was_not_deleted():
    with canned_server() as vendor:
        vendor.answer(f"DELETE /v1/voices/{VOICE_ID}", {"status": "ok"})
        vendor.answer(f"GET /v1/voices/{VOICE_ID}", {"voice_id": VOICE_ID})
        with pytest.raises(EngineFailed, match=VOICE_ID):
            delete_voice(access(vendor.url), VOICE_ID)


def test_an_address_that_knows_no_voices_does_not_pass_for_a_deleted_one():
    with canned_server() as elsewhere, pytest.raises(RequestRefused):
        delete_voice(access(elsewhere.url), VOICE_ID)


def test_neither_the_samples_nor_their_names_nor_the_key_are_logged(services, account, sample, caplog):
    caplog.set_level(logging.DEBUG)
    with structlog.testing.capture_logs() as events:
        voice_id = clone_voice(account, name="Jóna", samples=[sample])
        delete_voice(account, voice_id)
    told = json.dumps(events) + caplog.text
    assert voice_id in told
    for secret in (KEY, "Jónsdóttir", str(sample.parent)):
        assert secret not in told


def test_the_name_of_a_samples_file_stays_here(sample):
    with canned_server() as vendor:
        vendor.answer("GET /v2/voices", {"voices": []})
        vendor.answer("POST /v1/voices/add", {"voice_id": VOICE_ID, "requires_verification": False})
        assert clone_voice(access(vendor.url), name="Jóna", samples=[sample]) == VOICE_ID
        sent = vendor.bodies[-1]
    assert sample.read_bytes() in sent
    assert b'filename="sample-1.wav"' in sent
    assert "Jónsdóttir".encode() not in sent


def test_a_cloned_voice_is_not_confirmed_for_a_preset_without_consent(services, account, sample):
    voice_id = clone_voice(account, name="Jóna", samples=[sample])
    engine, voice = ElevenLabs(account), VoicePreset(name="jona", engine="elevenlabs", voice=voice_id)

    with pytest.raises(ConsentMissing, match="cloned from a person"):
        engine.confirm(voice, "is")
    engine.confirm(voice.model_copy(update={"consent": "jona"}), "is")
    with pytest.raises(ConsentMissing):
        engine.confirm(voice, "is")
