"""One anvil process: started on loopback, spoken to only through its port, ended so that it keeps its state.

Every chain here counts its own time: a block is one second later than its parent, by `anvil_setBlockTimestampInterval`,
however late it is mined. Under the wall clock two blocks can fall into one second, and re-execution rejects the second.

Facts about anvil 1.7.1: `--init` (a genesis file) and `--state` exclude each other; `-q` also hides the port; SIGTERM
writes the state; `--port 0` takes a free port; a state file does not remember the clock. It writes the states of past
blocks to disk, as much as 3 GB in an hour, and leaves them there however it ends: each has a directory for them here,
which is removed when it has stopped and before the next start. (With `--preserve-historical-states` it writes none.)
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from governance.chain.genesis import Genesis
from governance.chain.processes import dying_with_parent
from governance.chain.rpc import Rpc, as_int
from governance.chain.tools import find_tool
from governance.errors import InvalidInput, Unavailable
from governance.types import Seconds, Timestamp

START_PATIENCE = 30.0  # [seconds] until it listens
STOP_PATIENCE = 60.0  # [seconds] until a long history is written
LOG_FILE = "anvil.log"
_LISTENING = re.compile(rb"Listening on 127\.0\.0\.1:(\d+)")
_COMMON = ("--host", "127.0.0.1", "--hardfork", "prague", "--no-cors", "--accounts", "0", "--slots-in-an-epoch", "1")
_NO_EXTRAS = ("--disable-default-create2-deployer", "--no-request-size-limit")


class AnvilFailed(Unavailable):
    """anvil did not start, or did not end when it was told to."""

    hint: ClassVar[str] = "see anvil.log beside the chain's state; is the port free?"


class NotADevnet(InvalidInput):
    """The node is not an anvil: nobody moves the clock of a real chain."""

    hint: ClassVar[str] = "only a chain that custodes devnet up started can be warped"


class Mining(Enum):
    """When a block is made."""

    EACH_TRANSACTION = "auto"  # for tests: no waiting
    EACH_SECOND = "interval"  # as a real chain: blocks come whether or not anybody acts


@dataclass
class Anvil:
    """A running anvil that this process started. As a context manager it ends with the block."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    """Its output; beside it, while it runs, are the states of past blocks."""
    rpc: Rpc = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.rpc = Rpc(self.url, name=f"anvil:{self.port}")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self.process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """The process has ended, and its state is written where it has a state file.

        Raises: AnvilFailed, if it does not end; it is not killed, because its newest blocks would be lost.
        """
        self.rpc.close()
        self.process.terminate()
        try:
            self.process.wait(STOP_PATIENCE)
        except subprocess.TimeoutExpired as e:
            raise AnvilFailed(f"anvil (pid {self.pid}) did not end within {STOP_PATIENCE:g} s") from e
        _forget_past_states(self.log)

    def release(self) -> None:
        """The process is nobody's child to us any more: it may outlive this one without a warning about it."""
        self.rpc.close()
        self.process.returncode = 0  # what Popen takes for "collected"


def spawn(options: Sequence[str], *, log: Path, port: int = 0, detached: bool = False) -> Anvil:
    """An anvil with these options listens on loopback; its output goes to `log`. Port 0 is any free one.

    It dies with this process unless it is detached. Raises: AnvilFailed, ToolMissing.
    """
    _forget_past_states(log)
    own = ["--port", str(port), "--cache-path", str(_past_states(log))]
    command = [str(find_tool("anvil")), *_COMMON, *_NO_EXTRAS, *own, *options]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command if detached else dying_with_parent(command),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=detached,
        )
    deadline = time.monotonic() + START_PATIENCE
    while not (found := _LISTENING.search(log.read_bytes())):
        if process.poll() is not None:
            raise AnvilFailed(f"anvil ended at once: {_last_line(log)}")
        if time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise AnvilFailed(f"anvil did not listen within {START_PATIENCE:g} s")
        time.sleep(0.005)
    return Anvil(process, int(found[1]), log)


def _forget_past_states(log: Path) -> None:
    """What an anvil with this log wrote of past blocks is gone. Only when it does not run."""
    shutil.rmtree(_past_states(log), ignore_errors=True)


def start_fresh(genesis: Genesis, directory: Path, *, mining: Mining = Mining.EACH_TRANSACTION) -> Anvil:
    """A chain in memory alone, with that block 0. It dies with this process. Raises: AnvilFailed, ToolMissing."""
    options = ["--init", str(_write_genesis(genesis, directory))]
    if mining is Mining.EACH_SECOND:
        options.append("--no-mining")
    anvil = spawn(options, log=directory / LOG_FILE)
    anvil.rpc.call("anvil_setBlockTimestampInterval", 1)
    if mining is Mining.EACH_SECOND:
        anvil.rpc.call("evm_setIntervalMining", 1)
    return anvil


