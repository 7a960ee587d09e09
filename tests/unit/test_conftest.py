"""The ground that other tests stand on: they cannot leave the machine, nor leave a chain behind."""

from __future__ import annotations

import json
import os
import socket
import sys
import urllib.request
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

import pytest


def call(url: str, method: str) -> str:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": []}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return str(json.load(answer)["result"])


def test_connect_is_refused_when_the_address_is_not_this_machine() -> None:
    with socket.socket() as outward, pytest.raises(RuntimeError, match=r"192\.0\.2\.1"):
        outward.connect(("192.0.2.1", 9))


def test_environment_has_no_setting_of_the_person_who_runs_the_tests() -> None:
    assert "CUSTODES_RPC" not in os.environ
    assert "xdg" in os.environ["XDG_CONFIG_HOME"]


@pytest.mark.parametrize("turn", [1, 2])
def test_recursion_limit_is_a_users_when_the_test_before_has_raised_it(turn: int) -> None:
    assert sys.getrecursionlimit() < 100_000
    sys.setrecursionlimit(100_000)


def test_anvil_serves_the_devnet_chain_on_loopback(start_anvil: Callable[..., object]) -> None:
    first, second = start_anvil(), start_anvil("--chain-id", "77")
    assert call(first.url, "eth_chainId") == "0x7a69"  # type: ignore[attr-defined]
    assert call(second.url, "eth_chainId") == "0x4d"  # type: ignore[attr-defined]


def test_anvil_start_fails_loudly_when_an_option_is_wrong(start_anvil: Callable[..., object]) -> None:
    with pytest.raises(RuntimeError, match="anvil did not start"):
        start_anvil("--no-such-option")


def test_no_folder_of_tests_is_passed_over(pytestconfig: pytest.Config) -> None:
    """pytest leaves out folders of some names, `build` among them, and says nothing."""
    passed_over = pytestconfig.getini("norecursedirs")
    root = Path(__file__).resolve().parents[1]
    names = {part for path in root.rglob("test_*.py") for part in path.relative_to(root).parent.parts}
    assert {name for name in names if any(fnmatch(name, pattern) for pattern in passed_over)} == set()


def test_no_test_leaves_the_machine() -> None:
    elsewhere = ("192.0.2.1", 80)  # RFC 5737: an address for documentation
    with socket.socket() as leaving:
        for connect in (leaving.connect, leaving.connect_ex):
            with pytest.raises(RuntimeError, match=r"tried to connect to 192\.0\.2\.1"):
                connect(elsewhere)
