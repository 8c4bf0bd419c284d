"""Downloads over a real socket, from a server that misbehaves."""

from __future__ import annotations

import gzip
import hashlib
import socket
import ssl
import struct
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tasks.errors import (
    EmptySource,
    SourceError,
    SourceNotFound,
    SourceRefused,
    SourceTooLarge,
    SourceUnreachable,
    UnreadableSource,
)
from tasks.schemas import SourceLimits
from tasks.source.http import download

BODY = b"Surtsey " * 1_000


def hang_up_hard(exchange) -> None:
    # Linger 0: the kernel sends RST, not FIN.
    exchange.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    exchange.connection.close()
    exchange.close_connection = True


def assert_nothing_is_left(target: Path) -> None:
    assert list(target.parent.iterdir()) == []


def test_download_keeps_bytes_size_and_hash(web, limits, target):
    web.routes["/talk.mp3"] = lambda x: x.reply(BODY, Content_Type="audio/mpeg")
    got = download(web.url("/talk.mp3"), target, limits)
    assert target.read_bytes() == BODY
    assert (got.name, got.size_bytes, got.content_type) == ("talk.mp3", len(BODY), "audio/mpeg")
    assert got.sha256 == hashlib.sha256(BODY).hexdigest()
    assert [p.name for p in target.parent.iterdir()] == ["source"]


def test_download_keeps_secrets_out_of_its_final_address(web, limits, target):
    web.routes["/a"] = lambda x: x.reply(status=302, Location="/talk.mp3?sig=hush")
    web.routes["/talk.mp3"] = lambda x: x.reply(BODY)
    url = web.url("/a?token=secret").replace("//", "//nina:pass@")
    got = download(url, target, limits)
    assert got.final_address == web.url("/talk.mp3?…")


def test_download_sends_the_password_of_the_address(web, limits, target):
    web.routes["/a"] = lambda x: x.reply(BODY)
    download(web.url("/a").replace("//", "//nina:pass@"), target, limits)
    assert web.seen[0].headers["Authorization"] == "Basic bmluYTpwYXNz"
    assert web.seen[0].headers["Accept-Encoding"] == "identity"


def test_download_asks_no_proxy_of_the_environment(web, limits, target, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    web.routes["/a"] = lambda x: x.reply(BODY)
    assert download(web.url("/a"), target, limits).size_bytes == len(BODY)


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (404, SourceNotFound, "404"),
        (410, SourceNotFound, "410"),
        (401, SourceRefused, "password"),
        (403, SourceRefused, "may not"),
        (418, SourceRefused, "418"),
        (304, SourceRefused, "304"),
        (500, SourceUnreachable, "500"),
        (503, SourceUnreachable, "503"),
        (204, EmptySource, "empty"),
        (200, EmptySource, "empty"),
    ],
)
def test_download_names_the_failure(web, limits, target, status, error, words):
    web.routes["/a"] = lambda x: x.reply(status=status)
    quick = limits.model_copy(update={"max_retries": 0})
    with pytest.raises(error, match=words):
        download(web.url("/a"), target, quick)
    assert_nothing_is_left(target)


def test_download_waits_as_long_as_a_busy_server_asks(web, limits, target):
    def busy_once(x):
        x.reply(status=503, Retry_After="1") if len(web.seen) == 1 else x.reply(BODY)

    web.routes["/a"] = busy_once
    started_s = time.monotonic()
    assert download(web.url("/a"), target, limits).size_bytes == len(BODY)
    assert 1.0 <= time.monotonic() - started_s < 20
    assert len(web.seen) == 2


def test_download_stops_waiting_when_a_busy_server_asks_for_an_hour(web, limits, target):
    web.routes["/a"] = lambda x: x.reply(status=429, Retry_After="3600")
    brief = limits.model_copy(update={"max_wait_s": 0.5})
    started_s = time.monotonic()
    with pytest.raises(SourceUnreachable, match="429"):
        download(web.url("/a"), target, brief)
    assert time.monotonic() - started_s < 20
    assert len(web.seen) == 2


