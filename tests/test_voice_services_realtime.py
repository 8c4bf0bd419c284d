"""The stand-in for OpenAI's Realtime interface keeps its protocol; `voice_services` names the document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from voice_services import KEYS, VoiceServices, median_pitch_hz
from voice_services_clients import SENTENCE, events_until, read_out, realtime, sound_of, tell
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.connection import Connection


@pytest.fixture(scope="module")
def running() -> Iterator[VoiceServices]:
    with VoiceServices() as services:
        yield services


@pytest.fixture
def services(running: VoiceServices) -> Iterator[VoiceServices]:
    yield running
    running.reset()


def session(**output: Any) -> dict[str, Any]:
    return {"type": "realtime", "output_modalities": ["audio"], "audio": {"output": output}}


def answer(services: VoiceServices, text: str = SENTENCE, **params: Any) -> list[dict[str, Any]]:
    """The events of one answer in a session of its own, spoken by marin."""
    with realtime(services) as websocket:
        tell(websocket, "session.update", session=session(voice="marin"))
        events_until(websocket, "session.updated")
        tell(websocket, "response.create", response=read_out(text, **params))
        return events_until(websocket, "response.done")


def drain(websocket: Connection, *, patience_s: float) -> None:
    while True:
        websocket.recv(patience_s)


def test_text_is_read_out_in_the_order_of_events_that_is_documented(services: VoiceServices):
    """RealtimeServerEventResponse…: each event's required members."""
    events = answer(services)

    place = {"response_id", "item_id", "output_index", "content_index"}
    kinds = [event["type"] for event in events if not event["type"].endswith(".delta")]
    assert kinds == [
        "response.created",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ]
    assert all(event["event_id"] for event in events)
    assert all(place | {"delta"} <= set(event) for event in events if event["type"].endswith(".delta"))


def test_answer_holds_sound_transcript_and_usage(services: VoiceServices):
    """RealtimeResponse: status, output, usage."""
    events = answer(services)

    sound, response = sound_of(events), events[-1]["response"]
    deltas = [event["delta"] for event in events if event["type"] == "response.output_audio_transcript.delta"]
    assert "".join(deltas) == response["output"][0]["content"][0]["transcript"] == SENTENCE
    assert (response["status"], response["status_details"]) == ("completed", None)
    assert response["usage"]["output_token_details"]["audio_tokens"] == pytest.approx(len(sound) / 24_000 * 20, abs=2)
    assert response["usage"]["total_tokens"] == sum(response["usage"][f"{way}_tokens"] for way in ("input", "output"))
    assert 12 * abs(np.log2(median_pitch_hz(sound, 24_000) / services.pitch_hz("realtime", "marin"))) < 1.0
    [request] = services.asked("realtime")
    assert (request.voice, request.text, request.spoken) == ("marin", SENTENCE, True)


def test_session_tells_how_it_stands_and_changes_what_is_asked(services: VoiceServices):
    """RealtimeServerEventSessionCreated, …Updated."""
    with realtime(services) as websocket:
        [created] = events_until(websocket, "session.created")
        tell(websocket, "session.update", session=session(voice="cedar", speed=1.2) | {"instructions": "Lestu."})
        [updated] = events_until(websocket, "session.updated")

    assert created["session"]["audio"]["output"] == {
        "format": {"type": "audio/pcm", "rate": 24_000},
        "voice": "alloy",
        "speed": 1.0,
    }
    assert updated["session"]["instructions"] == "Lestu."
    assert (updated["session"]["audio"]["output"]["voice"], updated["session"]["id"]) == (
        "cedar",
        created["session"]["id"],
    )


def test_text_may_come_as_an_item_of_the_conversation(services: VoiceServices):
    with realtime(services) as websocket:
        tell(websocket, "conversation.item.create", item=read_out("Góðan dag.")["input"][0])
        events_until(websocket, "conversation.item.done")
        tell(websocket, "response.create")
        done = events_until(websocket, "response.done")[-1]

    assert done["response"]["output"][0]["content"][0]["transcript"] == "Góðan dag."


