"""Facts about the committee, each proven by storage proofs: its epochs, their members, and the requests to them.

Events only point at what happened; an oracle acts on what is proven here. An envelope key, a dealing or a request's
transport key travel in events, and each is compared with its hash in the proven state: an RPC that could slip in a key
of its own would be sent a share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self, cast

from governance.chain.headers import Header
from governance.chain.storage import Value
from governance.encoding.names import make_address
from governance.ledger.deployment import Deployment
from governance.ledger.proven import Contract, Prover, read_scopes
from governance.types import (
    Address,
    DealingRecord,
    Epoch,
    EpochRecord,
    Hash32,
    Identity,
    MemberIndex,
    MemberRecord,
    OrganisationId,
    Phase,
    ReleaseId,
    RequestId,
    RequestRecord,
    Timestamp,
)


@dataclass(frozen=True)
class Board:
    """An epoch with its members and dealers, in the order of the contract's lists."""

    epoch: Epoch
    term: EpochRecord
    members: tuple[MemberRecord, ...]
    dealers: tuple[MemberRecord, ...] = ()  # the members, or in a resharing those of the predecessor
    dealings: tuple[DealingRecord, ...] = ()  # of each dealer
    dealers_needed: int = 0  # R-Committee-25


@dataclass(frozen=True)
class UnlockFacts:
    """All that the committee's contract knows about one request and about one member's part in it."""

    request: RequestRecord
    term: EpochRecord  # of the request's epoch
    place: int | None  # of the member in its epoch's list: its bit in approvals and partials; None if it is no holder
    index: MemberIndex | None
    is_barred: bool  # R-Committee-18: a stop fell between the first partial for this identity and the t-th


class ProvenCommittee:
    """Reads of Committee by proof."""

    def __init__(self, committee: Contract, brake: Contract) -> None:
        self._committee = committee
        self._brake = brake

    @classmethod
    def of(cls, deployment: Deployment) -> Self:
        """The committee of that deployment."""
        return cls(Contract.of(deployment, "Committee"), Contract.of(deployment, "Brake"))

    def epochs(self, prover: Prover, header: Header) -> tuple[Epoch, Epoch]:
        """The epoch in force and the latest one, 0 if there is none. Raises: BadProof, Unavailable."""
        layout = self._committee.layout
        current, latest = (layout.place(name) for name in ("_currentEpoch", "_latestEpoch"))
        words = self._committee.words(prover, header, [current.slot, latest.slot])
        return Epoch(layout.number(current, words)), Epoch(layout.number(latest, words))

    def board(self, prover: Prover, header: Header, epoch: Epoch) -> Board:
        """The epoch and its members in the state of `header`. Raises: BadProof, Unavailable."""
        layout = self._committee.layout
        place = layout.place("_epochs", epoch)
        term = _term(layout.decode(place, self._committee.words(prover, header, layout.slots(place))))
        if term.size == 0:
            return Board(epoch, term, ())
        source, before = epoch, term
        if term.predecessor:
            source = term.predecessor
            place = layout.place("_epochs", source)
            before = _term(layout.decode(place, self._committee.words(prover, header, layout.slots(place))))
        lists = {
            "members": [layout.place("_members", epoch, at) for at in range(term.size)],
            "dealers": [layout.place("_members", source, at) for at in range(before.size)],
            "dealings": [layout.place("_dealings", epoch, at) for at in range(before.size)],
        }
        slots = [slot for items in lists.values() for item in items for slot in layout.slots(item)]
        words = self._committee.words(prover, header, slots)
        return Board(
            epoch,
            term,
            members=tuple(_member(layout.decode(item, words)) for item in lists["members"]),
            dealers=tuple(_member(layout.decode(item, words)) for item in lists["dealers"]),
            dealings=tuple(_dealing(layout.decode(item, words)) for item in lists["dealings"]),
            dealers_needed=before.threshold,
        )

    def unlock(
        self,
        prover: Prover,
        header: Header,
        request_id: RequestId,
        *,
        epoch: Epoch,
        identity: Identity,
        oracle: Address,
        key_hash: Hash32,
    ) -> UnlockFacts:
        """The request in the state of `header`, and the part in it of the member with that address and PK hash.

        `epoch` and `identity` are what its event says: the caller compares them with the proven request.
        Raises: BadProof, Unavailable.
        """
        layout = self._committee.layout
        request = layout.place("_requests", request_id)
        term = layout.place("_epochs", epoch)
        holder = layout.place("_holders", epoch, oracle, key_hash)
        answered = layout.place("_answered", epoch, identity)
        slots = [slot for place in (request, term, holder, answered) for slot in layout.slots(place)]
        words = self._committee.words(prover, header, slots)
        held = layout.decode(holder, words)
        record = _term(layout.decode(term, words))
        return UnlockFacts(
            request=_request(layout.decode(request, words)),
            term=record,
            place=_int(held, "place") - 1 if held["place"] else None,
            index=MemberIndex(_int(held, "index")) if held["place"] else None,
            is_barred=self._is_barred(prover, header, layout.decode(answered, words), record.threshold),
        )

    def _is_barred(self, prover: Prover, header: Header, answered: Mapping[str, Value], threshold: int) -> bool:
        """Mirrors UnlockBus._isBarred: before the first answer and after the t-th nothing can be barred."""
        if not 0 < _int(answered, "members").bit_count() < threshold:
            return False
        own, everything = read_scopes(self._brake, prover, header, cast(bytes, answered["lineage"]))
        return _int(own, "pulled") + _int(everything, "pulled") != answered["stopsSeen"]


