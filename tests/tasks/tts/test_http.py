"""Asking a vendor over HTTP: waits, failures and keys, against a server that does what each test tells it."""

from __future__ import annotations

import json
import os
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest
from structlog.testing import capture_logs

from tasks.errors import (
    AnswerUnfinished,
    EngineBusy,
    EngineDenied,
    EngineError,
    EngineUnreachable,
    QuotaExceeded,
    RequestRefused,
    TextTooLong,
    UnknownVoice,
)
from tasks.schemas import EngineAccess
from tasks.tts.vendors import http, sound_answer
from tasks.tts.vendors.http import Question, VoiceService
from tasks.tts.vendors.refusal import Refusal, asked_for, one_line
from tasks.tts.vendors.sound_answer import letters_in

KEY = "lykill-7f3a9c21d4e8b650"
RATE_HZ = 24_000
TONE = (8000 * np.sin(2 * np.pi * 220 * np.arange(RATE_HZ) / RATE_HZ)).astype("<i2").tobytes()
ASKED = asked_for("Góðan daginn", "Guðrún")


class Handler(BaseHTTPRequestHandler):
    """Does what the server's `script` says; keeps connections open, as vendors do."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        with self.server.lock:
            self.server.seen.append((self.path, dict(self.headers), self.client_address[1]))
            turn = len(self.server.seen)
        self.server.script(self, turn)

    do_GET = do_POST

    def answer(
        self, status: int, body: bytes, kind: str = "audio/pcm", length: int | None = None, **headers: str
    ) -> None:
        self.send_response(status)
        if kind:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def begin(self, body: bytes, length: int) -> None:
        self.answer(200, body, length=length)
        self.wfile.flush()
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Silent."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.seen: list[tuple[str, dict[str, str], int]] = []
        self.script: Callable[[Handler, int], None] = lambda handler, turn: handler.answer(200, TONE)
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is what some tests are about."""


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    thread.join()
    server.server_close()


def service(url: str, key: str = KEY, **more: Any) -> VoiceService:
    access = EngineAccess(base_url=url, api_key=key, source="the block rodd")
    return VoiceService("Azure", access, address="", key_header="X-Key", **{"stall_s": 5.0, **more})


def heard(asked: VoiceService, *, characters: int = 0, **question: Any) -> np.ndarray:
    with asked.sound(Question("/say", ASKED, **question)) as answer:
        return answer.whole(sample_rate_hz=RATE_HZ, characters=characters)


def refused(asked: VoiceService, kind: type[EngineError], **question: Any) -> EngineError:
    with pytest.raises(kind) as caught:
        heard(asked, **question)
    assert type(caught.value) is kind
    assert KEY not in str(caught.value)
    assert KEY not in repr(caught.value)
    assert KEY not in "".join(traceback.format_exception(caught.value))
    return caught.value


def test_a_question_goes_out_with_its_key_and_comes_back_as_samples(server):
    samples = heard(service(server.url), json={"text": "Góðan daginn"})
    assert samples.dtype == np.float32
    assert samples.shape == (RATE_HZ,)
    assert np.abs(samples).max() == pytest.approx(8000 / 32768, abs=1e-3)
    path, headers, _ = server.seen[0]
    assert path == "/say"
    assert headers["X-Key"] == KEY
    assert headers["Accept-Encoding"] == "identity", "so that Content-Length counts the samples"


def test_sound_comes_while_the_rest_is_still_being_made(server):
    first_heard = threading.Event()

    def script(handler: Handler, turn: int) -> None:
        handler.begin(TONE[:8000], len(TONE))
        assert first_heard.wait(10)
        handler.wfile.write(TONE[8000:])

    server.script = script
    with service(server.url).sound(Question("/say", ASKED)) as answer:
        pieces = answer.pieces(sample_rate_hz=RATE_HZ)
        first = next(pieces)
        first_heard.set()
        assert first.size + sum(piece.size for piece in pieces) == RATE_HZ


@pytest.mark.parametrize("chunk", [1, 3, 7, 4096])
def test_pieces_may_break_in_the_middle_of_a_sample(chunk):
    data = TONE[:1001] + TONE[1001:6000]
    chunks = (data[at : at + chunk] for at in range(0, len(data), chunk))
    pieces = list(sound_answer.pcm_pieces(chunks, asked="x", sample_rate_hz=RATE_HZ))
    assert np.array_equal(np.concatenate(pieces), np.frombuffer(data, "<i2").astype(np.float32) / 32768)