@pytest.mark.parametrize(
    ("update", "code"),
    [
        ({}, "missing_required_parameter"),
        ({"type": "realtime", "voice": "marin"}, "unknown_parameter"),
        (session(voice="nova"), "invalid_value"),
        (session(voice={"id": "voice_1234"}), "invalid_value"),
        (session(speed=2.0), "invalid_value"),
        (session(format={"type": "audio/pcm", "rate": 48_000}), "invalid_value"),
    ],
)
def test_session_refuses_what_its_schema_does_not_allow_and_goes_on(
    services: VoiceServices, update: dict[str, Any], code: str
):
    """RealtimeServerEventError: {type, code, message, param, event_id}."""
    with realtime(services) as websocket:
        tell(websocket, "session.update", session=update, event_id="mine")
        error = events_until(websocket, "error")[-1]["error"]
        tell(websocket, "session.update", session=session(voice="marin"))
        events_until(websocket, "session.updated")

    assert set(error) == {"type", "code", "message", "param", "event_id"}
    assert (error["code"], error["event_id"]) == (code, "mine")


def test_voice_cannot_change_once_it_has_spoken(services: VoiceServices):
    with realtime(services) as websocket:
        tell(websocket, "response.create", response=read_out("Já."))
        events_until(websocket, "response.done")
        tell(websocket, "session.update", session=session(voice="cedar"))
        error = events_until(websocket, "error")[-1]["error"]

    assert error["code"] == "cannot_update_voice"


def test_unknown_event_and_no_json_are_errors_and_no_end(services: VoiceServices):
    with realtime(services) as websocket:
        websocket.send("ekkert")
        tell(websocket, "response.make")
        first, second = events_until(websocket, "error")[-1], events_until(websocket, "error")[-1]
        tell(websocket, "response.create", response=read_out("Já."))
        done = events_until(websocket, "response.done")[-1]

    assert first["error"]["param"] == second["error"]["param"] == "type"
    assert done["response"]["status"] == "completed"


def test_answer_ends_where_its_tokens_do(services: VoiceServices):
    events = answer(services, max_output_tokens=20)

    response = events[-1]["response"]
    assert (response["status"], response["status_details"]["reason"]) == ("incomplete", "max_output_tokens")
    assert len(sound_of(events)) == pytest.approx(24_000, abs=100)
    assert not services.asked("realtime")[0].spoken


def test_answer_is_cancelled_when_asked(services: VoiceServices):
    services.pace_s = 0.05
    with realtime(services) as websocket:
        tell(websocket, "response.create", response=read_out(SENTENCE))
        events_until(websocket, "response.output_audio.delta")
        tell(websocket, "response.cancel")
        done = events_until(websocket, "response.done")[-1]

    assert (done["response"]["status"], done["response"]["status_details"]["reason"]) == (
        "cancelled",
        "client_cancelled",
    )


def test_key_is_asked_for_at_the_door_and_looked_at_behind_it(services: VoiceServices):
    with pytest.raises(InvalidStatus) as refused, realtime(services, key=""):
        pass
    with realtime(services, key="sk-proj-rangur") as websocket:
        error = json.loads(websocket.recv(20))["error"]
        with pytest.raises(ConnectionClosed) as closed:
            websocket.recv(20)

    assert refused.value.response.status_code == 401
    assert json.loads(refused.value.response.body or b"{}")["error"]["code"] == "invalid_api_key"
    assert error["code"] == "invalid_api_key"
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (3000, "invalid_request_error.invalid_api_key")
    assert [request.key for request in services.asked("realtime", "handshake")] == ["", "sk-proj-rangur"]


def test_model_that_is_none_ends_the_session(services: VoiceServices):
    with realtime(services, model="tts-1") as websocket:
        assert json.loads(websocket.recv(20))["error"]["code"] == "invalid_model"


