"""Every fault of the stand-in vendors does what it says, as often as it was told, and to nobody else."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import numpy as np
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, HTTPClientError, ResponseStreamingError
from voice_services import DELIVERIES, FAULTS, KEYS, REFUSALS, SPOKEN, VoiceServices
from voice_services_clients import (
    AZURE_KEY,
    ELEVENLABS,
    HTTP,
    SHORT,
    azure,
    elevenlabs,
    openai,
    pcm,
    polly,
    polly_signed,
)

BREAKS = {"stall", "stall_midway", "cut", "truncated"}
BROKEN_OFF = (httpx.RemoteProtocolError, httpx.ReadError)
VENDORS = ("openai", "compatible", "elevenlabs", "azure", "polly")


@pytest.fixture(scope="module")
def running() -> Iterator[VoiceServices]:
    with VoiceServices() as services:
        yield services


@pytest.fixture
def services(running: VoiceServices) -> Iterator[VoiceServices]:
    yield running
    running.reset()


def ask(services: VoiceServices, vendor: str) -> httpx.Response:
    """Have a few words said, in PCM."""
    asking: dict[str, Callable[[], httpx.Response]] = {
        "openai": lambda: openai(services, input=SHORT),
        "compatible": lambda: openai(services, "compatible", input=SHORT),
        "elevenlabs": lambda: elevenlabs(services, text=SHORT),
        "azure": lambda: azure(services, SHORT),
        "polly": lambda: polly_signed(services, SHORT),
    }
    return asking[vendor]()


def told(answer: httpx.Response) -> object:
    """What a refusal calls itself, in the vendor's own place."""
    if "x-amzn-errortype" in answer.headers:
        return answer.headers["x-amzn-errortype"]
    if not answer.headers["content-type"].startswith("application/json"):
        return None
    body = answer.json()
    return body["detail"]["status"] if "detail" in body else body["error"]["code"]


@pytest.mark.parametrize(
    ("vendor", "fault", "status", "code"),
    [
        ("openai", "wrong_key", 401, "invalid_api_key"),
        ("openai", "busy", 429, "rate_limit_exceeded"),
        ("openai", "busy_with_wait", 429, "rate_limit_exceeded"),
        ("openai", "quota", 429, "insufficient_quota"),
        ("openai", "broken", 500, None),
        ("openai", "unavailable", 503, None),
        ("elevenlabs", "wrong_key", 401, "invalid_api_key"),
        ("elevenlabs", "busy", 429, "too_many_concurrent_requests"),
        ("elevenlabs", "busy_with_wait", 429, "system_busy"),
        ("elevenlabs", "quota", 401, "quota_exceeded"),
        ("elevenlabs", "broken", 500, "internal_server_error"),
        ("elevenlabs", "unavailable", 503, "service_unavailable"),
        ("azure", "wrong_key", 401, "401"),
        ("azure", "busy", 429, None),
        ("azure", "busy_with_wait", 429, None),
        ("azure", "quota", 403, "403"),
        ("azure", "broken", 500, "500"),
        ("azure", "unavailable", 503, None),
        ("polly", "wrong_key", 403, "UnrecognizedClientException"),
        ("polly", "busy", 400, "ThrottlingException"),
        ("polly", "busy_with_wait", 400, "ThrottlingException"),
        ("polly", "quota", 402, "ServiceQuotaExceededException"),
        ("polly", "broken", 500, "ServiceFailureException"),
        ("polly", "unavailable", 503, "ServiceUnavailableException"),
    ],
)
def test_refusal_has_the_vendor_s_own_status_and_code(
    services: VoiceServices, vendor: str, fault: str, status: int, code: object
):
    services.fail(vendor, fault, wait_s=2)

    answer = ask(services, vendor)

    assert (answer.status_code, told(answer)) == (status, code)
    assert answer.headers.get("retry-after") == ("2" if fault == "busy_with_wait" else None)
    [request] = services.asked(vendor)
    assert (request.fault, request.status, request.spoken, request.text) == (fault, status, False, SHORT)
    assert ask(services, vendor).status_code == 200


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("fault", sorted(DELIVERIES))
def test_answer_goes_wrong_on_its_way(
    services: VoiceServices, monkeypatch: pytest.MonkeyPatch, vendor: str, fault: str
):
    whole = ask(services, vendor)
    services.clear()
    services.fail(vendor, fault)

    if fault in BREAKS:
        stalls = fault.startswith("stall")
        monkeypatch.setattr(HTTP, "timeout", httpx.Timeout(20.0, read=0.2 if stalls else 20.0))
        with pytest.raises(httpx.ReadTimeout if stalls else BROKEN_OFF):
            ask(services, vendor)
        monkeypatch.undo()
    else:
        answer = ask(services, vendor)
        assert answer.status_code == 200
        looks_as(fault, answer, whole)
    [request] = services.asked(vendor)
    assert (request.fault, request.status) == (fault, 200)
    assert request.complete == (fault not in BREAKS)
    assert ask(services, vendor).content == whole.content


def looks_as(fault: str, answer: httpx.Response, whole: httpx.Response) -> None:
    if fault == "wrong_type":
        assert answer.headers["content-type"].startswith("text/html")
        assert "<html>" in answer.text
        return
    assert answer.headers["content-type"] == whole.headers["content-type"]
    assert len(answer.content) == (0 if fault == "empty" else len(whole.content))
    if fault == "silence":
        assert not any(answer.content)
    if fault == "garbage":
        assert np.std(pcm(answer.content)) == pytest.approx(3**-0.5, rel=0.02)


