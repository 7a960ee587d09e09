"""Events through a provider that limits ranges, batches and rates, or hangs: all of them, once, with few requests."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from bad_provider import BadProvider, bad_provider
from governance.chain import view as view_module
from governance.chain.errors import RpcOverloaded, RpcUnavailable
from governance.chain.pace import PATIENCE, Pace
from governance.chain.receipts import read_logs
from governance.chain.rpc import Rpc
from governance.chain.view import ChainView, NoAgreement
from governance.ledger.codec import UndecodableAnswer
from governance.ledger.events import decode_logs, get_events
from governance.types import Hash32
from live_system import LiveSystem, live_system

pytestmark = pytest.mark.chain
REPORTS = 12  # each some blocks after the one before
APART = 40  # blocks
EVERYTHING = Hash32(bytes(32))


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSystem]:
    with live_system(tmp_path_factory.mktemp("system")) as system:
        for at in range(REPORTS):
            call = system.ledger.brake.report_incident(EVERYTHING, Hash32(bytes([at + 1]) * 32), 1, f"report {at}")
            system.ledger.send(call, system.seats[at])
            system.anvil.rpc.call("anvil_mine", hex(APART))
        yield system


@pytest.fixture
def provider(system: LiveSystem) -> Iterator[BadProvider]:
    with bad_provider(system.anvil.url) as provider:
        yield provider


def test_events_are_all_read_once_where_the_range_is_limited(system: LiveSystem, provider: BadProvider) -> None:
    provider.most_blocks = 50
    with Rpc(provider.url) as rpc:
        found = get_events(rpc, system.ledger.deployment)
    assert found == system.ledger.events()
    assert len({(record.block, record.log_index) for record in found}) == len(found) > REPORTS
    assert provider.refused < 20
    assert len(provider.sizes) < 60


def test_events_are_all_read_where_requests_are_limited_and_pauses_are_those_asked_for(
    system: LiveSystem, provider: BadProvider
) -> None:
    waits: list[float] = []

    def wait(error: RpcOverloaded) -> None:
        waits.append(error.retry_after)

    last = system.anvil.rpc.call("eth_blockNumber")
    provider.busy = 3
    with Rpc(provider.url) as rpc:
        found = get_events(rpc, system.ledger.deployment, last=int(last, 16), wait=wait)
    assert found == system.ledger.events()
    assert waits == [3.0] * 3
    ranges = provider.sizes[:4]
    assert ranges[1:] == [ranges[0], 50_000 // 4, 50_000 // 8] or sorted(ranges, reverse=True) == ranges


def test_events_are_all_read_where_large_ranges_get_no_answer(system: LiveSystem, provider: BadProvider) -> None:
    provider.hangs_above = 200
    waited: list[str] = []
    with Rpc(provider.url, timeout=0.3) as rpc:
        found = get_events(rpc, system.ledger.deployment, wait=lambda error: waited.append(error.message))
    assert found == system.ledger.events()
    assert 1 <= len(waited) == provider.refused <= 12
    assert "did not answer within 0.3 s" in waited[0]


def test_provider_that_never_has_time_is_given_up(system: LiveSystem, provider: BadProvider) -> None:
    provider.busy = 1_000_000
    left = [PATIENCE]

    def wait(error: RpcOverloaded) -> None:
        left[0] -= error.retry_after
        if left[0] < 0:
            raise error

    with Rpc(provider.url) as rpc, pytest.raises(RpcOverloaded, match="HTTP 429"):
        get_events(rpc, system.ledger.deployment, last=1, first=0, wait=wait)
    assert len(provider.sizes) == 21


def test_verified_view_follows_and_reads_where_batches_are_limited_and_requests_refused(
    system: LiveSystem, provider: BadProvider
) -> None:
    deployment, brake = system.ledger.deployment, system.ledger.deployment.addresses["Brake"]
    provider.most_calls = 7
    pace, logs = Pace(20), []
    with Rpc(provider.url) as rpc:
        view = ChainView([rpc], agreement=1, stall_limit=60.0, monotonic=time.monotonic)
        view.begin_at(deployment.block)
        heads = view.refresh()
        headers = list(heads.followed)
        provider.busy = 1
        with pytest.raises(RpcOverloaded):
            read_logs(rpc, headers, brake, pace)
        logs = read_logs(rpc, headers, brake, pace)
    assert heads.behind == 0
    assert logs == read_logs(system.anvil.rpc, headers, brake)
    assert len(logs) >= REPORTS
    assert max(provider.sizes) == 100
    assert provider.refused < 30


def test_long_way_is_gone_in_shorter_steps_where_it_is_refused_half_way(
    system: LiveSystem, provider: BadProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view_module, "BATCH", 20)
    with Rpc(provider.url) as rpc:
        view = ChainView([rpc], agreement=1, stall_limit=60.0, monotonic=time.monotonic)
        first = view.begin_at(system.ledger.deployment.block)
        looks = 0
        while view.believed == first and looks < 20:
            looks += 1
            provider.credit = 8  # requests a look; the whole way takes more
            try:
                heads = view.refresh()
            except NoAgreement:
                continue
            assert heads.behind > 0
    assert 1 < looks < 20


@pytest.mark.parametrize("change", [{"blockNumber": {}}, {"blockNumber": 7}, {"logIndex": "x"}, {"blockHash": "0xzz"}])
def test_log_without_a_place_is_an_answer_that_cannot_be_read(system: LiveSystem, change: dict[str, object]) -> None:
    good = system.anvil.rpc.call("eth_getLogs", {"fromBlock": "0x0", "address": system.ledger.brake.address})[-1]
    assert len(decode_logs(system.ledger.deployment, [good])) == 1
    with pytest.raises((UndecodableAnswer, RpcUnavailable)):
        decode_logs(system.ledger.deployment, [{**good, **change}])


def test_answer_that_is_no_list_of_logs_cannot_be_read(system: LiveSystem) -> None:
    with pytest.raises(UndecodableAnswer):
        decode_logs(system.ledger.deployment, [None])  # type: ignore[list-item]