def test_connections_are_kept_and_shared_by_threads(server):
    asked = service(server.url)
    for _ in range(3):
        heard(asked)
    assert len({port for *_, port in server.seen}) == 1
    with ThreadPoolExecutor(16) as pool:
        assert all(samples.size == RATE_HZ for samples in pool.map(lambda _: heard(asked), range(64)))
    assert len({port for *_, port in server.seen}) <= 17


def test_a_kept_connection_that_the_vendor_closed_meanwhile_costs_nothing(server):
    def script(handler: Handler, turn: int) -> None:
        handler.answer(200, TONE)
        handler.close_connection = True

    server.script = script
    asked = service(server.url)
    for turn in range(1, 4):
        heard(asked)
        assert len(server.seen) == turn


def test_a_forked_child_asks_on_connections_of_its_own(server):
    asked = service(server.url)
    heard(asked)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if heard(asked).size == RATE_HZ else 1
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    heard(asked)
    ports = [port for *_, port in server.seen]
    assert ports[1] not in (ports[0], ports[2])  # the parent's may have expired: a large process forks slowly


@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_that_the_vendor_asks_for_is_waited_out(server, status):
    server.script = lambda handler, turn: (
        handler.answer(status, b"{}", Retry_After="1") if turn == 1 else handler.answer(200, TONE)
    )
    with capture_logs() as logs:
        assert heard(service(server.url)).size == RATE_HZ
    assert len(server.seen) == 2
    assert {"event": "vendor.asked_again", "log_level": "warning", "vendor": "Azure", "times": 1} in logs


@pytest.mark.slow
def test_waits_are_bounded_and_the_last_is_passed_on(server):
    server.script = lambda handler, turn: handler.answer(429, b"{}", Retry_After="1")
    assert refused(service(server.url), EngineBusy).wait_s == 1.0
    assert len(server.seen) == 1 + http.MOST_RETRIES


@pytest.mark.parametrize(
    ("header", "least_s", "most_s"),
    [
        ("", 0, 0),
        ("61", 61, 61),
        (formatdate(4_102_444_800, usegmt=True), 86_400, 86_400),
        ("9" * 400, 86_400, 86_400),
        ("-5", 0, 0),
        ("soon", 0, 0),
        ("0", 0, 0),
        ("1e9", 0, 0),
    ],
)
def test_what_need_not_or_cannot_be_waited_out_is_raised_at_once(server, header, least_s, most_s):
    headers = {"Retry_After": header} if header else {}
    server.script = lambda handler, turn: handler.answer(429, b'{"error": "slow"}', "application/json", **headers)
    failure = refused(service(server.url), EngineBusy)
    assert failure.retryable
    assert least_s <= failure.wait_s <= most_s
    assert len(server.seen) == 1


def test_a_connection_that_drops_before_any_answer_is_tried_again_unless_once_is_asked(server):
    def script(handler: Handler, turn: int) -> None:
        if turn == 1:
            handler.connection.close()
            handler.close_connection = True
        else:
            handler.answer(200, TONE)

    server.script = script
    assert heard(service(server.url)).size == RATE_HZ
    assert len(server.seen) == 2
    server.seen.clear()
    refused(service(server.url), EngineUnreachable, once=True)
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RequestRefused),
        (401, EngineDenied),
        (402, QuotaExceeded),
        (403, EngineDenied),
        (404, RequestRefused),
        (408, EngineUnreachable),
        (413, TextTooLong),
        (422, RequestRefused),
        (429, EngineBusy),
        (500, EngineUnreachable),
        (502, EngineUnreachable),
        (503, EngineUnreachable),
        (504, EngineUnreachable),
    ],
)
def test_a_refusal_says_who_was_asked_for_what_and_what_to_do(server, status, kind):
    server.script = lambda handler, turn: handler.answer(status, b'{"detail": {"message": "it\\nis  so"}}')
    failure = refused(service(server.url), kind)
    assert str(failure).startswith("Azure, asked for 'Góðan daginn' with voice 'Guðrún': ")
    assert f"{status} " in str(failure)
    assert "'it is so'" in str(failure)
    assert failure.retryable == (kind in (EngineBusy, EngineUnreachable))
    assert len(server.seen) == 1
    if kind in (EngineDenied, QuotaExceeded, RequestRefused):
        assert "the block rodd" in str(failure)


