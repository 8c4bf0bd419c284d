"""One way to ask a vendor's voice service over HTTP: its waits, its failures and its key are handled here.

Who retries: the transport waits out what the vendor asks for, up to a minute, and connections that fail before any
answer; all else is raised as a typed failure, and the task around us is retried as a whole.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import structlog
from httpx_retries import Retry, RetryTransport

from tasks.errors import AnswerUnfinished, EngineDenied, EngineError, EngineUnreachable
from tasks.schemas import EngineAccess
from tasks.tts.vendors.refusal import ADVICE, Refusal, asked_wait_s, kind_of, one_line, read_refusal
from tasks.tts.vendors.sound_answer import SoundAnswer
from tasks.tts.vendors.web_address import is_web_address, proxy_for

log = structlog.get_logger(__name__)

CONNECT_S, STALL_S = 10.0, 30.0
LONGEST_WAIT_S = 60.0  # what is longer is left to the task's own retry, which holds no slot meanwhile
MOST_RETRIES = 3
MOST_DOCUMENT_BYTES, MOST_REFUSAL_BYTES = 16 << 20, 1 << 16
_SOUND = ("audio/", "application/octet-stream", "binary/octet-stream")
_NO_STATUS = (0,)  # an empty list means the library's own, which waits without being asked to

Translate = Callable[[Refusal], type[EngineError] | None]
"""What a vendor's refusal means; None where its status says enough."""


@dataclass(frozen=True)
class Question:
    """What is asked of a vendor, in the parts of an httpx request."""

    path: str
    asked: str
    """The same in words, for the message of a failure: `refusal.asked_for(text, voice)`, "asked for its voices"."""
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    content: bytes | None = None
    data: Mapping[str, str] | None = None
    files: Any = None
    once: bool = False
    """Never sent twice by the transport: what it makes would be there twice."""


