"""Noticing a dead network; what fetching leads to is tested with the datasets."""

import socket
import threading
import time

from styleguard_edu.files import probe

import pytest


@pytest.fixture
def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return port


def test_a_closed_port_is_given_up_with_the_reason(closed_port):
    with pytest.raises(ConnectionError, match="refused"):
        probe(f"http://127.0.0.1:{closed_port}/mnist.npz", 2)


def test_a_name_look_up_that_hangs_is_given_up(monkeypatch):
    never = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: never.wait())
    start = time.monotonic()
    with pytest.raises(ConnectionError, match=r"no answer within 0\.2 s"):
        probe("http://example.invalid/mnist.npz", 0.2)
    assert time.monotonic() - start < 1
    never.set()


def test_a_server_that_answers_passes_the_probe():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 11\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        probe(f"http://127.0.0.1:{server.getsockname()[1]}/mnist.npz", 2)
