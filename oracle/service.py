"""The process around an oracle: one for each directory, opened with its password, ended by a signal."""

from __future__ import annotations

import fcntl
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from governance.chain.errors import ChainMismatch
from governance.errors import Unavailable
from governance.ledger.deployment import Deployment
from governance.ledger.errors import WrongPassword as WrongKeyPassword
from governance.ledger.signer import Keystore
from oracle.config import KEY, OracleConfig
from oracle.endpoints import Endpoint
from oracle.errors import BadConfig, OracleBusy, WrongPassword
from oracle.heads import Alarm, HeadListener
from oracle.health import HealthFile, judge
from oracle.journal import Journal
from oracle.metrics import Looks, serve_metrics
from oracle.node import Node
from oracle.report import Report
from oracle.status import StatusFile
from oracle.store import SecretStore


def serve(config: OracleConfig, password: str, *, reset_latch: bool = False) -> None:
    """The oracle has run until it was told to end.

    Raises: OracleBusy, WrongPassword, NoStore, BadDeployment, ChainMismatch, Latched.
    """
    config.check()
    if config.deployment is None:
        raise BadConfig("no deployment is given")
    with _locked(config.directory):
        deployment = Deployment.read(config.deployment)
        store = SecretStore.open(config.directory / "secrets", password)
        store.wipe_unfinished()
        try:
            signer = Keystore(config.directory).find(KEY).open(password)
        except WrongKeyPassword as e:
            raise WrongPassword(f"the password does not open the key in {config.directory}") from e
        journal = Journal(
            config.directory / "journal.sqlite",
            {
                "chain": str(deployment.chain_id),
                "genesis": deployment.genesis_hash.hex(),
                "committee": deployment.addresses["Committee"],
                "oracle": signer.address,
            },
        )
        try:
            if reset_latch:
                journal.reset_latch()
            report = Report(journal, is_human=sys.stderr.isatty())
            rpcs = [
                Endpoint(url, deployment.chain_id, deployment.genesis_hash, timeout=config.timeout)
                for url in config.rpc
            ]
            _verify(rpcs, config.needed, report)
            node = Node(
                config=config,
                deployment=deployment,
                rpcs=rpcs,
                signer=signer,
                store=store,
                journal=journal,
                report=report,
            )
            _run(node, config, journal, rpcs, report, StatusFile(config.directory, signer.address))
        finally:
            journal.close()


def _run(
    node: Node, config: OracleConfig, journal: Journal, rpcs: list[Endpoint], report: Report, status: StatusFile
) -> None:
    alarm, looks, health = Alarm(), Looks(), HealthFile(config.directory)
    with _told_to_end(alarm) as ended, _listening(config, alarm, report) as listeners, ExitStack() as stack:
        if config.metrics_port is not None:
            status.metrics = stack.enter_context(serve_metrics(config.metrics_port, lambda: status.found, looks))
            report.info("metrics", url=status.metrics)

        def after_look(worked: bool) -> None:
            looks.count(worked)
            status.write(node, journal, rpcs, listeners)
            health.write(status.found)

        report.info("started", address=node.ceremony.me, rpcs=[rpc.name for rpc in rpcs], agreement=config.needed)
        try:
            node.run(ended.is_set, poll=config.poll, wait=ended.wait, idle=alarm.sleep, after_look=after_look)
        finally:
            status.write(node, journal, rpcs, listeners)
            health.say(judge(status.found) if status.found["latch"] else "ended")
        report.info("ended")


@contextmanager
def _listening(config: OracleConfig, alarm: Alarm, report: Report) -> Iterator[list[HeadListener]]:
    """Every socket that is configured wakes the node when it says that there is a new head."""

    def tell(name: str, reason: str | None) -> None:
        report.info("heads_heard" if reason is None else "heads_lost", rpc=name, reason=reason)

    listeners = [HeadListener(url, alarm.ring, silence=config.stall, tell=tell) for url in config.heads]
    for listener in listeners:
        listener.start()
    try:
        yield listeners
    finally:
        for listener in listeners:
            listener.stop()


@contextmanager
def _told_to_end(alarm: Alarm) -> Iterator[threading.Event]:
    """Set once the process is told to end; the handlers that stood before stand again afterwards."""
    ended = threading.Event()

    def end(*_: object) -> None:
        ended.set()
        alarm.ring()

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _verify(rpcs: list[Endpoint], needed: int, report: Report) -> None:
    """RPCs of another chain are an error of configuration, if too few are left; one that is down may come back.

    Raises: ChainMismatch.
    """
    strangers = 0
    for rpc in rpcs:
        try:
            rpc.verify()
        except ChainMismatch as e:
            strangers += 1
            if len(rpcs) - strangers < needed:
                raise
            report.trouble("doubted", e.message, rpc=rpc.name)
        except Unavailable as e:
            report.trouble("doubted", e.message, rpc=rpc.name)


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    with (directory / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as e:
            raise OracleBusy(f"another process runs the oracle in {directory}") from e
        yield
