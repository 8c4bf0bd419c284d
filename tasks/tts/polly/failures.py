"""What botocore raises about Polly, in the words of `tasks.errors`."""

from __future__ import annotations

from botocore.exceptions import (  # type: ignore[import-untyped]
    ClientError,
    HTTPClientError,
    ParamValidationError,
    ReadTimeoutError,
)
from botocore.exceptions import ConnectionError as ConnectionFailed
from botocore.parsers import ResponseParserError  # type: ignore[import-untyped]

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
from tasks.tts.vendors.refusal import ADVICE, asked_wait_s, kind_of, one_line

KINDS: dict[str, type[EngineError]] = {
    "ServiceQuotaExceededException": QuotaExceeded,
    "TextLengthExceededException": TextTooLong,
    "EngineNotSupportedException": UnknownVoice,
    "LanguageNotSupportedException": UnknownVoice,
    "InvalidSsmlException": RequestRefused,
    "InvalidSampleRateException": RequestRefused,
    "ServiceFailureException": EngineUnreachable,
    "ServiceUnavailable": EngineUnreachable,
    "ServiceUnavailableException": EngineUnreachable,
    "InternalFailure": EngineUnreachable,
    "RequestTimeout": EngineUnreachable,
    "Throttling": EngineBusy,
    "ThrottlingException": EngineBusy,
    "ThrottledException": EngineBusy,
    "TooManyRequestsException": EngineBusy,
    "RequestLimitExceeded": EngineBusy,
    "RequestThrottled": EngineBusy,
    "AccessDenied": EngineDenied,
    "AccessDeniedException": EngineDenied,
    "ExpiredToken": EngineDenied,
    "ExpiredTokenException": EngineDenied,
    "IncompleteSignature": EngineDenied,
    "InvalidClientTokenId": EngineDenied,
    "InvalidSignatureException": EngineDenied,
    "MissingAuthenticationToken": EngineDenied,
    "MissingAuthenticationTokenException": EngineDenied,
    "NotAuthorized": EngineDenied,
    "OptInRequired": EngineDenied,
    "SignatureDoesNotMatch": EngineDenied,
    "UnrecognizedClientException": EngineDenied,
}
"""Polly's errors (botocore's polly/2016-06-10/service-2.json), and those that all of AWS shares ("Common errors")."""


def translated(error: Exception, *, asked: str, source: str, secret: str) -> EngineError:
    """The failure that a person meets. `source` is where keys and region come from."""
    kind = _kind(error)
    advice = ADVICE[kind].format(source=source)
    return kind(f"{asked}: {said_by(error, secret=secret)}; {advice}").after(_wait_s(error))


def broken_off(error: Exception, *, asked: str, secret: str) -> EngineError:
    """The same for an answer whose head had come already."""
    return AnswerUnfinished(f"{asked}: the answer broke off: {said_by(error, secret=secret)}; try again")


def said_by(error: Exception, *, secret: str) -> str:
    """What Amazon says, or botocore where Amazon said nothing: one line, without the key."""
    if isinstance(error, ClientError):
        return one_line(": ".join(_words(error)), secrets=(secret,))
    if isinstance(error, ReadTimeoutError):
        return "nothing came for too long"
    return one_line(str(error), secrets=(secret,))


def may_not_list(error: Exception) -> bool:
    """Whether the key is good, and may speak but not list: such keys are made on purpose."""
    return isinstance(error, ClientError) and _words(error)[0] == "AccessDeniedException"


def _words(error: ClientError) -> tuple[str, str]:
    told = error.response.get("Error", {})
    return str(told.get("Code", "")), str(told.get("Message", ""))


def _kind(error: Exception) -> type[EngineError]:
    if isinstance(error, ClientError):
        code, said = _words(error)
        if code == "ValidationException":
            return UnknownVoice if "voiceId" in said else RequestRefused
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return KINDS.get(code) or kind_of(int(status))
    if isinstance(
        error, (ConnectionFailed, HTTPClientError)
    ):  # no connection, no answer in time, a proxy's or TLS's trouble
        return EngineUnreachable
    if isinstance(error, ResponseParserError):
        return AnswerUnfinished
    if isinstance(error, ParamValidationError):
        return RequestRefused
    return EngineDenied  # no credentials, half of them, no region, an address that is none: all before anything is sent


def _wait_s(error: Exception) -> float:
    if not isinstance(error, ClientError):
        return 0.0
    return asked_wait_s(str(error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("retry-after", "")))