def test_stalled_answer_has_sent_its_headers(services: VoiceServices):
    services.fail("compatible", "stall")
    body = {"model": "kokoro", "voice": "af_heart", "input": SHORT, "response_format": "pcm"}

    with HTTP.stream("POST", services.url("compatible") + "/v1/audio/speech", json=body) as answer:
        assert answer.status_code == 200
        services.recover()
        with pytest.raises(BROKEN_OFF):
            answer.read()


def test_cut_answer_has_sent_half_of_its_sound(services: VoiceServices):
    whole = len(ask(services, "compatible").content)
    services.fail("compatible", "cut")
    body = {"model": "kokoro", "voice": "af_heart", "input": SHORT, "response_format": "pcm"}
    received: list[bytes] = []

    url = services.url("compatible") + "/v1/audio/speech"
    with HTTP.stream("POST", url, json=body) as answer, pytest.raises(BROKEN_OFF):
        received.extend(answer.iter_raw())

    assert len(b"".join(received)) == whole // 2


def test_truncated_answer_promises_more_than_it_holds(services: VoiceServices):
    services.fail("compatible", "truncated")
    body = {"model": "kokoro", "voice": "af_heart", "input": SHORT, "response_format": "pcm"}

    with HTTP.stream("POST", services.url("compatible") + "/v1/audio/speech", json=body) as answer:
        promised = int(answer.headers["content-length"])
        with pytest.raises(httpx.RemoteProtocolError, match=f"expected {promised}"):
            answer.read()

    assert promised > 10_000


def test_botocore_meets_the_faults_as_its_own_errors(services: VoiceServices):
    def speak() -> bytes:
        answer = polly(services).synthesize_speech(Text=SHORT, VoiceId="Dora", OutputFormat="pcm")
        content: bytes = answer["AudioStream"].read()
        return content

    services.fail("polly", "busy")
    services.fail("polly", "cut")
    with pytest.raises(ClientError, match="ThrottlingException"):
        speak()
    with pytest.raises((ResponseStreamingError, ConnectionClosedError, HTTPClientError)):
        speak()
    assert len(speak()) > 10_000


def test_fault_is_counted_and_begins_when_it_should(services: VoiceServices):
    services.fail("compatible", "busy", times=2, after=1)

    statuses = [ask(services, "compatible").status_code for _ in range(4)]

    assert statuses == [200, 429, 429, 200]


def test_faults_follow_one_another(services: VoiceServices):
    services.fail("compatible", "busy")
    services.fail("compatible", "broken", times=None)

    statuses = [ask(services, "compatible").status_code for _ in range(3)]
    services.recover("compatible")

    assert statuses == [429, 500, 500]
    assert ask(services, "compatible").status_code == 200


def test_fault_meets_its_vendor_and_its_operation_alone(services: VoiceServices):
    services.fail("elevenlabs", "broken", on="models")

    assert ask(services, "elevenlabs").status_code == 200
    assert ask(services, "azure").status_code == 200
    models = services.url("elevenlabs") + "/v1/models"
    assert HTTP.get(models, headers=ELEVENLABS).status_code == 500
    assert HTTP.get(models, headers=ELEVENLABS).status_code == 200


def test_fault_waits_for_a_request_that_is_not_refused_anyway(services: VoiceServices):
    services.fail("azure", "broken")

    assert azure(services, SHORT, Ocp_Apim_Subscription_Key="rangur").status_code == 401
    assert azure(services, SHORT).status_code == 500


def test_credits_are_not_charged_for_what_did_not_arrive(services: VoiceServices):
    for fault in ("busy", "cut"):
        services.fail("elevenlabs", fault)
    assert ask(services, "elevenlabs").status_code == 429
    with pytest.raises(BROKEN_OFF):
        ask(services, "elevenlabs")

    assert services.elevenlabs.account.character_count == 0


def test_connections_are_refused_until_it_recovers_and_on_the_same_port(services: VoiceServices):
    before = services.url("azure")
    voices = before + "/cognitiveservices/voices/list"
    assert HTTP.get(voices, headers=AZURE_KEY).status_code == 200
    services.fail("azure", "refused")

    for _ in range(2):
        with pytest.raises(httpx.ConnectError):
            httpx.get(voices, headers=AZURE_KEY)
    assert ask(services, "elevenlabs").status_code == 200
    services.recover("azure")

    assert services.url("azure") == before
    assert httpx.get(voices, headers=AZURE_KEY).status_code == 200


def test_kept_connection_is_hung_up_when_connections_are_refused(services: VoiceServices):
    with httpx.Client() as client:
        voices = services.url("azure") + "/cognitiveservices/voices/list"
        client.get(voices, headers=AZURE_KEY)
        services.fail("azure", "refused")
        with pytest.raises(httpx.TransportError):
            client.get(voices, headers=AZURE_KEY)


@pytest.mark.parametrize(
    ("vendor", "fault"), [("azure", "tired"), ("google", "busy"), *(("azure", fault) for fault in sorted(SPOKEN))]
)
def test_fault_that_cannot_be_is_an_error(services: VoiceServices, vendor: str, fault: str):
    with pytest.raises(ValueError, match="there is no fault"):
        services.fail(vendor, fault)


def test_every_fault_has_its_kind():
    assert REFUSALS | DELIVERIES | SPOKEN | {"refused"} == FAULTS


def test_closed_server_leaves_no_port_open():
    with VoiceServices() as services:
        url = services.url("elevenlabs") + "/v1/models"
        assert httpx.get(url, headers={"xi-api-key": KEYS["elevenlabs"]}).status_code == 200

    with pytest.raises(httpx.ConnectError):
        httpx.get(url)
