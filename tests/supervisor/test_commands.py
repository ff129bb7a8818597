"""The supervisor's command line refuses in one sentence, before anything is started."""

from __future__ import annotations

import socket

import pytest

from supervisor.commands import main
from supervisor.files import hold


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield str(server.getsockname()[1])


def test_a_taken_port_stops_the_start(tmp_path, capsys, taken):
    assert main(["run", "--data", str(tmp_path), "--port", taken]) == 1

    printed = capsys.readouterr()
    assert printed.err.startswith(f"Port {taken} is taken")
    assert printed.out == ""
    assert not (tmp_path / "postgres").exists()


def test_a_second_copy_on_the_same_data_is_refused(tmp_path, capsys):
    with hold(tmp_path):
        assert main(["run", "--data", str(tmp_path), "--port", "0"]) == 1

    assert "already running on" in capsys.readouterr().err