def _term(values: Mapping[str, Value]) -> EpochRecord:
    return EpochRecord(
        phase=Phase(_int(values, "phase")),
        threshold=_int(values, "threshold"),
        slack=_int(values, "slack"),
        size=_int(values, "size"),
        registered=_int(values, "registered"),
        dealt=_int(values, "dealt"),
        acknowledged=_int(values, "acknowledged"),
        started_at=Timestamp(_int(values, "startedAt")),
        phase_ends_at=Timestamp(_int(values, "phaseEndsAt")),
        key_hash=_hash(values, "keyHash"),
        predecessor=Epoch(_int(values, "predecessor")),
        qualified=_int(values, "qualified"),
        complained=_int(values, "complained"),
        accused=_int(values, "accused"),
    )


def _member(values: Mapping[str, Value]) -> MemberRecord:
    return MemberRecord(
        oracle=make_address(cast(str, values["oracle"])),
        index=MemberIndex(_int(values, "index")),
        organisation_id=OrganisationId(_hash(values, "organisationId")),
        transport_key_hash=_hash(values, "transportKeyHash"),
        commitments_hash=_hash(values, "commitmentsHash"),
        verification_key_hash=_hash(values, "verificationKeyHash"),
        complained=bool(values["complained"]),
    )


def _dealing(values: Mapping[str, Value]) -> DealingRecord:
    return DealingRecord(
        commitments_hash=_hash(values, "commitmentsHash"),
        dealing_hash=_hash(values, "dealingHash"),
        complainants=_int(values, "complainants"),
        answered=bool(values["answered"]),
        disqualified=bool(values["disqualified"]),
    )


def _request(values: Mapping[str, Value]) -> RequestRecord:
    return RequestRecord(
        release_id=ReleaseId(_hash(values, "releaseId")),
        identity=Identity(_hash(values, "identity")),
        transport_hash=_hash(values, "transportHash"),
        worker=make_address(cast(str, values["worker"])),
        epoch=Epoch(_int(values, "epoch")),
        expires_at=Timestamp(_int(values, "expiresAt")),
        approvals=_int(values, "approvals"),
        partials=_int(values, "partials"),
    )


def _int(values: Mapping[str, Value], name: str) -> int:
    return cast(int, values[name])


def _hash(values: Mapping[str, Value], name: str) -> Hash32:
    return Hash32(cast(bytes, values[name]))
