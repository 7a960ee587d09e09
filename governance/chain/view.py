"""What an oracle or a worker believes about the chain: nothing unverified, and the worst of what it hears.

Two heads with two uses. *Finalized* is what one acts upon: k of m RPCs must name the same block, its hash is
recomputed, and its parents lead to the finalized block that was believed before. *Latest* is only ever used against
acting: any one RPC whose latest block shows a stop suffices, and so does it when k RPCs show no new block within the
stall limit.

A finalized block that changes sets a latch. It is kept by the caller (on disk), because a restart must not clear it.

The clock here is monotonic and judges liveness only; every expiry is judged by the block's own timestamp.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar

from governance.chain.errors import RpcUnavailable
from governance.chain.headers import BadHeader, Header, verify_header, verify_link
from governance.chain.pace import Pace
from governance.chain.proofs import Account, BadProof, verify_account, verify_storage
from governance.errors import CustodesError, Unavailable, VerificationError

MAX_STEP = 4_000  # blocks that one refresh follows; who is further behind catches up in several
LEAST_STEP = 8  # a way that is as short as this is not cut
BATCH = 100  # headers a request


T = TypeVar("T")


class JsonRpc(Protocol):
    """One RPC endpoint, as governance.chain.rpc has it."""

    @property
    def name(self) -> str: ...

    def call(self, method: str, *params: Any) -> Any: ...

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]: ...


Notice = Callable[[JsonRpc, CustodesError], None]  # hears of an RPC whose answer was passed over, and why


def ignore(rpc: JsonRpc, error: CustodesError) -> None:
    """Nobody hears of it."""


class NoAgreement(Unavailable):
    """Fewer RPCs than required name the same finalized block."""

    hint: ClassVar[str] = "wait for the RPCs to catch up with each other, or see custodes doctor for which one is down"


class FinalityViolation(VerificationError):
    """A block that was final is not part of the chain any more: nothing is believed until a person has looked."""

    hint: ClassVar[str] = "find out which RPC lied or whether the chain was rewritten, then reset the latch by hand"


class ChainStalled(Unavailable):
    """No new block within the stall limit: a chain that stands still counts as stopped."""

    hint: ClassVar[str] = "see whether the node and its peers are up: custodes doctor"


@dataclass(frozen=True)
class Heads:
    """The finalized head (verified, agreed) and every RPC's latest head that answered."""

    finalized: Header
    latest: tuple[tuple[JsonRpc, Header], ...]
    followed: tuple[Header, ...] = ()  # every block after the one believed before, the finalized one included
    behind: int = 0  # final blocks that are still to be followed: not yet the time to act
    is_moving: bool = True  # k RPCs have shown a new block since this view began: a restart revives no frozen chain

    @property
    def newest(self) -> Header:
        return max((header for _, header in self.latest), key=lambda header: header.number)


