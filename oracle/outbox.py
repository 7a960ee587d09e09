"""Transactions that leave this oracle: tried first, written down, sent, watched, and sent again where they got lost.

Nothing waits here for a block, because a stop may come meanwhile. An action ("approve/0x12…") is never under way twice:
what is pending, or mined and not final yet, is left alone, after a restart too. Whether it was done at all, only the
proven state says; the caller asks for an action as long as that state lacks it.

An answer to an unlock request is another matter: it cannot be taken back once it is broadcast. So one that may never
have left, or that no block takes, is not sent again because it was decided on once: it is withheld until whoever
decided asks for it again, in the state of now, and if nobody does, it is dropped.

One account, one process: the nonces are this outbox's own. A transaction that is in no block after `STUCK` seconds is
replaced by the same one at the same nonce with a higher fee, at least what a new one would bid and at most `DEAREST`
times as much, so that neither a dearer day nor a chain that stands still makes it hold up the others for ever. One that
no RPC knows after `LOST` seconds waits for nothing, and is sent again as it is. A nonce that nothing uses, below ones
that wait, is used up by a transfer of nothing to itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from governance.chain.errors import RpcError, RpcUnavailable
from governance.chain.rpc import Rpc, as_int
from governance.chain.view import Notice, ignore
from governance.encoding.keccak import keccak256
from governance.errors import CustodesError, Unavailable
from governance.ledger.errors import LedgerRefused, TransactionRejected
from governance.ledger.transactions import DEFAULT_TIP, TransactionSigner, draft
from governance.types import Address, ChainId
from oracle.journal import Journal, Sent
from oracle.relay import Relay

LOST = 5.0  # [seconds] after which an RPC is asked whether it knows a transaction at all, and again
OPEN = 15.0  # [seconds] that a nonce below others stands open before it is used up
STUCK = 45.0  # [seconds] without a block before the fee is raised
RAISE = (9, 8)  # a node takes a replacement from 10 % more
DEAREST = 4  # times what a new transaction would bid: whoever bids more than that is not waiting for a fee
TRANSFER = 21_000  # [gas]
MOST_RAISES = 12  # four times the fee
FEES = ("maxFeePerGas", "maxPriorityFeePerGas")
GWEI = 10**9
MAX_TIP = 10 * GWEI  # a tip is paid in full, and an RPC that proposes it might be the one that is paid
REST = (1.0, 60.0)  # [seconds] first and longest pause after a refusal
GUARDED = "post/"  # actions that are decided on anew before they are sent again
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
        max_fee: float = 1000.0,
        monotonic: Callable[[], float] = time.monotonic,
        notice: Notice = ignore,
        get_nonce: Callable[[], int] | None = None,
    ) -> None:
        """Units: `max_fee` in gwei a gas, above which nothing is ever bid.

        `get_nonce` proves how many transactions of the account are final; without it an RPC's word is taken.
        """
        self._max_fee = int(max_fee * GWEI)
        self._relay = Relay(rpcs, notice)
        self._get_nonce = get_nonce
        self._chain_id = chain_id
        self._contract = contract
        self._signer = signer
        self._journal = journal
        self._report = report
        self._monotonic = monotonic
        self._rests: dict[str, _Rest] = {}
        self._watched: dict[bytes, float] = {}  # since when this process has waited for a transaction
        self._looked: dict[bytes, float] = {}  # when the RPCs were last asked whether they know it
        self._gap_since: float | None = None
        self._underbid: dict[int, int] = {}  # by nonce: how often something unknown at it was dearer
        self._withheld: dict[str, Sent] = {}  # by action: to be sent again only if it is asked for again

    def is_busy(self, action: str, final: int) -> bool:
        """Whether the action is under way, or rests after a refusal; `final` is the finalized block's number."""
        rest = self._rests.get(action)
        if rest is not None and self._monotonic() < rest.until:
            return True
        for sent in self._journal.sent(action=action, last=1):
            if sent.state == "pending":
                return action not in self._withheld
            if sent.state == "mined" and sent.block is not None and final < sent.block:
                return self._monotonic() - self._watched.setdefault(sent.hash, self._monotonic()) < SHOWN_AFTER
        return False

    def send(
        self,
        action: str,
        what: str,
        data: bytes,
        final: int,
        *,
        overtaken: Collection[str] = (),
        is_irrevocable: bool = False,
    ) -> bool:
        """The transaction was tried, written down and sent; False if the ledger or the node refuses it now.

        `overtaken` names the contract's errors that only say that others have done it, or that it is done already.
        What is irrevocable once it was seen is refused if any RPC refuses it, as a stop is.
        One that is withheld is tried like a new one, and sent as it was made; refused, it stays withheld.
        Raises: Unavailable, if no RPC answers.
        """
        withheld = self._withheld.get(action)
        try:
            fields = self._draft(what, data, is_irrevocable=is_irrevocable)
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
        if withheld is not None:  # as it was made: another one, at another nonce, would be a second answer
            del self._withheld[action]
            self._renew(withheld, final)
            return True
        return self._dispatch(action, fields, final)

    def settle(self, final: int) -> None:
        """What was mined is marked; what is lost is sent again; what is stuck is replaced.

        Raises: Unavailable, if no RPC answers.
        """
        pending = self._journal.sent(state="pending")
        if not pending:
            return
        count = self._count(hex(final)) if self._get_nonce is None else self._get_nonce()
        for sent in reversed(pending):  # oldest first: nonces in order
            self._settle(sent, count, final)
        self._fill_gap(final)

    def drop_withheld(self) -> None:
        """What is withheld still, after everything was decided on, is given up, and its nonce is free."""
        for action, sent in self._withheld.items():
            self._journal.mark_sent(sent.hash, "dropped")
            self._report.info("withdrawn", action=action, tx=sent.hash)
        self._withheld.clear()

    def _settle(self, sent: Sent, count: int, final: int) -> None:
        self._withheld.pop(sent.action, None)
        mined = self._relay.find_mined(sent.hash)
        if mined is not None:
            block, succeeded = mined
            self._journal.mark_sent(sent.hash, "mined" if succeeded else "failed", block)
            self._watched[sent.hash] = self._monotonic()
            self._report.info("mined" if succeeded else "failed", action=sent.action, tx=sent.hash, in_block=block)
            if not succeeded:  # the next attempt is tried first, and says why it is refused
                self._relay.turn()
                self._rest(sent.action)
            return
        if count > sent.nonce:  # its nonce went to another one, finally
            self._journal.mark_sent(sent.hash, "dropped")
            self._report.info("dropped", action=sent.action, tx=sent.hash)
            return
        if sent.hash in self._watched and not self._is_stuck(sent) and not self._is_lost(sent):
            return
        if sent.action.startswith(GUARDED):
            self._withheld[sent.action] = sent
        else:
            self._renew(sent, final)

    def _is_stuck(self, sent: Sent) -> bool:
        since = self._watched.get(sent.hash)
        return since is not None and self._monotonic() - since > STUCK

    def _is_lost(self, sent: Sent) -> bool:
        """Raises: Unavailable, if no RPC answers."""
        now = self._monotonic()
        if now - max(self._watched[sent.hash], self._looked.get(sent.hash, 0.0)) <= LOST:
            return False
        self._looked[sent.hash] = now
        return self._relay.is_lost(sent.hash)

    def _renew(self, sent: Sent, final: int) -> None:
        if self._is_stuck(sent):
            self._replace(sent, final)
        else:  # it was lost, or was made before this process began and may never have left
            self._watched.setdefault(sent.hash, self._monotonic())
            self._report.info("sent_again", action=sent.action, tx=sent.hash, nonce=sent.nonce)
            if (refusal := self._relay.broadcast(sent)) is not None:
                self._report.refused(sent.action, None, refusal.message)

    def _replace(self, sent: Sent, final: int) -> None:
        bid = self._bid()
        fields = {
            name: max(_raised(value), bid[name]) if name in FEES else value for name, value in sent.fields.items()
        }
        if int(fields["maxFeePerGas"]) > min(DEAREST * bid["maxFeePerGas"], self._max_fee):
            self._watched[sent.hash] = self._monotonic()
            self._report.info("sent_again", action=sent.action, tx=sent.hash, max_fee=sent.fields["maxFeePerGas"])
            # it was dropped, or the chain stands still: a higher fee helps against neither
            self._relay.broadcast(sent)
            return
        self._report.info("fee_raised", action=sent.action, tx=sent.hash, max_fee=fields["maxFeePerGas"])
        self._dispatch(sent.action, fields, final, replaces=sent)

    def _fill_gap(self, final: int) -> None:
        """A nonce that no transaction of ours has, below ones that wait, is used up once it has stood open for long."""
        waiting = {sent.nonce for sent in self._journal.sent(state="pending")}
        next_nonce = self._count("latest") if waiting else 0
        if not waiting or min(waiting) <= next_nonce:
            self._gap_since = None
        elif self._gap_since is None:
            self._gap_since = self._monotonic()
        elif self._monotonic() - self._gap_since > OPEN:
            self._gap_since = None
            nothing = {"type": 2, "chainId": self._chain_id, "nonce": next_nonce, "gas": TRANSFER, "value": 0}
            fields = {**nothing, **self._bid(), "to": self._signer.address, "data": "0x"}
            self._dispatch(f"fill/{next_nonce}", fields, final)

    def _bid(self) -> dict[str, int]:
        """What a new transaction would offer now. Raises: Unavailable."""
        tip = self._relay.ask("eth_maxPriorityFeePerGas", _read_tip)
        tip_wei = min(DEFAULT_TIP if tip is None else tip, MAX_TIP, self._max_fee)
        base_fee = self._relay.ask("eth_getBlockByNumber", _read_base_fee, "latest", False)
        return {"maxFeePerGas": min(2 * base_fee + tip_wei, self._max_fee), "maxPriorityFeePerGas": tip_wei}

    def _draft(self, what: str, data: bytes, *, is_irrevocable: bool = False) -> dict[str, Any]:
        """Tried on one RPC after the other: on all that answer, if it is irrevocable; else until one takes it.

        Raises: LedgerRefused, RpcError, Unavailable.
        """
        failure: CustodesError | None = None
        found: dict[str, Any] | None = None
        for rpc in self._relay:
            try:
                fields = self._draft_by(rpc, what, data)
            except LedgerRefused as e:
                if is_irrevocable:
                    raise
                failure = e if failure is None or isinstance(failure, Unavailable) else failure
            except Unavailable as e:
                failure = e if failure is None else failure
                self._relay.doubt(rpc, e)
            else:
                found = found or fields
                if not is_irrevocable:
                    break
        if found is None:
            raise failure if failure is not None else AssertionError("an outbox has an RPC")
        return found

    def _draft_by(self, rpc: Rpc, what: str, data: bytes) -> dict[str, Any]:
        """Raises: LedgerRefused, Unavailable, also if the RPC's count of transactions cannot be right."""
        me = self._signer.address
        made = draft(rpc, self._chain_id, me, self._contract, data, what=what, contract="Committee")
        count = as_int(rpc.call("eth_getTransactionCount", me, "latest"))
        taken = {sent.nonce for sent in self._journal.sent(state="pending")}
        if self._get_nonce is not None:
            # One account, one outbox: what is not final yet is in the journal. A nonce beyond would wait for long.
            least = self._get_nonce()
            most = max([least, *(sent.nonce + 1 for sent in self._journal.sent(last=100))])
            if not least <= count <= most:
                raise RpcUnavailable(f"{rpc.name} counts {count} transactions of {me}, and there are {least} to {most}")
        nonce = next(number for number in range(count, count + len(taken) + 1) if number not in taken)
        tip = int(made.fields["maxPriorityFeePerGas"])
        too_much = max(0, tip - MAX_TIP)
        fee = int(made.fields["maxFeePerGas"])
        fields = {**made.fields, "nonce": nonce, "maxPriorityFeePerGas": tip - too_much, "maxFeePerGas": fee - too_much}
        for _ in range(self._underbid.get(nonce, 0)):
            fields |= {name: _raised(fields[name]) for name in FEES}
        return fields | {name: min(int(fields[name]), self._max_fee) for name in FEES}

    def _dispatch(self, action: str, fields: dict[str, Any], final: int, *, replaces: Sent | None = None) -> bool:
        raw = self._signer.sign_transaction(fields)
        sent = Sent(keccak256(raw), action, int(fields["nonce"]), raw, fields, final, "pending", None)
        self._journal.keep_sent(sent, replaces=None if replaces is None else replaces.hash)
        self._watched[sent.hash] = self._monotonic()
        refusal = self._relay.broadcast(sent)
        if refusal is not None:
            self._journal.mark_sent(sent.hash, "failed")
            self._report.refused(action, None, refusal.message)
            self._relay.turn()  # fees, gas or nonce were one RPC's word: the next attempt begins with another
            if replaces is not None:  # the one before still waits, and is still looked for
                self._journal.mark_sent(replaces.hash, "pending")
                self._watched[replaces.hash] = self._monotonic()
                return False
            if "underpriced" in refusal.message.lower():
                self._underbid[sent.nonce] = min(self._underbid.get(sent.nonce, 0) + 1, MOST_RAISES)
            self._rest(action)
            return False
        self._report.info("sent", action=action, tx=sent.hash, nonce=sent.nonce)
        return True

    def _count(self, tag: str) -> int:
        return self._relay.ask("eth_getTransactionCount", as_int, self._signer.address, tag)

    def _rest(self, action: str) -> None:
        before = self._rests.get(action)
        pause = REST[0] if before is None else min(2 * before.pause, REST[1])
        self._rests[action] = _Rest(self._monotonic() + pause, pause)


def _raised(fee: Any) -> int:
    return int(fee) * RAISE[0] // RAISE[1] + 1


def _read_tip(answer: Any) -> int | None:
    return as_int(answer) if isinstance(answer, str) else None


def _read_base_fee(block: Any) -> int:
    """Raises: RpcUnavailable."""
    return as_int(block.get("baseFeePerGas") if isinstance(block, Mapping) else None)
