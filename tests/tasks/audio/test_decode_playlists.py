from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.audio.codec import decode_to_flac
from tasks.errors import UnreadableSource


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """A real HTTP server that counts who comes."""
    requests: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            self.send_error(404)

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", requests
        server.shutdown()
        thread.join()


PLAYLISTS = {
    "a.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{address}/a.ts\n#EXT-X-ENDLIST\n",
    "a.mp3": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{address}/a.ts\n#EXT-X-ENDLIST\n",
    "a.ffconcat": "ffconcat version 1.0\nfile {address}/a.mp3\n",
    "a.mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
    "<BaseURL>{address}/</BaseURL></MPD>",
    "a.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 9 RTP/AVP 0\n",
    "a.asx": '<asx version="3.0"><entry><ref href="{address}/a.mp3"/></entry></asx>',
}


@pytest.mark.parametrize("name", PLAYLISTS)
def test_decode_opens_no_address_that_a_playlist_names(tmp_path: Path, listener: tuple[str, list[str]], name: str):
    address, requests = listener
    source = tmp_path / name
    source.write_text(PLAYLISTS[name].format(address=address))
    with pytest.raises(UnreadableSource):
        decode_to_flac(source, tmp_path / "b.flac", max_duration_s=600)
    assert requests == []
