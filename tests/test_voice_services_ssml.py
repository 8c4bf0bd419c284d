"""The stand-ins for Azure and Amazon keep their protocols, and read SSML; `voice_services` names the documents."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import av
import numpy as np
import pytest
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from voice_services import VoiceServices, median_pitch_hz
from voice_services_clients import (
    AZURE_KEY,
    HTTP,
    SENTENCE,
    SPEAK,
    azure,
    azure_document,
    pcm,
    polly,
    seconds,
)


@pytest.fixture(scope="module")
def running() -> Iterator[VoiceServices]:
    with VoiceServices() as services:
        yield services


@pytest.fixture
def services(running: VoiceServices) -> Iterator[VoiceServices]:
    yield running
    running.reset()


def test_azure_takes_a_key_or_a_token_of_ten_minutes(services: VoiceServices):
    """rest-auth, 2026-05-21: POST /sts/v1.0/issueToken gives a JWT."""
    url = services.url("azure")
    token = HTTP.post(url + "/sts/v1.0/issueToken", headers=AZURE_KEY).text

    listed = [
        HTTP.get(url + "/cognitiveservices/voices/list", headers=headers)
        for headers in (AZURE_KEY, {"Authorization": f"Bearer {token}"}, {"Authorization": "Bearer x"}, {})
    ]
    services.azure.expire_tokens()
    late = HTTP.get(url + "/cognitiveservices/voices/list", headers={"Authorization": f"Bearer {token}"})

    assert token.count(".") == 2
    assert [answer.status_code for answer in listed] == [200, 200, 401, 401]
    assert late.status_code == 401


def test_azure_lists_its_voices(services: VoiceServices):
    """rest-text-to-speech, 2025-10-21, sample response."""
    voices = HTTP.get(services.url("azure") + "/cognitiveservices/voices/list", headers=AZURE_KEY).json()

    icelandic = {voice["ShortName"]: voice["Gender"] for voice in voices if voice["Locale"] == "is-IS"}
    assert icelandic == {"is-IS-GudrunNeural": "Female", "is-IS-GunnarNeural": "Male"}
    assert {"Name", "DisplayName", "LocalName", "SampleRateHertz", "VoiceType", "Status"} <= set(voices[0])


@pytest.mark.parametrize(
    ("format_", "kind", "rate_hz"),
    [
        ("riff-48khz-16bit-mono-pcm", "wav", 48_000),
        ("audio-24khz-160kbitrate-mono-mp3", "mp3", 24_000),
        ("ogg-48khz-16bit-mono-opus", "ogg", 48_000),
    ],
)
def test_azure_answers_in_the_format_asked_for(services: VoiceServices, format_: str, kind: str, rate_hz: int):
    answer = azure(services, SENTENCE, X_Microsoft_OutputFormat=format_)

    with av.open(io.BytesIO(answer.content)) as container:
        assert container.format.name.split(",")[0] == kind
        assert container.streams.audio[0].rate == rate_hz
    assert seconds(answer.content) == pytest.approx(len(azure(services, SENTENCE).content) / 48_000, abs=0.12)


def test_azure_obeys_breaks_and_prosody(services: VoiceServices):
    """speech-synthesis-markup-structure, 2024-09-24 (break); -voice, 2025-07-09 (prosody)."""
    plain, broken, slow, high, soft = (
        pcm(azure(services, inner).content)
        for inner in (
            SENTENCE,
            f"{SENTENCE}<break time='1500ms'/>",
            f"<prosody rate='-40%'>{SENTENCE}</prosody>",
            f"<prosody pitch='+4st'>{SENTENCE}</prosody>",
            f"<prosody volume='25'>{SENTENCE}</prosody>",
        )
    )

    assert len(broken) - len(plain) == pytest.approx(36_000, abs=100)
    assert len(slow) > 1.3 * len(plain)
    assert median_pitch_hz(high, 24_000) / median_pitch_hz(plain, 24_000) == pytest.approx(2 ** (4 / 12), rel=0.08)
    assert np.abs(soft).max() == pytest.approx(np.abs(plain).max() / 4, rel=0.01)


def test_azure_cuts_off_after_ten_minutes_without_a_word(services: VoiceServices):
    """rest-text-to-speech: "the audio length can't exceed 10 minutes"; a break lasts 20 s at the most."""
    answer = azure(services, SENTENCE + '<break time="99s"/>' * 30, X_Microsoft_OutputFormat="raw-8khz-16bit-mono-pcm")

    assert answer.status_code == 200
    assert len(answer.content) == 600 * 8_000 * 2


def test_azure_hears_aliases_and_several_voices(services: VoiceServices):
    document = (
        f'{SPEAK}<voice name="is-IS-GudrunNeural">Klukkan <sub alias="fimm">5</sub>.</voice>'
        '<voice name="is-IS-GunnarNeural">&lt;Já&gt; &amp; nei.</voice></speak>'
    )

    assert azure_document(services, document).status_code == 200

    [request] = services.asked("azure")
    assert request.text == "Klukkan fimm. <Já> & nei."
    assert request.voice == "is-IS-GudrunNeural,is-IS-GunnarNeural"


@pytest.mark.parametrize(
    "document",
    [
        "",
        "Halló",
        f"{SPEAK}<voice name='is-IS-GudrunNeural'>Halló</speak>",
        f"{SPEAK}Halló</speak>",
        f"{SPEAK}<voice name='is-IS-DoraNeural'>Halló</voice></speak>",
        f"{SPEAK}<voice>Halló</voice></speak>",
        f"{SPEAK}<voice name='is-IS-GudrunNeural'><blink>Halló</blink></voice></speak>",
        f"{SPEAK}<voice name='is-IS-GudrunNeural'>Jón & Gunna</voice></speak>",
        f"{SPEAK}<voice name='is-IS-GudrunNeural'><prosody rate='hratt'>Halló</prosody></voice></speak>",
        f"<!DOCTYPE speak [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>{SPEAK}"
        "<voice name='is-IS-GudrunNeural'>&x;</voice></speak>",
        "<speak version='1.0'><voice name='is-IS-GudrunNeural'>Halló</voice></speak>",
    ],
)
def test_azure_refuses_ssml_that_it_does_not_read(services: VoiceServices, document: str):
    assert azure_document(services, document).status_code == 400


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("User_Agent", "", 400),
        ("User_Agent", "x" * 255, 400),
        ("X_Microsoft_OutputFormat", "riff-16khz-16bit-mono-pcm", 400),
        ("Content_Type", "application/xml", 415),
        ("Ocp_Apim_Subscription_Key", "rangur", 401),
    ],
)
def test_azure_refuses_headers_that_it_needs(services: VoiceServices, header: str, value: str, status: int):
    assert azure(services, SENTENCE, **{header: value}).status_code == status


def spoken(services: VoiceServices, text: str = SENTENCE, **changes: Any) -> dict[str, Any]:
    asked = {"Text": text, "VoiceId": "Dora", "OutputFormat": "pcm"} | changes
    answer: dict[str, Any] = polly(services).synthesize_speech(**asked)
    return answer | {"sound": answer["AudioStream"].read()}


@pytest.mark.parametrize(
    ("format_", "rate", "content_type"),
    [
        ("mp3", "22050", "audio/mpeg"),
        ("mp3", "24000", "audio/mpeg"),
        ("ogg_vorbis", "22050", "audio/ogg"),
        ("ogg_opus", "48000", "audio/ogg"),
    ],
)
def test_polly_answers_botocore_in_the_format_asked_for(
    services: VoiceServices, format_: str, rate: str, content_type: str
):
    plain = spoken(services)

    answer = spoken(services, OutputFormat=format_, SampleRate=rate)

    assert (plain["ContentType"], answer["ContentType"]) == ("audio/pcm", content_type)
    assert plain["RequestCharacters"] == answer["RequestCharacters"] == len(SENTENCE)
    assert seconds(answer["sound"]) == pytest.approx(len(plain["sound"]) / 2 / 16_000, abs=0.12)
    with av.open(io.BytesIO(answer["sound"])) as container:
        assert container.streams.audio[0].rate == int(rate)


def test_polly_bills_no_markup_and_obeys_it(services: VoiceServices):
    plain = spoken(services)

    broken = spoken(services, f'<speak>{SENTENCE}<break time="2s"/><mark name="a"/></speak>', TextType="ssml")
    slow = spoken(services, f'<speak><prosody rate="60%">{SENTENCE}</prosody></speak>', TextType="ssml")
    whispered = '<speak><amazon:effect name="whispered">Já.</amazon:effect></speak>'

    assert broken["RequestCharacters"] == len(SENTENCE)
    assert len(broken["sound"]) - len(plain["sound"]) == pytest.approx(2 * 2 * 16_000, abs=100)
    assert len(slow["sound"]) > 1.3 * len(plain["sound"])
    assert spoken(services, whispered, TextType="ssml")["RequestCharacters"] == 3


def test_polly_describes_its_voices(services: VoiceServices):
    voices = polly(services).describe_voices(LanguageCode="is-IS", Engine="standard")["Voices"]

    assert {voice["Id"]: voice["Name"] for voice in voices} == {"Dora": "Dóra", "Karl": "Karl"}
    assert all(voice["SupportedEngines"] == ["standard"] for voice in voices)
    assert polly(services).describe_voices(Engine="generative")["Voices"] == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Text": "a" * 3001}, "TextLengthExceededException"),
        ({"Text": "<speak>opið", "TextType": "ssml"}, "InvalidSsmlException"),
        ({"Text": "<speak><voice name='Karl'>já</voice></speak>", "TextType": "ssml"}, "InvalidSsmlException"),
        ({"Text": '<!DOCTYPE a [<!ENTITY b "c">]><speak>&b;</speak>', "TextType": "ssml"}, "InvalidSsmlException"),
        ({"SampleRate": "24000"}, "InvalidSampleRateException"),
        ({"Engine": "neural"}, "EngineNotSupportedException"),
        ({"VoiceId": "Mizuki"}, "ValidationException"),
        ({"OutputFormat": "json"}, "ValidationException"),
    ],
)
def test_polly_refuses_by_the_types_and_statuses_of_its_model(
    services: VoiceServices, changes: dict[str, Any], code: str
):
    """botocore: polly/2016-06-10/service-2.json, `shapes`."""
    with pytest.raises(ClientError) as refused:
        spoken(services, **changes)

    shape = Loader().load_service_model("polly", "service-2")["shapes"][code]
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == shape["error"]["httpStatusCode"]


def test_polly_takes_no_signature_but_that_of_its_key(services: VoiceServices):
    codes = []
    for client in (polly(services, secret="annað"), polly(services, key="AKIAOTHER")):
        with pytest.raises(ClientError) as refused:
            client.describe_voices()
        codes.append(refused.value.response["Error"]["Code"])
    unsigned = HTTP.get(services.url("polly") + "/v1/voices")

    assert codes == ["InvalidSignatureException", "UnrecognizedClientException"]
    assert unsigned.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"
    assert unsigned.status_code == 403


def test_polly_notices_a_body_that_was_changed_after_it_was_signed(services: VoiceServices):
    spoken(services)
    [request] = services.asked("polly")

    body = {"Text": "Annað", "VoiceId": "Dora", "OutputFormat": "pcm"}
    headers = {name: value for name, value in request.headers.items() if name != "content-length"}
    replayed = HTTP.post(services.url("polly") + "/v1/speech", headers=headers, json=body)

    assert replayed.headers["x-amzn-ErrorType"] == "InvalidSignatureException"
