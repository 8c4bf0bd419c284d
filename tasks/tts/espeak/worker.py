"""eSpeak NG in a process of its own: it speaks frames over its pipes and shares nothing with the project but them.

Run by its path with `-I -S`, so that it imports the standard library alone and starts in some 20 ms. libespeak-ng keeps
global state that changes the next utterance by a few samples and that neither `espeak_Terminate` nor a seed resets
(1.52.0, measured), so every utterance is said by a fork of the freshly initialised process: the same words always give
the same samples, and an utterance that crashes the library takes only its fork along.

Frames: one byte kind, four bytes length (big endian), then the payload. To the worker: `R` a request (JSON). From it:
`H` hello, with the library's version; `A` 16-bit mono samples; `E` end, with `[position, length, sample]` for each
word, or with the phonemes of each text, where those were asked for; `X` the request failed, with the reason.
"""

import ctypes
import json
import os
import select
import signal
import struct
import sys

HEADER = struct.Struct(">cI")
AUDIO_OUTPUT_SYNCHRONOUS = 2
DONT_EXIT = 0x8000
CHARS_UTF8 = 1
END_PAUSE = 0x1000
IPA_TIED = 0x02 | 0x80 | ord("^") << 8  # a tie inside what is one sound: t^ʃ, a^ɪ
RATE, PITCH = 1, 3
WORD_EVENT = 1
PARENT_CHECK_S = 2.0


class _Id(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    ]


_OnSound = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


def load(library: str, data_folder: str) -> ctypes.CDLL:
    """The initialised library.

    Raises: OSError when it cannot be loaded, or finds no data.
    """
    espeak = ctypes.CDLL(library)
    espeak.espeak_Initialize.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
    espeak.espeak_Info.argtypes = [ctypes.POINTER(ctypes.c_char_p)]
    espeak.espeak_Info.restype = ctypes.c_char_p
    espeak.espeak_Synth.argtypes = [
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_uint,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_uint,
        ctypes.POINTER(ctypes.c_uint),
        ctypes.c_void_p,
    ]
    espeak.espeak_SetVoiceByName.argtypes = [ctypes.c_char_p]
    espeak.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int]
    espeak.espeak_TextToPhonemes.restype = ctypes.c_char_p
    os.chdir(os.path.dirname(data_folder))  # a relative path: the library keeps only 160 bytes of it
    if espeak.espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, b".", DONT_EXIT) <= 0:
        raise OSError(f"libespeak-ng finds no data in {data_folder}")
    return espeak


def send(kind: bytes, payload: bytes) -> None:
    """Write one frame to the parent."""
    frame = memoryview(HEADER.pack(kind, len(payload)) + payload)
    while frame:
        frame = frame[os.write(1, frame) :]


def read(count: int) -> bytes:
    """Exactly `count` bytes from the parent; the worker ends with its parent, however that ended.

    End of file is not enough: any fork of the parent keeps the pipe open. Linux's parent-death signal would be too
    much: it is sent when the thread that started the worker ends.
    """
    parent = int(sys.argv[3])
    received = b""
    while len(received) < count:
        ready, _, _ = select.select([0], [], [], PARENT_CHECK_S)
        if not ready and os.getppid() != parent:
            os._exit(0)
        if ready:
            some = os.read(0, count - len(received))
            if not some:
                os._exit(0)
            received += some
    return received


def say(espeak: ctypes.CDLL, request: dict) -> None:  # type: ignore[type-arg]
    """Say one request, and send its sound while it is made."""
    words: list[tuple[int, int, int]] = []

    def on_sound(samples, count: int, events) -> int:  # type: ignore[no-untyped-def]
        if count > 0:
            send(b"A", ctypes.string_at(samples, count * 2))
        index = 0
        while events[index].type != 0:
            event = events[index]
            if event.type == WORD_EVENT:
                words.append((event.text_position - 1, event.length, event.sample))
            index += 1
        return 0

    callback = _OnSound(on_sound)
    espeak.espeak_SetSynthCallback(callback)
    espeak.espeak_SetParameter(RATE, request["rate_wpm"], 0)
    espeak.espeak_SetParameter(PITCH, request["pitch"], 0)
    # Neither espeakSSML (0x10) nor espeakPHONEMES (0x100): markup and [[ are read as they are written.
    text = request["text"].encode() + b"\0"
    status = espeak.espeak_Synth(text, len(text), 0, 1, 0, CHARS_UTF8 | END_PAUSE, None, None)
    if status != 0 or espeak.espeak_Synchronize() != 0:
        return send(b"X", f"libespeak-ng answers {status}".encode())
    return send(b"E", json.dumps(words).encode())


def transcribe(espeak: ctypes.CDLL, texts: list) -> None:  # type: ignore[type-arg]
    """Send each text in phonemes, its clauses put together."""
    answers = []
    for text in texts:
        rest, clauses = ctypes.c_char_p(text.encode()), []
        while rest.value is not None:
            clauses.append(espeak.espeak_TextToPhonemes(ctypes.byref(rest), CHARS_UTF8, IPA_TIED).decode())
        answers.append(" ".join(filter(None, clauses)))
    send(b"E", json.dumps(answers).encode())


def answer(espeak: ctypes.CDLL, request: dict) -> None:  # type: ignore[type-arg]
    """Do what one request asks for."""
    if espeak.espeak_SetVoiceByName(request["voice"].encode()) != 0:
        send(b"X", f"libespeak-ng has no voice {request['voice']}".encode())
    elif "texts" in request:
        transcribe(espeak, request["texts"])
    else:
        say(espeak, request)


def answer_in_a_fork(espeak: ctypes.CDLL, request: dict) -> int:  # type: ignore[type-arg]
    """Answer one request in a fork, and give its wait status; the kernel ends a fork that is stuck."""
    child = os.fork()
    if child == 0:
        signal.alarm(request["limit_s"])
        answer(espeak, request)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def main() -> None:
    """Answer the parent until it is gone."""
    library, data_folder = sys.argv[1], sys.argv[2]
    try:
        espeak = load(library, data_folder)
    except OSError as error:
        send(b"X", str(error).encode())
        return
    where = ctypes.c_char_p()
    send(b"H", espeak.espeak_Info(ctypes.byref(where)) or b"unknown")
    while True:
        _, length = HEADER.unpack(read(HEADER.size))
        # A fork that died may have left half a frame in the pipe: end, so that the parent starts afresh.
        if answer_in_a_fork(espeak, json.loads(read(length))) != 0:
            sys.exit(1)


if __name__ == "__main__":
    main()