def test_download_tries_again_after_a_reset_before_the_answer(web, limits, target):
    def resets_once(x):
        hang_up_hard(x) if len(web.seen) == 1 else x.reply(BODY)

    web.routes["/a"] = resets_once
    assert download(web.url("/a"), target, limits).size_bytes == len(BODY)
    assert len(web.seen) == 2


def test_download_is_retryable_when_the_connection_resets_in_the_middle(web, limits, target):
    def halfway(x):
        x.send_response(200)
        x.send_header("Content-Length", str(len(BODY)))
        x.end_headers()
        x.wfile.write(BODY[:4_000])
        hang_up_hard(x)

    web.routes["/a"] = halfway
    with pytest.raises(SourceUnreachable) as caught:
        download(web.url("/a"), target, limits)
    assert caught.value.retryable
    assert_nothing_is_left(target)


def test_download_is_unreachable_when_the_body_is_shorter_than_announced(web, limits, target):
    def short(x):
        x.reply(BODY, Content_Length=str(len(BODY) + 1))
        x.close_connection = True

    web.routes["/a"] = short
    with pytest.raises(SourceUnreachable):
        download(web.url("/a"), target, limits)
    assert_nothing_is_left(target)


def test_download_refuses_a_length_above_the_limit_before_it_reads(web, limits, target):
    web.routes["/a"] = lambda x: x.reply(b"", Content_Length="100001")
    with pytest.raises(SourceTooLarge, match="100,001"):
        download(web.url("/a"), target, limits)
    assert_nothing_is_left(target)


def test_download_takes_a_body_of_exactly_the_limit(web, limits, target):
    web.routes["/a"] = lambda x: x.reply(bytes(100_000))
    assert download(web.url("/a"), target, limits).size_bytes == 100_000


def test_download_stops_an_endless_body(web, limits, target):
    def endless(x):
        x.send_response(200)
        x.send_header("Connection", "close")
        x.end_headers()
        while not web.ended.is_set():
            x.wfile.write(BODY)

    web.routes["/a"] = endless
    with pytest.raises(SourceTooLarge):
        download(web.url("/a"), target, limits)
    assert_nothing_is_left(target)


@pytest.mark.parametrize("part", ["headers", "body"])
def test_download_ends_at_its_deadline_when_the_server_drips(web, limits, target, part):
    def drip(x):
        head = b"HTTP/1.1 200 OK\r\n" + (b"Content-Length: 9000\r\n\r\n" if part == "body" else b"X-Slow: ")
        x.wfile.write(head)
        while not web.ended.wait(0.05):
            x.wfile.write(b"a")

    web.routes["/a"] = drip
    brief = limits.model_copy(update={"timeout_s": 0.6})
    started_s = time.monotonic()
    with pytest.raises(SourceUnreachable, match="too long"):
        download(web.url("/a"), target, brief)
    assert time.monotonic() - started_s < 20
    assert_nothing_is_left(target)


def test_download_ends_when_the_server_falls_silent(web, limits, target):
    web.routes["/a"] = lambda x: web.ended.wait(10)
    brief = limits.model_copy(update={"stall_timeout_s": 0.3})
    with pytest.raises(SourceUnreachable, match="too long"):
        download(web.url("/a"), target, brief)


def test_download_unpacks_gzip_that_it_did_not_ask_for(web, limits, target):
    web.routes["/a"] = lambda x: x.reply(gzip.compress(BODY), Content_Encoding="gzip")
    download(web.url("/a"), target, limits)
    assert target.read_bytes() == BODY


def test_download_stops_a_gzip_bomb_at_the_limit(web, limits, target):
    bomb = gzip.compress(bytes(50_000_000))
    assert len(bomb) < limits.max_bytes
    web.routes["/a"] = lambda x: x.reply(bomb, Content_Encoding="gzip")
    with pytest.raises(SourceTooLarge):
        download(web.url("/a"), target, limits)
    assert_nothing_is_left(target)


