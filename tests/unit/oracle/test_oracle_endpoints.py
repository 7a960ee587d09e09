"""RPCs that fail are left alone for a while; RPCs of another chain have no voice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bad_provider import bad_provider
from governance.chain.errors import ChainMismatch, RpcError, RpcOverloaded, RpcUnavailable
from governance.chain.rpc import Rpc
from governance.types import ChainId, Hash32
from oracle.endpoints import PAUSE, Endpoint

pytestmark = pytest.mark.chain


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def genesis(anvil: Any) -> Iterator[Hash32]:
    with Rpc(anvil.url) as rpc:
        yield Hash32(bytes.fromhex(rpc.block(0)["hash"][2:]))


def test_endpoint_of_the_chain_answers(anvil: Any, genesis: Hash32) -> None:
    with Endpoint(anvil.url, ChainId(31337), genesis) as endpoint:
        endpoint.verify()
        assert endpoint.call("eth_chainId") == "0x7a69"
        assert endpoint.batch([("eth_chainId", [])]) == ["0x7a69"]


def test_endpoint_of_another_chain_id_has_no_voice(anvil: Any, genesis: Hash32) -> None:
    with Endpoint(anvil.url, ChainId(1), genesis) as endpoint:
        with pytest.raises(ChainMismatch, match="serves chain 31337"):
            endpoint.verify()
        with pytest.raises(RpcUnavailable):
            endpoint.call("eth_chainId")


def test_endpoint_of_another_genesis_has_no_voice(anvil: Any) -> None:
    with Endpoint(anvil.url, ChainId(31337), Hash32(b"\x01" * 32)) as endpoint:
        with pytest.raises(ChainMismatch, match="another chain"):
            endpoint.verify()
        with pytest.raises(RpcUnavailable, match="another chain"):
            endpoint.batch([("eth_chainId", [])])


def test_error_of_a_node_is_an_answer_and_costs_no_rest(anvil: Any, genesis: Hash32) -> None:
    with Endpoint(anvil.url, ChainId(31337), genesis) as endpoint:
        with pytest.raises(RpcError):
            endpoint.call("no_such_method")
        assert not endpoint.is_resting
        assert endpoint.call("eth_chainId") == "0x7a69"


def test_endpoint_that_is_down_rests_ever_longer_and_is_asked_again(anvil: Any, genesis: Hash32) -> None:
    clock = Clock()
    with Endpoint(anvil.url, ChainId(31337), genesis, monotonic=clock, draw=lambda: 1.0) as endpoint:
        endpoint.verify()
        anvil.process.kill()
        anvil.process.wait()
        pauses = []
        for _ in range(8):
            with pytest.raises(RpcUnavailable, match="cannot be reached"):
                endpoint.call("eth_chainId")
            start = clock.now
            while endpoint.is_resting:
                with pytest.raises(RpcUnavailable, match="left alone"):
                    endpoint.call("eth_chainId")
                clock.now += 0.25
            pauses.append(clock.now - start)
        assert pauses[:3] == [0.25, 0.5, 1.0]
        assert pauses[-1] == PAUSE[1]


def test_endpoint_that_is_back_is_trusted_as_before(start_anvil: Any) -> None:
    clock = Clock()
    first = start_anvil("--timestamp", "1700000000")
    with Rpc(first.url) as rpc:
        genesis = Hash32(bytes.fromhex(rpc.block(0)["hash"][2:]))
    with Endpoint(first.url, ChainId(31337), genesis, monotonic=clock) as endpoint:
        endpoint.verify()
        endpoint._until = 5.0
        with pytest.raises(RpcUnavailable):
            endpoint.call("eth_chainId")
        clock.now = 6.0
        assert endpoint.call("eth_chainId") == "0x7a69"
        assert not endpoint.is_resting


def test_endpoint_that_is_asked_for_too_much_rests_as_long_as_it_asks_itself(anvil: Any, genesis: Hash32) -> None:
    clock = Clock()
    with (
        bad_provider(anvil.url) as provider,
        Endpoint(provider.url, ChainId(31337), genesis, monotonic=clock, draw=lambda: 0.0) as endpoint,
    ):
        endpoint.verify()
        provider.busy = 1
        with pytest.raises(RpcOverloaded, match="HTTP 429"):
            endpoint.call("eth_chainId")
        clock.now = 2.9  # it said 3 s
        assert endpoint.is_resting
        clock.now = 3.0
        assert endpoint.call("eth_chainId") == "0x7a69"