class ChainView:
    """A verified view over several RPCs. `refresh` moves it; `prove` reads state under a header that it verified."""

    def __init__(
        self,
        rpcs: Sequence[JsonRpc],
        *,
        agreement: int,
        stall_limit: float,
        monotonic: Callable[[], float],
        believed: Header | None = None,
        notice: Notice = ignore,
    ) -> None:
        """`agreement` is k of m, `believed` the last finalized head acted on. Units: `stall_limit` in seconds."""
        if not 1 <= agreement <= len(rpcs):
            raise NoAgreement(f"{agreement} RPCs must agree, and {len(rpcs)} are configured")
        self._rpcs = tuple(rpcs)
        self._paces = [Pace(BATCH) for _ in self._rpcs]  # headers that each gives in one request
        self._step = Pace(MAX_STEP)
        self._agreement = agreement
        self.stall_limit = stall_limit
        self._monotonic = monotonic
        self._believed = believed
        self._notice = notice
        self._reached: int | None = None  # the highest block that k RPCs have got to
        self._reached_at = monotonic()
        self._is_moving = False

    @property
    def believed(self) -> Header | None:
        return self._believed

    def begin_at(self, number: int) -> Header:
        """The block from which a history is followed, as the RPCs agree on it; for a view that believes nothing yet.

        If it is not final, an earlier one that is. Raises: NoAgreement.
        """
        final = self._agreed_finalized([(rpc, finalized) for rpc, _, finalized in self._ask_heads()])
        voters: list[tuple[JsonRpc, Header | None]] = [(rpc, None) for rpc in self._rpcs]
        self._believed = final if final.number <= number else self._agree_on(number, voters)
        return self._believed

    def refresh(self) -> Heads:
        """The heads now, after the finalized one was agreed on, verified and linked to the one believed before.

        Raises: NoAgreement, FinalityViolation, ChainStalled.
        """
        claims = self._ask_heads()
        latest = tuple((rpc, newest) for rpc, newest, _ in claims)
        if not latest:
            raise NoAgreement("no RPC answers")
        agreed = self._agreed_finalized([(rpc, finalized) for rpc, _, finalized in claims])
        followed, behind = self._follow(agreed)
        self._believed = followed[-1] if followed else self._believed or agreed
        self._watch([header.number for _, header in latest])
        return Heads(self._believed, latest, tuple(followed), behind, self._is_moving)

    def prove(self, header: Header, address: str, code_hash: bytes, slots: Sequence[int]) -> dict[int, int]:
        """The words at `slots` of the contract whose code is proven to hash to `code_hash`, in the state of `header`.

        The first RPC that can prove it is believed, because a proof does not need to be believed.

        Raises: BadProof (every RPC's answer was wrong), NoAgreement (none answered).
        """
        return self._first(lambda rpc: prove(rpc, header, address, code_hash, slots), f"{address} at {header}")

    def nonce(self, header: Header, address: str) -> int:
        """How many transactions of that account are in the chain up to `header`, proven. Raises: as `prove`."""
        return self._first(lambda rpc: prove_account(rpc, header, address).nonce, f"{address} at {header}")

    def _first(self, prove_by: Callable[[JsonRpc], T], what: str) -> T:
        wrong: BadProof | None = None
        for rpc in self._rpcs:
            try:
                return prove_by(rpc)
            except BadProof as e:
                wrong = e
                self._notice(rpc, e)
            except Unavailable as e:
                self._notice(rpc, e)
        if wrong is not None:
            raise wrong
        raise NoAgreement(f"no RPC answers with a proof of {what}")

    def _ask_heads(self) -> list[tuple[JsonRpc, Header, Header]]:
        """(RPC, its latest head, its finalized head): one that is down or lies costs its voice, not the others'."""
        calls = [("eth_getBlockByNumber", [tag, False]) for tag in ("latest", "finalized")]
        answers: list[tuple[JsonRpc, Header, Header]] = []
        for rpc in self._rpcs:
            try:
                latest, finalized = (_header(rpc, block) for block in rpc.batch(calls))
            except (Unavailable, BadHeader) as e:
                self._notice(rpc, e)
                continue
            answers.append((rpc, latest, finalized))
        return answers

    def _agreed_finalized(self, claims: Sequence[tuple[JsonRpc, Header]]) -> Header:
        if len(claims) < self._agreement:
            raise NoAgreement(f"{len(claims)} of {len(self._rpcs)} RPCs answer, and {self._agreement} must agree")
        numbers = sorted((header.number for _, header in claims), reverse=True)
        common = numbers[self._agreement - 1]  # the highest block that k of them call final
        return self._agree_on(common, [(rpc, claimed) for rpc, claimed in claims if claimed.number >= common])

    def _agree_on(self, number: int, voters: Sequence[tuple[JsonRpc, Header | None]]) -> Header:
        """The block of that number that k RPCs name, and no other k. Each voter with a header that it gave already."""
        votes: dict[bytes, list[tuple[JsonRpc, Header]]] = {}
        for rpc, given in voters:
            try:
                header = given if given is not None and given.number == number else _block(rpc, hex(number))
            except (Unavailable, BadHeader) as e:
                self._notice(rpc, e)
                continue
            if header.number == number:
                votes.setdefault(header.hash, []).append((rpc, header))
            else:
                self._notice(rpc, BadHeader(f"{rpc.name} answers with {header}, asked for block {number}"))
        agreed = [each[0][1] for each in votes.values() if len(each) >= self._agreement]
        if len(agreed) != 1:
            raise NoAgreement(f"the RPCs name {len(votes)} different blocks {number}, and {self._agreement} must agree")
        for rpc, header in (vote for each in votes.values() for vote in each):
            if header.hash != agreed[0].hash:
                self._notice(rpc, BadHeader(f"{rpc.name} names {header} as final, and the others {agreed[0]}"))
        return agreed[0]

    def _follow(self, finalized: Header) -> tuple[list[Header], int]:
        """The blocks from the believed one to `finalized`, each the child of the one before; and how many are left.

        What was believed never goes back.
        """
        believed = self._believed
        if believed is None:
            return [], 0
        if finalized.number <= believed.number:
            if finalized.number == believed.number and finalized.hash != believed.hash:
                raise FinalityViolation(f"block {believed.number} was final as {believed} and is now {finalized}")
            return [], 0  # the RPCs lag: what was believed stays believed
        step = self._step.size
        behind = max(0, finalized.number - believed.number - step)
        if behind:
            finalized = self._agree_on(believed.number + step, [(rpc, None) for rpc in self._rpcs])
        broken: list[BadHeader] = []
        for rpc, pace in zip(self._rpcs, self._paces, strict=True):
            try:
                children = [*_headers(rpc, believed.number + 1, finalized.number, pace), finalized]
                followed = _descend(believed, children)
            except BadHeader as e:
                broken.append(e)
                self._notice(rpc, e)
            except Unavailable as e:
                self._notice(rpc, e)
            else:
                self._step.grow()
                return followed, behind
        if finalized.number - believed.number > LEAST_STEP:
            self._step.shrink(finalized.number - believed.number)  # a shorter way may get through
        if len(broken) < self._agreement:  # fewer than k RPCs must not be able to set the latch
            raise NoAgreement(f"too few RPCs give the blocks between {believed} and {finalized}") from None
        raise FinalityViolation(f"{believed} was final, and {finalized} does not descend from it") from broken[-1]

    def _watch(self, numbers: Sequence[int]) -> None:
        """The chain moves when k RPCs get to a higher block: one that invents blocks hides no stall of the others."""
        reached = sorted(numbers, reverse=True)[self._agreement - 1]
        if self._reached is None or reached > self._reached:
            self._is_moving = self._reached is not None
            self._reached, self._reached_at = reached, self._monotonic()
        silent = self._monotonic() - self._reached_at
        if silent > self.stall_limit:
            raise ChainStalled(f"no new block for {silent:.0f} s, and {self.stall_limit:.0f} s is the limit")


