"""Transactions that leave this oracle: tried first, written down, sent, watched, and sent again where they got lost.

Nothing waits here for a block, because a stop may come meanwhile. An action ("approve/0x12…") is never under way twice:
what is pending, or mined and not final yet, is left alone, after a restart too. Whether it was done at all, only the
proven state says; the caller asks for an action as long as that state lacks it.

One account, one process: the nonces are this outbox's own. A transaction that is in no block after `STUCK` seconds is
replaced by the same one at the same nonce with a higher fee, so that it cannot hold up the others for ever.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from governance.chain.errors import RpcError
from governance.chain.rpc import Rpc, as_int
from governance.encoding.keccak import keccak256
from governance.errors import CustodesError, Unavailable
from governance.ledger.errors import LedgerRefused, TransactionRejected
from governance.ledger.transactions import TransactionSigner, draft
from governance.types import Address, ChainId
from oracle.journal import Journal, Sent

STUCK = 45.0  # [seconds] without a block before the fee is raised
RAISE = (9, 8)  # a node takes a replacement from 10 % more
REST = (1.0, 60.0)  # [seconds] first and longest pause after a refusal
SHOWN_AFTER = 60.0  # [seconds] a receipt that the proven state does not confirm within it is not believed


class Reporter(Protocol):
    """Where an outbox tells what happened (oracle.log)."""

    def info(self, event: str, **fields: object) -> None: ...

    def refused(self, subject: str, rule: str | None, reason: str) -> None: ...


@dataclass
class _Rest:
    until: float
    pause: float


class Outbox:
    """What one oracle sends to one contract."""

    def __init__(
        self,
        rpcs: Sequence[Rpc],
        *,
        chain_id: ChainId,
        contract: Address,
        signer: TransactionSigner,
        journal: Journal,
        report: Reporter,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rpcs = tuple(rpcs)
        self._chain_id = chain_id
        self._contract = contract
        self._signer = signer
        self._journal = journal
        self._report = report
        self._monotonic = monotonic
        self._rests: dict[str, _Rest] = {}
        self._watched: dict[bytes, float] = {}  # since when this process has waited for a transaction

    def is_busy(self, action: str, final: int) -> bool:
        """Whether the action is under way, or rests after a refusal; `final` is the finalized block's number."""
        rest = self._rests.get(action)
        if rest is not None and self._monotonic() < rest.until:
            return True
        for sent in self._journal.sent(action=action, last=1):
            if sent.state == "pending":
                return True
            if sent.state == "mined" and sent.block is not None and final < sent.block:
                return self._monotonic() - self._watched.setdefault(sent.hash, self._monotonic()) < SHOWN_AFTER
        return False

    def send(self, action: str, what: str, data: bytes, final: int, *, overtaken: Collection[str] = ()) -> bool:
        """The transaction was tried, written down and sent; False if the ledger or the node refuses it now.

        `overtaken` names the contract's errors that only say that others have done it, or that it is done already.
        Raises: Unavailable, if no RPC answers.
        """
        try:
            fields = self._draft(what, data)
        except LedgerRefused as e:
            if e.error in overtaken:
                self._report.info("overtaken", action=action, reason=e.message)
            else:
                self._report.refused(action, e.rule, e.message)
            self._rest(action)
            return False
        except (RpcError, TransactionRejected) as e:
            self._report.refused(action, e.rule, e.message)
            self._rest(action)
            return False
        self._rests.pop(action, None)
        return self._dispatch(action, fields, final)

    def settle(self, final: int) -> None:
        """What was mined is marked; what is lost is sent again; what is stuck is replaced.

        Raises: Unavailable, if no RPC answers.
        """
        pending = self._journal.sent(state="pending")
        if not pending:
            return
        count = as_int(self._ask("eth_getTransactionCount", self._signer.address, hex(final)))
        for sent in reversed(pending):  # oldest first: nonces in order
            self._settle(sent, count, final)

    def _settle(self, sent: Sent, count: int, final: int) -> None:
        receipt = self._ask("eth_getTransactionReceipt", "0x" + sent.hash.hex())
        if receipt is not None and receipt.get("blockNumber") is not None:
            block = as_int(receipt["blockNumber"])
            succeeded = as_int(receipt["status"]) == 1
            self._journal.mark_sent(sent.hash, "mined" if succeeded else "failed", block)
            self._watched[sent.hash] = self._monotonic()
            self._report.info("mined" if succeeded else "failed", action=sent.action, tx=sent.hash, in_block=block)
            if not succeeded:  # the next attempt is tried first, and says why it is refused
                self._rest(sent.action)
            return
        if count > sent.nonce:  # its nonce went to another one, finally
            self._journal.mark_sent(sent.hash, "dropped")
            self._report.info("dropped", action=sent.action, tx=sent.hash)
            return
        since = self._watched.get(sent.hash)
        if since is None:  # made before this process began: it may never have left
            self._watched[sent.hash] = self._monotonic()
            self._broadcast(sent)
        elif self._monotonic() - since > STUCK:
            self._replace(sent, final)

    def _replace(self, sent: Sent, final: int) -> None:
        fields = dict(sent.fields)
        for name in ("maxFeePerGas", "maxPriorityFeePerGas"):
            fields[name] = int(fields[name]) * RAISE[0] // RAISE[1] + 1
        self._report.info("fee_raised", action=sent.action, tx=sent.hash, max_fee=fields["maxFeePerGas"])
        self._dispatch(sent.action, fields, final, replaces=sent.hash)

    def _draft(self, what: str, data: bytes) -> dict[str, Any]:
        """Tried on one RPC after the other. Raises: LedgerRefused, RpcError, Unavailable."""
        failure: CustodesError | None = None
        for rpc in self._rpcs:
            try:
                made = draft(
                    rpc, self._chain_id, self._signer.address, self._contract, data, what=what, contract="Committee"
                )
                count = as_int(rpc.call("eth_getTransactionCount", self._signer.address, "latest"))
            except (LedgerRefused, Unavailable) as e:
                failure = e if failure is None or isinstance(failure, Unavailable) else failure
                continue
            taken = {sent.nonce for sent in self._journal.sent(state="pending")}
            nonce = next(number for number in range(count, count + len(taken) + 1) if number not in taken)
            return {**made.fields, "nonce": nonce}
        raise failure if failure is not None else AssertionError("an outbox has an RPC")

    def _dispatch(self, action: str, fields: dict[str, Any], final: int, *, replaces: bytes | None = None) -> bool:
        raw = self._signer.sign_transaction(fields)
        sent = Sent(keccak256(raw), action, int(fields["nonce"]), raw, fields, final, "pending", None)
        self._journal.keep_sent(sent, replaces=replaces)
        self._watched[sent.hash] = self._monotonic()
        refusal = self._broadcast(sent)
        if refusal is not None:
            self._journal.mark_sent(sent.hash, "failed")
            self._report.refused(action, None, refusal.message)
            self._rest(action)
            return False
        self._report.info("sent", action=action, tx=sent.hash, nonce=sent.nonce)
        return True

    def _broadcast(self, sent: Sent) -> RpcError | None:
        """Handed to every RPC, since any one of them may sit on it; why not, if not one took it."""
        refusal: RpcError | None = None
        is_taken = False
        for rpc in self._rpcs:
            try:
                rpc.call("eth_sendRawTransaction", "0x" + sent.raw.hex())
                is_taken = True
            except RpcError as e:
                if "already" in e.message.lower():  # known already, or imported already
                    is_taken = True
                else:
                    refusal = e
            except Unavailable:
                continue  # it may have arrived: it stays pending, and is looked for
        return None if is_taken else refusal

    def _ask(self, method: str, *params: Any) -> Any:
        failure: Unavailable | None = None
        for rpc in self._rpcs:
            try:
                return rpc.call(method, *params)
            except Unavailable as e:
                failure = e
        raise failure if failure is not None else AssertionError("an outbox has an RPC")

    def _rest(self, action: str) -> None:
        before = self._rests.get(action)
        pause = REST[0] if before is None else min(2 * before.pause, REST[1])
        self._rests[action] = _Rest(self._monotonic() + pause, pause)
