"""A real anvil: block 0 as the genesis file says, strictly increasing time, state and clock kept across a restart."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from governance.chain.anvil import Anvil, AnvilFailed, Mining, NotADevnet, mine, spawn, start_fresh, warp
from governance.chain.devnet import DevnetBusy, DevnetChain, DevnetDown
from governance.chain.genesis import CONSOLIDATIONS, HISTORY, HISTORY_CODE, PRECOMPILES, WITHDRAWALS, Genesis
from governance.chain.processes import end_process, get_start_time, is_running
from governance.chain.rpc import Rpc, as_int
from governance.errors import InvalidInput
from governance.types import Address, ChainId, Seconds, Timestamp

pytestmark = pytest.mark.chain

RICH = Address("0x00000000000000000000000000000000DeaDBeef")
CHAIN = ChainId(424_242)
MORE_THAN_MEMORY_HOLDS = 600  # [blocks]


def genesis() -> Genesis:
    return Genesis(timestamp=Timestamp(int(time.time())), balances={RICH: 7}, chain_id=CHAIN)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Anvil]:
    with start_fresh(genesis(), tmp_path) as anvil:
        yield anvil


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[DevnetChain]:
    chain = DevnetChain(tmp_path / "chain")
    yield chain
    chain.down()


def now() -> Timestamp:
    return Timestamp(int(time.time()))


def all_timestamps(rpc: Rpc) -> list[int]:
    newest = as_int(rpc.call("eth_blockNumber"))
    blocks = rpc.batch([("eth_getBlockByNumber", [hex(number), False]) for number in range(newest + 1)])
    return [as_int(block["timestamp"]) for block in blocks]


def is_strictly_increasing(values: list[int]) -> bool:
    return all(earlier < later for earlier, later in itertools.pairwise(values))


def wait_for_blocks(rpc: Rpc, number: int) -> None:
    deadline = time.monotonic() + 30
    while as_int(rpc.call("eth_blockNumber")) < number:
        assert time.monotonic() < deadline, "no blocks"
        time.sleep(0.05)


def test_spawn_raises_with_anvils_own_words_when_an_option_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(AnvilFailed, match="--no-such-option"):
        spawn(["--no-such-option"], log=tmp_path / "log")


def test_spawn_raises_when_the_port_is_taken(fresh: Anvil, tmp_path: Path) -> None:
    with pytest.raises(AnvilFailed, match="ddress already in use"):
        spawn([], log=tmp_path / "second.log", port=fresh.port)


def test_genesis_stands_in_block_0_and_names_every_account_of_it(fresh: Anvil) -> None:
    rpc = fresh.rpc
    rpc.verify_chain(CHAIN)
    for address in PRECOMPILES:
        assert rpc.call("eth_getBalance", address, "0x0") == "0x1"
    for predeploy in (WITHDRAWALS, CONSOLIDATIONS):
        assert rpc.call("eth_getCode", predeploy, "0x0") == "0x00"
    assert rpc.call("eth_getCode", HISTORY, "0x0") == HISTORY_CODE
    assert rpc.call("eth_getBalance", RICH, "0x0") == "0x7"
    assert rpc.call("eth_accounts") == []
    assert rpc.call("eth_getCode", "0x4e59b44847b379578588920cA78FbF26c0B4956C", "0x0") == "0x"


def test_blocks_are_one_second_apart_however_fast_they_are_mined(fresh: Anvil) -> None:
    mine(fresh.rpc, 5)
    timestamps = all_timestamps(fresh.rpc)
    assert [later - timestamps[1] for later in timestamps[1:]] == [0, 1, 2, 3, 4]
    assert timestamps[0] < timestamps[1]


def test_warp_raises_when_time_would_not_go_forward(fresh: Anvil) -> None:
    for seconds in (0, -5):
        with pytest.raises(InvalidInput, match="forward"):
            warp(fresh.rpc, Seconds(seconds))


def test_warp_raises_when_the_node_is_no_anvil(fresh: Anvil, monkeypatch: pytest.MonkeyPatch) -> None:
    real = fresh.rpc.call

    def as_geth(method: str, *params: object) -> object:
        return "Geth/v1.16" if method == "web3_clientVersion" else real(method, *params)

    monkeypatch.setattr(fresh.rpc, "call", as_geth)
    with pytest.raises(NotADevnet):
        warp(fresh.rpc, Seconds(10))


def test_warp_moves_the_next_block_and_all_that_follow(fresh: Anvil) -> None:
    before = fresh.rpc.now()
    assert warp(fresh.rpc, Seconds(14 * 86_400)) == before + 14 * 86_400
    mine(fresh.rpc, 2)
    assert fresh.rpc.now() == before + 14 * 86_400 + 2


def test_anvil_dies_when_the_process_that_started_it_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from governance.chain.anvil import spawn;"
        "print(spawn([], log=Path(sys.argv[1]) / 'log').pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    started = get_start_time(pid)
    assert started is not None
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while is_running(pid, started):
        assert time.monotonic() < deadline, "anvil outlived its parent"
        time.sleep(0.02)


def test_states_of_past_blocks_are_kept_beside_the_log_and_are_gone_when_anvil_has_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """anvil 1.7.1 leaves them under the home directory: tests and devnets of a day filled a disk with 66 GB."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with start_fresh(genesis(), tmp_path) as anvil:
        mine(anvil.rpc, MORE_THAN_MEMORY_HOLDS)
        assert anvil.rpc.call("eth_getBalance", RICH, "0x1") == "0x7"  # a past state is still there
        assert any((tmp_path / "anvil.past").rglob("*.json"))
    assert not (tmp_path / "anvil.past").exists()
    assert not list((tmp_path / "home").rglob("*.json"))