def test_a_vendors_own_words_come_before_its_status(server):
    def translate(refusal: Refusal) -> type[EngineError] | None:
        return UnknownVoice if refusal.document["error"]["code"] == "no_voice" else None

    server.script = lambda handler, turn: handler.answer(
        400, json.dumps({"error": {"code": "no_voice", "message": "No such voice"}}).encode()
    )
    assert "No such voice" in str(refused(service(server.url, translate=translate), UnknownVoice))


@pytest.mark.parametrize(
    "said", [KEY, KEY[:10] + "********", f"key={KEY}&x=1", f"<b>{KEY}</b>", "**" + KEY[-8:], f"two {KEY}\n{KEY} twice"]
)
def test_a_key_that_the_vendor_quotes_is_in_no_message(server, said):
    for status, kind, content_type in ((401, EngineDenied, "text/plain"), (200, AnswerUnfinished, "text/html")):
        server.script = lambda handler, turn, s=status, t=content_type: handler.answer(s, said.encode(), t)
        failure = str(refused(service(server.url), kind))
        assert not any(KEY[at : at + 6] in failure for at in range(len(KEY) - 5))
    with pytest.raises(AnswerUnfinished) as caught:
        service(server.url).document(Question("/voices", "asked for its voices"))
    assert KEY[:10] not in str(caught.value)
    assert KEY[-8:] not in str(caught.value)


def test_a_password_in_the_address_is_in_no_message(server):
    server.script = lambda handler, turn: handler.answer(500, b"leyniord-1234 is wrong")
    url = server.url.replace("//", "//hlad:leyniord-1234@")
    assert "leyniord" not in str(refused(service(url), EngineUnreachable))
    assert "leyniord" not in str(refused(service("http://hlad:leyniord-1234@127.0.0.1:1"), EngineUnreachable))


@pytest.mark.parametrize(
    "text", ["x" * 100_000, "a\x00\x1b[31mb\u202ec\r\nd", "<html><style>p{}</style><h1>Nei</h1>", ""]
)
def test_what_a_vendor_says_stays_one_short_line(text):
    shown = one_line(text, secrets=(KEY,))
    assert shown.isprintable()
    assert len(shown) <= 300


@pytest.mark.parametrize(
    ("key", "why"), [("", "none"), ("  \n", "none"), ("a\nb", "no key has"), ("lykill-þ", "no key has")]
)
def test_a_key_that_can_be_none_is_refused_before_anything_is_sent(server, key, why):
    failure = refused(service(server.url, key), EngineDenied)
    assert why in str(failure)
    assert "the block rodd" in str(failure)
    assert server.seen == []


def test_a_key_may_end_in_a_line_break_and_need_not_be_where_none_is_asked(server):
    heard(service(server.url, KEY + "\n"))
    assert server.seen[-1][1]["X-Key"] == KEY
    heard(service(server.url, "", needs_key=False))
    assert "X-Key" not in server.seen[-1][1]


@pytest.mark.parametrize(
    "url", ["", "ftp://x", "https://", "http://[::1", "x", "//x", "https:///v1", "http://x?key=1", "http://x#v1"]
)
def test_an_address_that_is_none_names_where_it_comes_from(url):
    assert "the block rodd" in str(refused(service(url), EngineDenied))


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://a..b", f"http://{'a' * 70}.is"])
def test_a_server_that_is_not_there_can_be_tried_again_later(url):
    failure = refused(service(url), EngineUnreachable)
    assert failure.retryable
    assert "the block rodd" in str(failure)


