"""One oracle: the chain is looked at, read, proven, and acted upon, again and again, until it is told to end.

This shell decides nothing. What is believed about the chain is `governance.chain.view`'s business, what is done about a
key generation `oracle.dkg`'s, and whether an unlock is answered `oracle.policy`'s.

An RPC that fails costs time and a line in the log. A final block that changed ends the process with the latch set on
disk: no restart opens it, only a person does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from governance.chain.headers import Header
from governance.chain.pace import Pace
from governance.chain.proofs import verify_account
from governance.chain.receipts import BATCH, BadReceipts, Log, read_logs
from governance.chain.view import ChainStalled, ChainView, FinalityViolation, Heads, JsonRpc, NoAgreement
from governance.errors import CustodesError, Unavailable, VerificationError
from governance.ledger.deployment import Deployment
from governance.ledger.errors import DeploymentMismatch
from governance.ledger.proven import ProvenLedger, read_stall_limit, verify_layouts
from governance.ledger.proven_committee import ProvenCommittee
from governance.ledger.transactions import TransactionSigner
from oracle.ceremony import Ceremony
from oracle.config import OracleConfig
from oracle.endpoints import Endpoint
from oracle.errors import Latched
from oracle.journal import Journal
from oracle.outbox import Outbox
from oracle.report import Report
from oracle.store import SecretStore
from oracle.unlocks import Unlocks

READ_AT_ONCE = 500  # blocks whose events are held in memory before they are written
WEIGH_EVERY = 30.0  # [seconds]
LOW_BALANCE = 10**16  # [wei] a key generation and some unlocks, on an ordinary day
PAUSE = (0.5, 5.0)  # [seconds] first and longest, after a look that failed


@dataclass
class Pulse:
    """How the node does, for its status."""

    heads: Heads | None = None
    balance: int | None = None  # [wei] of its account, proven at the final block
    trouble: str | None = None
    is_stalled: bool = False
    is_caught_up: bool = False


class Node:
    """One oracle at work."""

    def __init__(
        self,
        *,
        config: OracleConfig,
        deployment: Deployment,
        rpcs: Sequence[Endpoint],
        signer: TransactionSigner,
        store: SecretStore,
        journal: Journal,
        report: Report,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.pulse = Pulse()
        self._rpcs = tuple(rpcs)
        self._deployment = deployment
        self._address = deployment.addresses["Committee"]
        self._journal = journal
        self._report = report
        self._monotonic = monotonic
        self.agreement = config.needed
        self._me = signer.address
        self._weighed_at: float | None = None
        self._is_prepared = False
        self._is_limited = False  # by the charter's stall limit
        self._doubted: set[str] = set()  # RPCs whose answers were passed over in this look
        self._unread: list[Header] = []
        self._paces = [Pace(BATCH) for _ in self._rpcs]  # blocks whose receipts each gives in one request
        self._acted_on: tuple[bytes, ...] = ()
        self._view = ChainView(
            rpcs,
            agreement=config.needed,
            stall_limit=config.stall,
            monotonic=monotonic,
            believed=journal.cursor,
            notice=self._notice,
        )
        self.outbox = Outbox(
            rpcs,
            chain_id=deployment.chain_id,
            contract=self._address,
            signer=signer,
            journal=journal,
            report=report,
            max_fee=config.max_fee,
            monotonic=monotonic,
            notice=self._notice,
            get_nonce=self._prove_nonce,
        )
        committee = ProvenCommittee.of(deployment)
        self.ceremony = Ceremony(
            me=signer.address,
            chain_id=deployment.chain_id,
            committee=self._address,
            patience=config.patience,
            view=self._view,
            proven=committee,
            journal=journal,
            store=store,
            outbox=self.outbox,
            report=report,
        )
        self.unlocks = Unlocks(
            me=signer.address,
            chain_id=deployment.chain_id,
            bus=self._address,
            patience=config.patience,
            view=self._view,
            ledger=ProvenLedger.of(deployment),
            committee=committee,
            ceremony=self.ceremony,
            journal=journal,
            outbox=self.outbox,
            report=report,
            notice=self._notice,
        )

    def run(
        self,
        should_stop: Callable[[], bool],
        *,
        poll: float,
        wait: Callable[[float], object] = time.sleep,
        idle: Callable[[float], object] | None = None,
        after_look: Callable[[bool], object] = lambda worked: None,
    ) -> None:
        """Looks at the chain until `should_stop`; `idle` is the wait after a good look, which a new head may end.

        Units: `poll` in seconds.

        Raises: Latched, when a final block has changed.
        """
        pause = 0.0
        while not should_stop():
            started = self._monotonic()
            worked = self.look()
            after_look(worked)
            pause = 0.0 if worked else min(max(2 * pause, PAUSE[0]), PAUSE[1])
            (idle if worked and idle is not None else wait)(max(pause, poll - (self._monotonic() - started), 0.0))

    def look(self) -> bool:
        """One look at the chain, and everything that it asks for; False if something did not work.

        Raises: Latched.
        """
        if (reason := self._journal.latch) is not None:
            raise Latched(reason, rule="R-Oracle-05")
        self._doubted.clear()
        try:
            self._prepare()
            self._drain()  # what the last look has left; no more is followed until that is read
            heads = self._refresh()
            self._read(heads)
            self._limit(heads)
            self._act(heads)
        except FinalityViolation as e:
            self._latch(e)
        except ChainStalled as e:
            self.pulse.is_stalled = True
            self._trouble("stalled", e)
            self.unlocks.refuse_all("R-Oracle-03", "the chain stands still, which counts as a stop")
            return False
        except (Unavailable, VerificationError) as e:
            self._acted_on = ()  # what was not finished is tried again, even if no block comes
            self._trouble("unavailable" if isinstance(e, Unavailable) else "wrong", e)
            return False
        for what in ("stalled", "unavailable", "wrong"):
            self._report.over(what)
        for name in {rpc.name for rpc in self._rpcs} - self._doubted:
            self._report.over("doubted", rpc=name)
        return True

    def _prepare(self) -> None:
        """The contracts are ones whose storage this version knows how to read: code that hashes as pinned says so,
        whoever gives it.

        Raises: DeploymentMismatch, Unavailable.
        """
        if self._is_prepared:
            return
        failure: CustodesError | None = None
        for rpc in self._rpcs:
            try:
                verify_layouts(rpc, self._deployment)
            except (DeploymentMismatch, Unavailable) as e:
                failure = e if failure is None or isinstance(failure, Unavailable) else failure
                self._notice(rpc, e)
            else:
                self._is_prepared = True
                return
        raise failure if failure is not None else NoAgreement("no RPC is configured")

    def _limit(self, heads: Heads) -> None:
        """The charter's stall limit holds, where it is shorter than this oracle's own."""
        if not self._is_limited and heads.finalized.number >= self._deployment.block:
            limit = read_stall_limit(self._deployment, self._view.prove, heads.finalized)
            self._view.stall_limit = min(self._view.stall_limit, limit)
            self._is_limited = True

    def _prove_nonce(self) -> int:
        """How many transactions of this oracle are final, proven."""
        heads = self.pulse.heads
        if heads is None:
            raise NoAgreement("no final block was seen yet")
        return self._view.nonce(heads.finalized, self.ceremony.me)

    def _notice(self, rpc: JsonRpc, error: CustodesError) -> None:
        """One RPC failed or lied, and the others were heard: an operator has to know which."""
        self._doubted.add(rpc.name)
        self._report.trouble("doubted", error.message, rpc=rpc.name)

    def _refresh(self) -> Heads:
        if self._view.believed is None:
            self._view.begin_at(max(0, self._deployment.block - 1))
        heads = self._view.refresh()
        self._report.block = heads.finalized.number
        self.pulse.heads, self.pulse.trouble, self.pulse.is_stalled = heads, None, False
        self._unread += heads.followed
        return heads

    def _read(self, heads: Heads) -> None:
        self._drain()
        self.pulse.is_caught_up = heads.behind == 0

    def _drain(self) -> None:
        """Every followed block's events are in the journal, together with the cursor, a piece at a time."""
        while self._unread:
            piece = self._unread[:READ_AT_ONCE]
            self._journal.advance(piece[-1], self._read_logs(piece))
            del self._unread[: len(piece)]

    def _read_logs(self, headers: Sequence[Header]) -> list[Log]:
        failure: CustodesError | None = None
        for rpc, pace in zip(self._rpcs, self._paces, strict=True):
            try:
                return read_logs(rpc, headers, self._address, pace)
            except (BadReceipts, Unavailable) as e:
                failure = e
                self._notice(rpc, e)
        raise failure if failure is not None else NoAgreement("no RPC is configured")

    def _act(self, heads: Heads) -> None:
        """What the newest heads ask for, once for each change of them."""
        mark = (heads.finalized.hash, *(header.hash for _, header in heads.latest), bytes([heads.is_moving]))
        if heads.behind or mark == self._acted_on:
            return
        self._acted_on = mark
        self._weigh(heads.finalized)
        final = heads.finalized.number
        parts: dict[str, Callable[[], None]] = {
            "transactions": lambda: self.outbox.settle(final),
            "key_generation": lambda: self.ceremony.act(heads),
            "unlocks": lambda: self.unlocks.act(heads),
        }
        failure: Unavailable | None = None
        for name, part in parts.items():  # a key generation that went wrong must not hold up an unlock
            try:
                part()
            except VerificationError as e:
                self._trouble(name, e)
            except Unavailable as e:
                failure = e
            else:
                self._report.over(name)
        if failure is not None:
            raise failure

    def _weigh(self, final: Header) -> None:
        """The account's balance is known, where an RPC proves it; told once when it is too low for what is ahead."""
        if self._weighed_at is not None and self._monotonic() - self._weighed_at < WEIGH_EVERY:
            return
        self._weighed_at = self._monotonic()
        for rpc in self._rpcs:
            try:
                answer = rpc.call("eth_getProof", self._me, [], hex(final.number))
                self.pulse.balance = verify_account(final.state_root, self._me, answer).balance
            except (AttributeError, Unavailable, VerificationError):
                continue  # nothing is decided on it
            if self.pulse.balance < LOW_BALANCE:
                self._report.trouble("poor", f"{self._me} holds {self.pulse.balance / 10**18:.4f} ether for its gas")
            else:
                self._report.over("poor")
            return

    def _latch(self, violation: FinalityViolation) -> None:
        """Raises: Latched."""
        self._journal.set_latch(violation.message, self._report.block)
        self._report.refused("chain", "R-Oracle-05", violation.message)
        raise Latched(violation.message, rule="R-Oracle-05") from violation

    def _trouble(self, what: str, error: CustodesError) -> None:
        self.pulse.trouble = error.message
        self._report.trouble(what, error.message)