def test_states_of_past_blocks_that_a_killed_anvil_left_are_gone_at_the_next_start(tmp_path: Path) -> None:
    killed = start_fresh(genesis(), tmp_path)
    mine(killed.rpc, MORE_THAN_MEMORY_HOLDS)
    killed.rpc.close()
    killed.process.kill()
    killed.process.wait()
    left = [path for path in (tmp_path / "anvil.past").iterdir() if any(path.iterdir())]
    assert left
    with start_fresh(genesis(), tmp_path):
        assert not any(directory.exists() for directory in left)


def test_devnet_writes_no_states_of_past_blocks_to_disk(kept: DevnetChain) -> None:
    """It keeps them in its memory and, when it ends, in its state file: `--preserve-historical-states`."""
    kept.up(genesis(), port=None, wall=now())
    with kept.rpc() as rpc:
        rpc.call("evm_setIntervalMining", 0)
        mine(rpc, MORE_THAN_MEMORY_HOLDS)
    assert kept.down()
    assert not (kept.directory / "anvil.past").exists()


def test_end_process_leaves_a_process_alone_that_has_the_pid_of_an_earlier_one() -> None:
    other = subprocess.Popen(["sleep", "60"])
    try:
        assert end_process(other.pid, "an earlier start", patience=1)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_devnet_is_down_before_it_was_up(kept: DevnetChain) -> None:
    assert kept.find_running() is None
    assert not kept.down()
    with pytest.raises(DevnetDown):
        kept.rpc()


def test_devnet_is_down_when_its_process_file_is_stale_or_broken(kept: DevnetChain) -> None:
    kept.directory.mkdir()
    file = kept.directory / "anvil.json"
    for content in ("{", "[]", '{"pid": 1}', f'{{"pid": {os.getpid()}, "started": "0", "port": 1}}'):
        file.write_text(content)
        assert kept.find_running() is None


def test_devnet_up_raises_while_another_command_holds_it(kept: DevnetChain) -> None:
    kept.directory.mkdir()
    with kept._locked(), pytest.raises(DevnetBusy):
        DevnetChain(kept.directory).up(genesis(), port=None, wall=now())