def start_kept(genesis: Genesis, directory: Path, *, port: int, wall: Timestamp) -> Anvil:
    """A chain whose state lives in `directory`, mined each second, that outlives this process.

    Its time goes on from its newest block, and from `wall` (the present) if that is later. Raises: AnvilFailed,
    ToolMissing.
    """
    state = directory / "state.json"
    if not state.exists():
        _write_first_state(genesis, directory, state)
    # With --state anvil still makes a block 0 of its own, and dumps it beside ours: which of the two is found after the
    # next start would be chance. Given our time it makes the same block.
    timestamp, chain_id = _read_genesis(directory)
    own = ["--timestamp", str(timestamp), "--chain-id", str(chain_id)]
    kept = ["--state", str(state), "--preserve-historical-states"]
    anvil = spawn(["--no-mining", *own, *kept], log=directory / LOG_FILE, port=port, detached=True)
    try:
        head = anvil.rpc.now()
        # A state file does not remember the clock: without this, time after a warp would go backwards.
        anvil.rpc.call("evm_setTime", head)
        anvil.rpc.call("evm_setNextBlockTimestamp", max(head + 1, wall))
        anvil.rpc.call("anvil_setBlockTimestampInterval", 1)
        anvil.rpc.call("evm_setIntervalMining", 1)
    except BaseException:
        anvil.stop()  # nobody would know of it
        raise
    return anvil


def warp(rpc: Rpc, seconds: Seconds, *, patience: float = 10.0) -> Timestamp:
    """The chain's latest block is at least that much later; returns its time.

    Raises: NotADevnet, InvalidInput, RpcUnavailable.
    """
    if seconds <= 0:
        raise InvalidInput(f"time goes forward only, not by {seconds} s", hint="such as: custodes devnet warp 14d")
    if not str(rpc.call("web3_clientVersion")).startswith("anvil/"):
        raise NotADevnet(f"{rpc.name} is not an anvil")
    interval = rpc.call("anvil_getIntervalMining")
    if interval is None:
        target = Timestamp(rpc.now() + seconds)
        rpc.call("evm_setNextBlockTimestamp", target)
        rpc.call("anvil_mine", "0x1")
    else:
        # anvil takes the head's own time as the next block's, and a block that comes in between makes it so. Therefore
        # no new one is begun here; one that was begun before may still come, a second later than its parent.
        rpc.call("evm_setIntervalMining", 0)
        try:
            target = Timestamp(rpc.now() + max(seconds, 2))
            rpc.call("evm_setNextBlockTimestamp", target)
        finally:
            rpc.call("evm_setIntervalMining", interval)
    deadline = time.monotonic() + patience
    while (now := rpc.now()) < target:
        if time.monotonic() > deadline:
            raise AnvilFailed(f"no block came within {patience:g} s of the warp")
        time.sleep(0.05)
    return now


def mine(rpc: Rpc, blocks: int) -> None:
    """So many empty blocks more; only where a block is made for each transaction."""
    before = as_int(rpc.call("eth_blockNumber"))
    rpc.call("anvil_mine", hex(blocks))
    if as_int(rpc.call("eth_blockNumber")) != before + blocks:
        raise AnvilFailed(f"{blocks} blocks were asked for and others came")


def _past_states(log: Path) -> Path:
    return log.with_suffix(".past")


def _write_genesis(genesis: Genesis, directory: Path) -> Path:
    path = directory / "genesis.json"
    path.write_text(json.dumps(genesis.to_json(), indent=2) + "\n")
    return path


def _read_genesis(directory: Path) -> tuple[int, int]:
    """Time and chain id of the chain's own block 0, whatever an `up` asks for later. Raises: AnvilFailed."""
    path = directory / "genesis.json"
    try:
        recorded = json.loads(path.read_text())
        return int(recorded["timestamp"], 16), int(recorded["config"]["chainId"])
    except (OSError, ValueError, KeyError, TypeError) as e:
        raise AnvilFailed(
            f"{path} is missing or broken, and the chain's state beside it means nothing without it"
        ) from e


def _write_first_state(genesis: Genesis, directory: Path, state: Path) -> None:
    """The state of block 0, made by anvil from the genesis file: `--init` and `--state` cannot be used together."""
    log = directory / "genesis.log"
    with spawn(["--init", str(_write_genesis(genesis, directory)), "--no-mining"], log=log) as anvil:
        dumped = bytes.fromhex(str(anvil.rpc.call("anvil_dumpState", True)).removeprefix("0x"))
    with tempfile.NamedTemporaryFile(dir=directory, delete=False) as file:
        file.write(gzip.decompress(dumped))
    os.replace(file.name, state)
    log.unlink()


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if "rror" in line]
    return (errors or lines or ["it said nothing"])[-1 if not errors else 0][:300]