def test_a_proxy_of_the_studio_is_used_and_one_of_another_kind_is_not(server, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("http_proxy", server.url)
    heard(service("http://rodd.invalid"))
    assert server.seen[0][0] == "http://rodd.invalid/say"
    heard(service(server.url))
    assert server.seen[1][0] == "/say", "what is on this machine is asked directly"
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:1080")
    with capture_logs() as logs:
        service("http://rodd.invalid")
    assert [log["event"] for log in logs] == ["proxy.ignored"]


def test_a_redirect_takes_no_key_elsewhere(server):
    elsewhere = Server()
    server.script = lambda handler, turn: handler.answer(307, b"", Location=elsewhere.url + "/say")
    try:
        assert "307" in str(refused(service(server.url), RequestRefused))
    finally:
        elsewhere.server_close()
    assert elsewhere.seen == []


SILENCE, NOISE = bytes(48_000), np.random.default_rng(1).bytes(48_000)


@pytest.mark.parametrize(
    ("body", "kind", "why"),
    [
        (b"", "audio/pcm", "empty"),
        (b"\0", "audio/pcm", "middle of a sample"),
        (TONE[:-1], "audio/pcm", "middle of a sample"),
        (SILENCE, "audio/pcm", "1.00 s of silence"),
        (NOISE, "audio/pcm", "noise"),
        (b"RIFF" + TONE, "audio/pcm", "WAV"),
        (b"ID3\4" + TONE, "", "MP3"),
        (b"<!DOCTYPE html>", "text/html; charset=utf-8", "text/html"),
        (b'{"error": "x"}', "application/json", "application/json"),
        (TONE[:2000], "audio/pcm", "for 500 letters"),
    ],
)
def test_what_is_no_whole_sound_is_unfinished(server, body, kind, why):
    server.script = lambda handler, turn: handler.answer(200, body, kind)
    with pytest.raises(AnswerUnfinished, match=why) as caught:
        heard(service(server.url), characters=500)
    assert caught.value.retryable
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("text", "letters"),
    [("", 0), ("Já" + "." * 400, 2), ("Neeeeeei!", 3), ("Góðan daginn 2026", 14), ("_ _\n🎙 …", 0), ("þþþ ððð", 2)],
)
def test_what_takes_no_time_to_say_is_not_counted(text, letters):
    assert letters_in(text) == letters


@pytest.mark.parametrize("kind", ["audio/pcm", "audio/L16;rate=24000", "application/octet-stream", "AUDIO/BASIC", ""])
def test_vendors_may_call_their_samples_what_they_like(server, kind):
    server.script = lambda handler, turn: handler.answer(200, TONE, kind)
    assert heard(service(server.url), characters=10).size == RATE_HZ


def test_an_answer_that_breaks_off_says_after_how_much(server):
    server.script = lambda handler, turn: handler.begin(TONE[:4000], len(TONE))
    assert "4000" in str(refused(service(server.url), AnswerUnfinished))
    assert len(server.seen) == 1, "what has begun is paid for, and not asked for again by the transport"


def test_an_answer_that_falls_silent_is_given_up(server):
    def script(handler: Handler, turn: int) -> None:
        handler.begin(TONE[:4000], len(TONE))
        server.over.wait(20)

    server.script = script
    assert "fell silent after 4000 bytes" in str(refused(service(server.url, stall_s=1.0), AnswerUnfinished))


def test_a_server_that_never_answers_is_given_up_without_asking_again(server):
    server.script = lambda handler, turn: server.over.wait(20)
    assert "timed out" in str(refused(service(server.url, stall_s=1.0), EngineUnreachable))
    assert len(server.seen) == 1


@pytest.mark.parametrize(("limit", "value"), [("LONGEST_S", 0.5), ("LONGEST_ANSWER_S", 0.0)])
def test_a_sound_without_an_end_is_given_up(server, monkeypatch, limit, value):
    monkeypatch.setattr(sound_answer, limit, value)
    assert "no end" in str(refused(service(server.url), AnswerUnfinished))


def test_documents_are_json_and_bounded(server, monkeypatch):
    asked, question = (
        service(server.url),
        Question("/voices", "asked for its voices", method="GET", params={"page": "2"}),
    )
    server.script = lambda handler, turn: handler.answer(200, b'{"voices": []}', "application/json")
    assert asked.document(question) == {"voices": []}
    assert server.seen[0][0] == "/voices?page=2"
    server.script = lambda handler, turn: handler.answer(204, b"", "")
    assert asked.document(question) is None
    for body in (b"<html>", b"[" * 100_000, b'{"voices": ['):
        server.script = lambda handler, turn, body=body: handler.answer(200, body, "application/json")
        with pytest.raises(AnswerUnfinished, match="asked for its voices: what came is no JSON"):
            asked.document(question)
    monkeypatch.setattr(http, "MOST_DOCUMENT_BYTES", 1000)
    server.script = lambda handler, turn: handler.answer(200, b"[" + b" " * 100_000 + b"]", "application/json")
    with pytest.raises(AnswerUnfinished, match="more than 1000 bytes"):
        asked.document(question)