@pytest.mark.parametrize(
    ("body", "encoding", "error"),
    [
        (gzip.compress(BODY, mtime=0)[:-20], "gzip", SourceUnreachable),
        (BODY, "gzip", UnreadableSource),
        (BODY, "br", SourceRefused),
    ],
)
def test_download_names_a_packing_that_it_cannot_undo(web, limits, target, body, encoding, error):
    web.routes["/a"] = lambda x: x.reply(body, Content_Encoding=encoding)
    with pytest.raises(error):
        download(web.url("/a"), target, limits)
    assert_nothing_is_left(target)


def test_download_follows_redirects_up_to_the_limit(web, limits, target):
    for n in range(6):
        web.routes[f"/{n}"] = lambda x, n=n: x.reply(status=302, Location=f"/{n + 1}")
    web.routes["/6"] = lambda x: x.reply(BODY)
    assert download(web.url("/1"), target, limits).final_address == web.url("/6")
    with pytest.raises(SourceRefused, match="more than 5 times"):
        download(web.url("/0"), target, limits)


def test_download_refuses_a_loop_of_redirects(web, limits, target):
    web.routes["/a"] = lambda x: x.reply(status=301, Location="/a")
    with pytest.raises(SourceRefused):
        download(web.url("/a"), target, limits)
    assert len(web.seen) == limits.max_redirects + 1


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.2:{port}/b",
        "http://[::1]:{port}/b",
        "http://[::ffff:127.0.0.2]:{port}/b",
        "http://2130706434:{port}/b",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "file://localhost/etc/passwd",
        "ftp://127.0.0.1/b",
        "s3://bucket/b",
        "gopher://127.0.0.1/b",
    ],
)
def test_download_refuses_a_redirect_to_where_it_may_not_go(web, limits, target, location):
    web.routes["/a"] = lambda x: x.reply(status=302, Location=location.format(port=web.port))
    with pytest.raises(SourceRefused):
        download(web.url("/a"), target, limits)
    assert len(web.seen) == 1
    assert_nothing_is_left(target)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "0.0.0.0", "0x7f.1", "2130706433", "017700000001"])
def test_download_refuses_the_loopback_however_it_is_written(web, target, host):
    with pytest.raises(SourceRefused, match="not on the open internet"):
        download(web.url("/a", host=host), target, SourceLimits())
    assert web.seen == []


def test_download_reaches_the_loopback_by_name_when_private_addresses_are_allowed(web, target):
    web.routes["/a"] = lambda x: x.reply(BODY)
    allowed = SourceLimits(allow_private_addresses=True)
    assert download(web.url("/a", host="localhost"), target, allowed).size_bytes == len(BODY)
    assert web.seen[0].headers["Host"] == f"localhost:{web.port}"


@pytest.fixture
def names(monkeypatch):
    """Answers of a name server for names that end in .test: the n-th question gets the n-th answer."""
    answers: dict[str, list[list[str]]] = {}
    ask = socket.getaddrinfo

    def lookup(host, port, *args, **kwargs):
        if host not in answers:
            return ask(host, port, *args, **kwargs)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in answers[host].pop(0)]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return answers


def test_download_connects_to_the_address_that_it_checked_when_the_name_changes_its_mind(web, limits, target, names):
    names["rebind.test"] = [["127.0.0.1"], ["127.0.0.2"]]
    web.routes["/a"] = lambda x: x.reply(BODY)
    assert download(web.url("/a", host="rebind.test"), target, limits).size_bytes == len(BODY)
    assert names["rebind.test"] == [["127.0.0.2"]]


def test_download_checks_again_when_it_connects_again(web, limits, target, names):
    names["rebind.test"] = [["127.0.0.1"], ["127.0.0.2"]]
    web.routes["/a"] = hang_up_hard
    with pytest.raises(SourceRefused, match=r"127\.0\.0\.2"):
        download(web.url("/a", host="rebind.test"), target, limits)


def test_download_passes_over_forbidden_and_dead_addresses_of_a_name(web, limits, target, names):
    names["several.test"] = [["127.0.0.2", "127.0.0.3", "127.0.0.1"]]
    web.routes["/a"] = lambda x: x.reply(BODY)
    wider = limits.model_copy(
        update={"allowed_networks": SourceLimits(allowed_networks=("127.0.0.1/32", "127.0.0.3/32")).allowed_networks}
    )
    assert download(web.url("/a", host="several.test"), target, wider).size_bytes == len(BODY)