def test_devnet_time_strictly_increases_through_warp_down_up_and_a_stopped_process(kept: DevnetChain) -> None:
    first = kept.up(genesis(), port=None, wall=now())
    rpc = kept.rpc()
    block_0 = rpc.block(0)["hash"]
    wait_for_blocks(rpc, 2)
    warped = warp(rpc, Seconds(14 * 86_400))
    wait_for_blocks(rpc, as_int(rpc.call("eth_blockNumber")) + 1)
    assert kept.down()
    assert kept.find_running() is None

    again = kept.up(genesis(), port=None, wall=now())
    assert again.port == first.port
    assert again.pid != first.pid
    assert kept.up(genesis(), port=None, wall=now()) == again  # a second `up` changes nothing
    height = as_int(rpc.call("eth_blockNumber"))
    os.kill(again.pid, signal.SIGSTOP)
    time.sleep(2.5)
    os.kill(again.pid, signal.SIGCONT)
    wait_for_blocks(rpc, height + 3)

    timestamps = all_timestamps(rpc)
    assert is_strictly_increasing(timestamps)
    assert timestamps[-1] > warped
    assert rpc.chain_id() == CHAIN
    assert rpc.block(0)["hash"] == block_0
    assert rpc.call("eth_getBalance", RICH, "0x0") == "0x7"  # the state of block 0 is still there
    rpc.close()


def test_devnet_keeps_one_block_0_however_often_it_is_restarted(kept: DevnetChain) -> None:
    """anvil 1.7.1 makes a block 0 of its own beside the one that it loads, and dumps both."""
    first: str | None = None
    for _ in range(3):
        kept.up(genesis(), port=None, wall=now())
        with kept.rpc() as rpc:
            block_0 = rpc.block(0)["hash"]
            wait_for_blocks(rpc, as_int(rpc.call("eth_blockNumber")) + 1)
        assert first in (None, block_0)
        first = block_0
        kept.down()
        dumped = json.loads((kept.directory / "state.json").read_text())["blocks"]
        assert [block["header"]["number"] for block in dumped].count("0x0") == 1
        time.sleep(1.1)  # so that another second would give another block 0


@pytest.mark.parametrize("content", [None, "{", '{"timestamp": "soon"}'])
def test_devnet_up_raises_when_its_genesis_file_is_gone_or_broken(kept: DevnetChain, content: str | None) -> None:
    kept.up(genesis(), port=None, wall=now())
    kept.down()
    (kept.directory / "genesis.json").unlink()
    if content is not None:
        (kept.directory / "genesis.json").write_text(content)
    with pytest.raises(AnvilFailed, match=r"genesis\.json"):
        kept.up(genesis(), port=None, wall=now())


def test_devnet_time_catches_up_with_the_wall_when_it_is_behind(kept: DevnetChain) -> None:
    early = Timestamp(now() - 5_000)
    kept.up(Genesis(timestamp=early, chain_id=CHAIN), port=None, wall=early)
    with kept.rpc() as rpc:
        wait_for_blocks(rpc, 1)
        assert rpc.now() < early + 100
    kept.down()
    wall = now()
    kept.up(Genesis(timestamp=early, chain_id=CHAIN), port=None, wall=wall)
    with kept.rpc() as rpc:
        wait_for_blocks(rpc, as_int(rpc.call("eth_blockNumber")) + 1)
        assert wall <= rpc.now() < wall + 100


def test_fresh_chain_mines_by_itself_when_it_is_told_to(tmp_path: Path) -> None:
    with start_fresh(genesis(), tmp_path, mining=Mining.EACH_SECOND) as anvil:
        wait_for_blocks(anvil.rpc, 2)
        assert is_strictly_increasing(all_timestamps(anvil.rpc))
        before = anvil.rpc.now()
        assert warp(anvil.rpc, Seconds(3600)) >= before + 3600


def test_warp_repeats_no_timestamp_when_a_block_is_due_in_the_middle_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """anvil 1.7.1 accepts the head's own time for the next block: what a warp asks for must still lie ahead."""
    with start_fresh(genesis(), tmp_path, mining=Mining.EACH_SECOND) as anvil:
        real = anvil.rpc.now

        def slowly() -> Timestamp:
            seen = real()
            time.sleep(1.5)
            return seen

        for seconds in (1, 2):
            before = real()
            monkeypatch.setattr(anvil.rpc, "now", slowly)
            assert warp(anvil.rpc, Seconds(seconds)) >= before + seconds
            monkeypatch.undo()
        wait_for_blocks(anvil.rpc, as_int(anvil.rpc.call("eth_blockNumber")) + 2)  # it goes on by itself
        assert is_strictly_increasing(all_timestamps(anvil.rpc))
