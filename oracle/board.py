"""What an oracle reads of a key generation: the proven board, and the events that it bears out.

A transport key or a dealing travels in an event and is compared with its hash in the proven state: an RPC that could
slip in a key of its own would be sent a share. A revealed share is checked against its dealing by whoever uses it.
"""

from __future__ import annotations

from governance.encoding.keccak import keccak256
from governance.ledger.proven_committee import Board
from governance.types import Address, DealingRecord, Epoch, MemberIndex, MemberRecord
from governance.types.events.committee import CommitteeEvent, Dealt, ShareRevealed, TransportKeyRegistered
from oracle.dkg import DealerFacts, DealingFacts, EpochFacts, MemberFacts
from oracle.errors import WrongBoard
from oracle.journal import Journal
from oracle.messages import compute_dealing_hash, decode_log, event_topic


def read_facts(board: Board) -> EpochFacts:
    """The board in the form in which the rules take it: done is what has left its hash."""
    members = tuple(
        MemberFacts(
            index=member.index,
            oracle=member.oracle,
            registered=any(member.transport_key_hash),
            acknowledged=any(member.verification_key_hash),
            complained=member.complained,
        )
        for member in board.members
    )
    is_resharing = bool(board.term.predecessor)
    dealers = tuple(
        DealerFacts(
            index=dealer.index,
            oracle=dealer.oracle,
            may_deal=any(dealer.verification_key_hash if is_resharing else dealer.transport_key_hash),
            dealt=any(dealing.dealing_hash),
            owes_answer=bool(dealing.complainants) and not dealing.answered and not dealing.disqualified,
            disqualified=dealing.disqualified,
        )
        for dealer, dealing in zip(board.dealers, board.dealings, strict=True)
    )
    term = board.term
    return EpochFacts(
        epoch=board.epoch,
        phase=term.phase,
        threshold=term.threshold,
        slack=term.slack,
        phase_ends_at=term.phase_ends_at,
        members=members,
        dealers=dealers,
        predecessor=term.predecessor,
        dealers_needed=board.dealers_needed,
        settled=term.qualified,
    )


def read_transport_keys(journal: Journal, board: Board) -> list[tuple[MemberIndex, bytes]]:
    """Every member's envelope key, in the order of the list; empty for one that did not register.

    Raises: WrongBoard.
    """
    registered = _events(journal, "TransportKeyRegistered", board.epoch)
    keys = {event.index: event.transport_key for event in registered if isinstance(event, TransportKeyRegistered)}
    listed = []
    for member in board.members:
        key = keys.get(member.index, b"") if any(member.transport_key_hash) else b""
        if any(member.transport_key_hash) and keccak256(key) != member.transport_key_hash:
            raise WrongBoard(f"the envelope key of member {member.index} is not the one that it registered")
        listed.append((member.index, key))
    return listed


def read_commitments(journal: Journal, board: Board) -> dict[MemberIndex, bytes]:
    """What every dealer that dealt has revealed. Raises: WrongBoard."""
    return {dealer: event.commitments for dealer, event in _read_dealt(journal, board).items()}


def read_dealings(journal: Journal, board: Board, me: MemberIndex) -> list[DealingFacts]:
    """Every dealing, with what it holds for this member. Raises: WrongBoard."""
    place = next(at for at, member in enumerate(board.members) if member.index == me)
    revealed = {
        event.dealer: bytes(event.share)
        for event in _events(journal, "ShareRevealed", board.epoch)
        if isinstance(event, ShareRevealed) and event.recipient == me
    }
    return [
        DealingFacts(dealer, event.commitments, event.proof, event.envelopes[place], revealed.get(dealer))
        for dealer, event in _read_dealt(journal, board).items()
    ]


def find_member(records: tuple[MemberRecord, ...], oracle: Address) -> MemberRecord | None:
    """The record of that oracle in a list."""
    return next((record for record in records if record.oracle.lower() == oracle.lower()), None)


def find_dealing(board: Board, oracle: Address) -> DealingRecord:
    """What that dealer has done."""
    place = next(at for at, dealer in enumerate(board.dealers) if dealer.oracle.lower() == oracle.lower())
    return board.dealings[place]


def _read_dealt(journal: Journal, board: Board) -> dict[MemberIndex, Dealt]:
    events = _events(journal, "Dealt", board.epoch)
    found = {event.dealer: event for event in events if isinstance(event, Dealt)}
    dealt = {}
    for dealer, dealing in zip(board.dealers, board.dealings, strict=True):
        if not any(dealing.dealing_hash):
            continue
        event = found.get(dealer.index)
        if event is None or compute_dealing_hash(event.commitments, event.envelopes) != dealing.dealing_hash:
            raise WrongBoard(f"the dealing of member {dealer.index} is not the one that it posted")
        dealt[dealer.index] = event
    return dealt


def _events(journal: Journal, name: str, epoch: Epoch) -> list[CommitteeEvent]:
    return [decode_log(log) for log in journal.logs(event_topic(name), subject(epoch))]


def subject(epoch: Epoch) -> bytes:
    """The topic that an event of that epoch carries."""
    return epoch.to_bytes(32, "big")