def test_download_is_unreachable_when_nobody_listens(web, limits, target):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/a"
        with pytest.raises(SourceUnreachable, match="refused"):
            download(url, target, limits.model_copy(update={"max_retries": 0}))


def test_download_is_unreachable_when_the_name_is_unknown(limits, target):
    with pytest.raises(SourceUnreachable, match=r"nowhere\.invalid"):
        download("http://nowhere.invalid/a", target, limits)


def test_download_is_unreachable_when_the_server_speaks_something_else(web, limits, target):
    def babble(x):
        x.wfile.write(b"220 smtp.example ESMTP\r\n")
        x.close_connection = True

    web.routes["/a"] = babble
    with pytest.raises(SourceUnreachable):
        download(web.url("/a"), target, limits.model_copy(update={"max_retries": 0}))


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "http:///a",
        "http://exa mple/",
        "http://[::1",
        "http://a:99999/",
        "http://" + "a" * 70 + ".is/",
        "http://..a/",
    ],
)
def test_download_refuses_what_is_no_address(limits, target, url):
    with pytest.raises(SourceRefused):
        download(url, target, limits)


@pytest.mark.parametrize(
    ("path", "disposition", "name"),
    [
        ("/%C3%BE%C3%A1ttur%203.mp3", "", "þáttur 3.mp3"),
        ("/..%2F..%2Fetc%2Fpasswd", "", "passwd"),
        ("/a%00b.mp3", "", "ab.mp3"),
        ("/", "", "source"),
        ("/x.mp3", 'attachment; filename="../../../home/x/.ssh/keys"', "keys"),
        ("/x.mp3", "attachment; filename*=UTF-8''%C3%A6var%20%C3%B6rn.wav", "ævar örn.wav"),
        ("/x.mp3", 'attachment; filename="C:\\\\temp\\\\tal.wav"', "tal.wav"),
        ("/x.mp3", 'attachment; filename=".."', "source"),
        ("/x.mp3", "attachment; filename*=nonsense''%ff", "ÿ"),
    ],
)
def test_download_makes_the_name_safe(web, limits, target, path, disposition, name):
    web.routes[path] = lambda x: x.reply(BODY, Content_Disposition=disposition)
    got = download(web.url(path), target, limits)
    assert got.name == name


def test_download_leaves_what_stood_at_its_target_when_it_fails(web, limits, target):
    target.write_bytes(b"before")
    with pytest.raises(SourceError):
        download(web.url("/missing"), target, limits)
    assert target.read_bytes() == b"before"


@pytest.fixture
def secure(web, tmp_path):
    """The server behind TLS as localhost, with a certificate that nobody has signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    folder = tmp_path.parent / (tmp_path.name + "-keys")
    folder.mkdir()
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *private))
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    # The handshake waits for the thread of its own connection.
    web.socket = context.wrap_socket(web.socket, server_side=True, do_handshake_on_connect=False)
    web.routes["/a"] = lambda x: x.reply(BODY)
    web.certificate = folder / "cert.pem"
    return web


def test_download_keeps_to_the_name_in_the_certificate_while_it_connects_by_number(secure, limits, target, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(secure.certificate))
    url = secure.url("/a", host="localhost").replace("http", "https")
    assert download(url, target, limits).size_bytes == len(BODY)
    assert secure.seen[0].headers["Host"] == f"localhost:{secure.port}"
    with pytest.raises(SourceRefused, match="certificate"):
        download(secure.url("/a").replace("http", "https"), target, limits)


def test_download_refuses_a_certificate_that_nobody_vouches_for(secure, limits, target):
    started_s = time.monotonic()
    with pytest.raises(SourceRefused, match="self-signed"):
        download(secure.url("/a", host="localhost").replace("http", "https"), target, limits)
    assert time.monotonic() - started_s < 20
    assert_nothing_is_left(target)
