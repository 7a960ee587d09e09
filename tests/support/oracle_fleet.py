"""Real oracle processes of a test, and the pulse of the chain they watch.

Every process is `custodes oracle run` with a directory of its own. It dies with the test.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from governance.chain.processes import dying_with_parent
from governance.chain.rpc import Rpc
from governance.crypto.group import Scalar
from governance.crypto.vss import KeyShare
from governance.ledger.signer import Keystore, Signer
from governance.types import Address, Epoch, MemberIndex
from oracle.config import OracleConfig
from oracle.creation import create_oracle
from oracle.store import SecretStore

CUSTODES = (sys.executable, "-m", "governance.cli.main")
PASSWORD = "a test's password"


class Pulse:
    """An empty block every now and then, so that what happened becomes final. Held, the chain stands still."""

    def __init__(self, url: str, interval: float) -> None:
        self._rpc = Rpc(url)
        self._interval = interval
        self._ended = threading.Event()
        self._beats = threading.Event()
        self._beats.set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def _beat(self) -> None:
        while not self._ended.wait(self._interval):
            with self._lock:
                if self._beats.is_set():
                    self._rpc.call("anvil_mine", "0x1")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join(10)

    @contextmanager
    def paced(self, interval: float) -> Iterator[None]:
        """A block each `interval` [seconds] meanwhile."""
        before, self._interval = self._interval, interval
        try:
            yield
        finally:
            self._interval = before

    @contextmanager
    def held(self) -> Iterator[None]:
        """No block is made by itself."""
        with self._lock:
            self._beats.clear()
        try:
            yield
        finally:
            self._beats.set()


@contextmanager
def pulse(url: str, interval: float = 0.25) -> Iterator[Pulse]:
    beating = Pulse(url, interval)
    beating.start()
    try:
        yield beating
    finally:
        beating.stop()


@dataclass
class OracleProcess:
    """One oracle: its directory, and its process while it runs."""

    directory: Path
    address: Address
    url: str
    deployment: Path
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    program: tuple[str, ...] = CUSTODES

    def start(self, *options: str) -> None:
        """It runs. What it says goes to `log`, after what it said before."""
        assert self.process is None or self.process.poll() is not None
        command = [*self.program, "oracle", "run", "--dir", str(self.directory), "--rpc", self.url]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                dying_with_parent([*command, "--deployment", str(self.deployment), *options]),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """It is gone in the middle of whatever it did."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> int:
        """It has ended as it was asked to; returns its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def freeze(self) -> None:
        """It does nothing, and does not know it."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def log(self) -> Path:
        return self.directory / "log"

    def lines(self, event: str | None = None) -> list[dict[str, Any]]:
        """What it said, of that event."""
        found = []
        for line in self.log.read_text().splitlines() if self.log.exists() else []:
            try:
                said = json.loads(line)
            except ValueError:
                continue
            if event is None or said["event"] == event:
                found.append(said)
        return found

    @property
    def status(self) -> dict[str, Any]:
        return dict(json.loads((self.directory / "status.json").read_text()))

    def store(self) -> SecretStore:
        """Its secrets, as a traitor who runs it has them."""
        return SecretStore.open(self.directory / "secrets", PASSWORD)

    def signer(self) -> Signer:
        """Its account, in the hands of whoever runs it."""
        return Keystore(self.directory).find("key").open(PASSWORD)

    def wait_ready(self) -> None:
        """The process that runs now has seen the chain."""

        def is_ready() -> bool:
            status = self.status if (self.directory / "status.json").exists() else {}
            process = self.process.pid if self.process is not None else None
            return bool(status) and status["process"]["pid"] == process and status["behind"] == 0

        wait_until(is_ready, patience=30, what=f"{self.directory.name} is ready", oracles=[self])

    def key_share(self, epoch: Epoch) -> tuple[KeyShare, bytes]:
        """Its key share and its public key share (256 bytes)."""
        secret = self.store().get(f"share-{epoch}")
        assert secret is not None
        scalar = Scalar.from_bytes(bytes.fromhex(secret["secret"]))
        return KeyShare(epoch, MemberIndex(int(secret["index"])), scalar), bytes.fromhex(secret["verification_key"])


def make_oracles(
    directory: Path, count: int, url: str, deployment: Path, patience: int = OracleConfig.patience
) -> list[OracleProcess]:
    """That many oracles; none of them runs yet."""

    def make(number: int) -> OracleProcess:
        own = directory / f"oracle-{number}"
        own.mkdir(mode=0o700)
        password_file = own / "password"
        password_file.write_text(PASSWORD + "\n")
        config = OracleConfig(own, password_file=password_file, poll=0.1, patience=patience)
        key, _ = create_oracle(config, PASSWORD, insecure_devnet=True)
        return OracleProcess(own, key.address, url, deployment)

    return [make(number) for number in range(1, count + 1)]


def wait_until(
    condition: Callable[[], Any], *, patience: float, what: str, oracles: Sequence[OracleProcess] = ()
) -> Any:
    """What the condition returns as soon as it is true; fails with what the oracles said last."""
    deadline = time.monotonic() + patience
    while True:
        if value := condition():
            return value
        if time.monotonic() > deadline:
            said = "\n".join(f"{o.directory.name}: {o.log.read_text()[-1500:]}" for o in oracles if o.log.exists())
            raise AssertionError(f"{what} did not happen within {patience:g} s\n{said}")
        time.sleep(0.05)