@pytest.mark.parametrize(("fault", "status"), [("busy", 429), ("busy_with_wait", 429), ("unavailable", 503)])
def test_handshake_is_refused_by_a_fault(services: VoiceServices, fault: str, status: int):
    services.fail("realtime", fault, wait_s=3)

    with pytest.raises(InvalidStatus) as refused, realtime(services):
        pass
    with realtime(services) as websocket:
        events_until(websocket, "session.created")

    assert refused.value.response.status_code == status
    assert refused.value.response.headers.get("Retry-After") == ("3" if fault == "busy_with_wait" else None)
    assert KEYS["realtime"] not in str(refused.value.response.body)


@pytest.mark.parametrize(("fault", "code"), [("quota", "insufficient_quota"), ("broken", "server_error")])
def test_answer_fails_by_a_fault(services: VoiceServices, fault: str, code: str):
    services.fail("realtime", fault)

    response = answer(services)[-1]["response"]

    assert (response["status"], response["status_details"]["error"]["code"]) == ("failed", code)
    assert answer(services)[-1]["response"]["status"] == "completed"


@pytest.mark.parametrize("fault", ["cut", "closed"])
def test_connection_ends_in_the_middle_of_an_answer(services: VoiceServices, fault: str):
    services.fail("realtime", fault)

    with realtime(services) as websocket:
        tell(websocket, "response.create", response=read_out(SENTENCE))
        events_until(websocket, "response.output_audio.delta")
        with pytest.raises(ConnectionClosed) as closed:
            events_until(websocket, "response.done")

    assert (closed.value.rcvd.code if closed.value.rcvd else None) == (1001 if fault == "closed" else None)
    assert not services.asked("realtime")[0].complete


@pytest.mark.parametrize("fault", ["stall", "stall_midway"])
def test_answer_stalls_until_the_fault_is_taken_back(services: VoiceServices, fault: str):
    services.fail("realtime", fault)

    with realtime(services) as websocket:
        tell(websocket, "response.create", response=read_out(SENTENCE))
        events_until(websocket, "response.created" if fault == "stall" else "response.output_audio.delta")
        with pytest.raises(TimeoutError):
            drain(websocket, patience_s=0.3)
        services.recover("realtime")
        with pytest.raises(ConnectionClosed):
            websocket.recv(20)


def test_model_says_something_else_than_it_was_told(services: VoiceServices):
    services.fail("realtime", "paraphrase")

    events = answer(services)

    transcript = events[-1]["response"]["output"][0]["content"][0]["transcript"]
    assert transcript.startswith("Já, ég get lesið þetta:")
    assert SENTENCE not in transcript
    assert services.asked("realtime")[0].text == SENTENCE
    assert len(sound_of(events)) != len(sound_of(answer(services)))


@pytest.mark.parametrize("fault", ["silence", "garbage", "empty", "truncated"])
def test_sound_is_not_what_it_should_be(services: VoiceServices, fault: str):
    whole = sound_of(answer(services))
    services.fail("realtime", fault)

    events = answer(services)

    sound, status = sound_of(events), events[-1]["response"]["status"]
    assert status == ("incomplete" if fault == "truncated" else "completed")
    if fault in ("empty", "truncated"):
        assert len(sound) == pytest.approx(0 if fault == "empty" else len(whole) / 2, abs=2)
    else:
        assert len(sound) == len(whole)
        assert np.std(sound) == pytest.approx(0.0 if fault == "silence" else 3**-0.5, abs=0.01)


def test_answer_is_no_json_at_all(services: VoiceServices):
    services.fail("realtime", "wrong_type")

    with realtime(services) as websocket:
        tell(websocket, "response.create", response=read_out(SENTENCE))
        events_until(websocket, "response.created")
        assert str(websocket.recv(20)).startswith("<!DOCTYPE html>")