class VoiceService:
    """One vendor's service with one account: a client that keeps its connections; safe to use from several threads."""

    def __init__(
        self,
        vendor: str,
        access: EngineAccess,
        *,
        address: str,
        key_header: str,
        key_prefix: str = "",
        needs_key: bool = True,
        translate: Translate = lambda refusal: None,
        stall_s: float = STALL_S,
    ) -> None:
        """Nothing is sent yet, and nothing is checked: see `check`.

        address: the vendor's usual one, where `access` names no other. stall_s: how long it may be silent.
        """
        self.vendor = vendor
        self._address = (access.base_url or address).strip().rstrip("/")
        self._source = access.source or "the engine's account"
        self._key = access.api_key.get_secret_value().strip()
        self._key_header, self._key_prefix, self._needs_key = key_header, key_prefix, needs_key
        self._translate, self._stall_s = translate, stall_s
        self._reset()
        os.register_at_fork(after_in_child=self._reset)

    def check(self) -> None:
        """Refuse an address that is none, and a key that is missing or can't be one.

        Raises: EngineDenied, naming where both come from.
        """
        if self._needs_key and not self._key:
            raise EngineDenied(f"{self.vendor} needs a key, and there is none; write it into {self._source}")
        if not (self._key.isascii() and self._key.isprintable()):
            raise EngineDenied(
                f"the key for {self.vendor} holds a character that no key has; copy it again into {self._source}"
            )
        if not is_web_address(self._address):
            raise EngineDenied(f"the address of {self.vendor} is none; write https://… into {self._source}")

    def document(self, question: Question) -> Any:
        """The JSON that answers; None for an empty answer.

        Raises: EngineDenied, QuotaExceeded, EngineBusy, EngineUnreachable, AnswerUnfinished, RequestRefused,
        TextTooLong, and what the vendor's own translation names.
        """
        asked, body = self._asked(question), b""
        with self._answer(question) as response:
            for chunk in SoundAnswer(response, asked).chunks():
                body += chunk
                if len(body) > MOST_DOCUMENT_BYTES:
                    raise AnswerUnfinished(f"{asked}: more than {MOST_DOCUMENT_BYTES} bytes came, and no end")
        try:
            return httpx.Response(200, content=body).json() if body.strip() else None
        except (ValueError, RecursionError):
            raise AnswerUnfinished(f"{asked}: what came is no JSON: {self._quoted(body)}; try again") from None

    @contextmanager
    def sound(self, question: Question) -> Iterator[SoundAnswer]:
        """An answer that is sound, by its own word; read it inside the block.

        Raises: as `document`; AnswerUnfinished when the body is of another type.
        """
        with self._answer(question) as response:
            kind = response.headers.get("content-type", "").split(";")[0].strip().lower()
            if kind and not kind.startswith(_SOUND):
                began = self._quoted(_beginning(response))
                raise AnswerUnfinished(f"{self._asked(question)}: what came is {kind}, no sound: {began}; try again")
            yield SoundAnswer(response, self._asked(question))

    @contextmanager
    def _answer(self, question: Question) -> Iterator[httpx.Response]:
        self.check()
        asked, client = self._asked(question), self._client
        request = client.build_request(
            question.method,
            self._address + question.path,
            headers={**question.headers, **({self._key_header: self._key_prefix + self._key} if self._key else {})},
            params=question.params or None,
            json=question.json,
            content=question.content,
            data=question.data,
            files=question.files,
            extensions={"retry": Retry(total=0)} if question.once else None,
        )
        try:
            response = client.send(request, stream=True)
        except (httpx.TransportError, UnicodeError) as error:  # the latter for a host name that DNS can't hold
            reason = one_line(str(error), secrets=self._secrets) or type(error).__name__
            raise EngineUnreachable(
                f"{asked}: no answer from {request.url.host} ({reason}); "
                f"try again later, or check the address in {self._source}"
            ) from error
        retry = response.extensions.get("retry")
        if retry is not None and retry.attempts_made:
            log.warning("vendor.asked_again", vendor=self.vendor, times=retry.attempts_made)
        try:
            if not response.is_success:
                raise self._refused(response, asked)
            yield response
        finally:
            response.close()

    def _refused(self, response: httpx.Response, asked: str) -> EngineError:
        document, said = read_refusal(_beginning(response), secrets=self._secrets)
        refusal = Refusal(response.status_code, document, said, wait_s=_wait_s(response))
        kind = self._translate(refusal) or kind_of(refusal.status)
        status = one_line(f"{refusal.status} {response.reason_phrase}", secrets=self._secrets)
        answered = f"{status}, {said!r}" if said else status
        advice = ADVICE[kind].format(source=self._source)
        return kind(f"{asked}: the answer is {answered}; {advice}").after(refusal.wait_s)

    def _asked(self, question: Question) -> str:
        return f"{self.vendor}, {question.asked}"

    def _quoted(self, body: bytes) -> str:
        return repr(one_line(body[:MOST_REFUSAL_BYTES].decode(errors="replace"), secrets=self._secrets))

    @property
    def _secrets(self) -> tuple[str, ...]:
        return (self._key, httpx.URL(self._address).password)

    def _reset(self) -> None:
        # A forked child shares its parent's connections: it must leave them to the parent.
        retry = Retry(
            total=MOST_RETRIES,
            allowed_methods=("GET", "POST", "PUT", "DELETE"),
            status_forcelist=_NO_STATUS,
            # Not timeouts: they have cost their time already, and the task around us is retried as a whole.
            retry_on_exceptions=(httpx.NetworkError, httpx.RemoteProtocolError, _AskedToWait),
            validate_response=_wait_if_asked,
            backoff_factor=0.25,
            total_timeout=LONGEST_WAIT_S,
        )
        self._client = httpx.Client(
            transport=RetryTransport(transport=httpx.HTTPTransport(proxy=proxy_for(self._address)), retry=retry),
            headers={"User-Agent": "hladvarp", "Accept-Encoding": "identity"},
            timeout=httpx.Timeout(self._stall_s, connect=CONNECT_S),
            follow_redirects=False,  # a key goes where it was meant to go, and nowhere else
        )


class _AskedToWait(Exception):
    """The vendor names a wait that the transport can wait out."""


def _wait_if_asked(response: httpx.Response) -> None:
    if response.status_code in (429, 503) and 0 < _wait_s(response) <= LONGEST_WAIT_S:
        raise _AskedToWait


def _wait_s(response: httpx.Response) -> float:
    return asked_wait_s(response.headers.get("retry-after", ""))


def _beginning(response: httpx.Response) -> bytes:
    body = b""
    try:
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > MOST_REFUSAL_BYTES:
                break
    except (httpx.TransportError, httpx.DecodingError):
        return body  # the status says enough
    return body
