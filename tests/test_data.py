"""utils.data: a mirror, no network, a silent server, another hash; the servers are on the loopback."""

import hashlib
import http.server
import shutil
import socket
import threading
import time

import pytest

from utils import data
from utils.data import Missing, fetch
from utils.data_files import FILES, PublicFile

CONTENT = b"the cat sat on the mat\n"
NAME = "corpora/cat.txt"


@pytest.fixture
def served(monkeypatch, tmp_path):
    """A server of one file on the loopback, and a cache of the test's own."""

    class Handler(http.server.BaseHTTPRequestHandler):
        requests = 0

        def do_GET(self):
            Handler.requests += 1
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("ALIGNMENT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("NO_PROXY", "*")
    publish(monkeypatch, CONTENT, f"http://127.0.0.1:{server.server_port}/cat.txt")
    yield Handler
    server.shutdown()
    server.server_close()


def publish(monkeypatch, content, url):
    monkeypatch.setitem(FILES, NAME, PublicFile(hashlib.sha256(content).hexdigest(), url, "none"))


def test_a_file_is_downloaded_once(served, tmp_path):
    assert fetch(NAME).read_bytes() == CONTENT
    assert fetch(NAME) == tmp_path / "data" / NAME
    assert served.requests == 1


def test_a_damaged_file_is_downloaded_again(served, tmp_path):
    fetch(NAME).write_bytes(b"the dog")
    assert fetch(NAME).read_bytes() == CONTENT
    assert served.requests == 2


def test_another_hash_is_missing_and_leaves_nothing_behind(served, monkeypatch, tmp_path):
    publish(monkeypatch, b"another text", FILES[NAME].url)
    with pytest.raises(Missing, match="sent has another hash than the book's file"):
        fetch(NAME)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_another_hash_leaves_the_old_file_as_it_was(served, monkeypatch, tmp_path):
    old = fetch(NAME)
    publish(monkeypatch, b"another text", FILES[NAME].url)
    with pytest.raises(Missing):
        fetch(NAME)
    assert old.read_bytes() == CONTENT


def test_the_mirror_is_honoured_without_network(monkeypatch, tmp_path):
    publish(monkeypatch, CONTENT, closed_port())
    (tmp_path / "corpora").mkdir()
    (tmp_path / NAME).write_bytes(CONTENT)
    monkeypatch.setenv("ALIGNMENT_DATA_DIR", str(tmp_path))
    assert fetch(NAME) == tmp_path / NAME


def closed_port() -> str:
    """An address on the loopback at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/cat.txt"


def one_sentence(error) -> bool:
    text = str(error.value)
    return "\n" not in text and NAME in text and "ALIGNMENT_DATA_DIR" in text and len(text) < 500


def test_no_network_is_missing_at_once_in_one_sentence(monkeypatch, tmp_path):
    publish(monkeypatch, CONTENT, closed_port())
    monkeypatch.setenv("ALIGNMENT_DATA_DIR", str(tmp_path))
    started = time.monotonic()
    with pytest.raises(Missing, match="no download from") as error:
        fetch(NAME)
    assert time.monotonic() - started < 5
    assert one_sentence(error)


def test_a_silent_server_is_given_up(monkeypatch, tmp_path):
    """A network that swallows packets: the connection opens and nothing ever comes."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        publish(monkeypatch, CONTENT, f"http://127.0.0.1:{silent.getsockname()[1]}/cat.txt")
        monkeypatch.setenv("ALIGNMENT_DATA_DIR", str(tmp_path))
        monkeypatch.setattr(data, "SECONDS", 0.5)
        started = time.monotonic()
        with pytest.raises(Missing, match=r"no download from .*Timeout"):
            fetch(NAME)
        assert time.monotonic() - started < 5
    assert data.SECONDS == 0.5


def test_a_folder_that_cannot_be_written_is_named(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("no folder")
    publish(monkeypatch, CONTENT, closed_port())
    monkeypatch.setenv("ALIGNMENT_DATA_DIR", str(tmp_path / "file"))
    with pytest.raises(Missing, match="cannot be written") as error:
        fetch(NAME)
    assert one_sentence(error)


def test_a_full_disk_is_missing_and_leaves_the_folder_whole(served, monkeypatch, tmp_path):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "move", full)
    with pytest.raises(Missing, match="No space left on device"):
        fetch(NAME)
    assert not [path for path in tmp_path.rglob("*.txt") if path.is_file()]


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match=r"name is .corpora.dog.txt., expected one of"):
        fetch("corpora/dog.txt")


def test_every_file_has_a_hash_an_address_and_a_licence():
    for name, file in FILES.items():
        assert len(file.sha256) == 64, name
        assert file.url.startswith("https://"), name
        assert file.licence, name