def _descend(parent: Header, children: list[Header]) -> list[Header]:
    """`children`, each found to be the child of the one before it."""
    for child in children:
        verify_link(parent, child)
        parent = child
    return children


def _headers(rpc: JsonRpc, first: int, end: int, pace: Pace) -> list[Header]:
    def ask(start: int, stop: int) -> list[Any]:
        return rpc.batch([("eth_getBlockByNumber", [hex(number), False]) for number in range(start, stop)])

    return [_header(rpc, block) for _, _, blocks in pace.ask(first, end, ask) for block in blocks]


def prove(rpc: JsonRpc, header: Header, address: str, code_hash: bytes, slots: Sequence[int]) -> dict[int, int]:
    """One RPC's words at `slots`, proven against `header.state_root`.

    Raises: BadProof, or what the RPC raises.
    """
    account, answer = _ask_account(rpc, header, address, slots)
    if account.code_hash != code_hash:
        raise BadProof(f"the code at {address} hashes to 0x{account.code_hash.hex()}, not to 0x{code_hash.hex()}")
    return verify_storage(account.storage_root, slots, answer)


def prove_account(rpc: JsonRpc, header: Header, address: str) -> Account:
    """One RPC's account at `address`, proven against `header.state_root`. Raises: as `prove`."""
    return _ask_account(rpc, header, address, ())[0]


def _ask_account(rpc: JsonRpc, header: Header, address: str, slots: Sequence[int]) -> tuple[Account, Mapping[str, Any]]:
    answer = rpc.call("eth_getProof", address, [f"0x{slot:064x}" for slot in slots], hex(header.number))
    if not isinstance(answer, Mapping):
        raise BadProof(f"{rpc.name} answers with no proof of {address} at {header}")
    return verify_account(header.state_root, address, answer), answer


def _block(rpc: JsonRpc, tag: str) -> Header:
    return _header(rpc, rpc.call("eth_getBlockByNumber", tag, False))


def _header(rpc: JsonRpc, block: object) -> Header:
    if not isinstance(block, Mapping):
        raise RpcUnavailable(f"{rpc.name} does not have the block")
    return verify_header(block)
