"""Ports: remembered, and refused in a sentence."""

from __future__ import annotations

import socket

import pytest

from supervisor.errors import CannotRunError
from supervisor.ports import CHOICES, LOOPBACK, remembered_ports, require_free


@pytest.fixture
def taken():
    with socket.create_server((LOOPBACK, 0)) as server:
        yield server.getsockname()[1]


def test_a_taken_port_is_refused_in_one_sentence(taken):
    with pytest.raises(CannotRunError) as refused:
        require_free(taken)

    assert str(refused.value) == (
        f"Port {taken} is taken by another program; choose another with --port {taken + 1}."
    )


def test_ports_are_the_same_at_the_next_start(tmp_path):
    first = remembered_ports(tmp_path / "ports.json", ("postgres", "valkey"))

    second = remembered_ports(tmp_path / "ports.json", ("postgres", "valkey"))

    assert second == first
    assert len(set(first.values())) == 2
    assert all(port in CHOICES for port in first.values())


def test_a_remembered_port_that_is_taken_is_chosen_again(tmp_path, taken):
    file = tmp_path / "ports.json"
    file.write_text(f'{{"postgres": {taken}, "valkey": 20001}}')

    chosen = remembered_ports(file, ("postgres",))

    assert chosen["postgres"] != taken
    assert '"valkey": 20001' in file.read_text()
