"""Ballots and rotations: the digest is what eth_account, which shares no code with ours, signs for the typed data."""

from __future__ import annotations

import dataclasses

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_keys.datatypes import PrivateKey

from governance.encoding.errors import NotEncodable
from governance.encoding.keccak import keccak256
from governance.encoding.names import make_address
from governance.encoding.signatures import (
    Ballot,
    Rotation,
    SigningDomain,
    compute_ballot_digest,
    compute_domain_separator,
    compute_rotation_digest,
    make_ballot_typed_data,
    make_rotation_typed_data,
    shorten_signature,
)
from governance.types import ChainId, ProposalId, SeatNumber, Support

SECRET = bytes(31) + b"\x07"
VOTER = make_address(Account.from_key(SECRET).address)
OTHER = make_address("0x" + "ab" * 20)
DOMAIN = SigningDomain(ChainId(31337), make_address("0x" + "cd" * 20))
BALLOT = Ballot(ProposalId(2**255 + 1), Support.FOR, VOTER, 1, 2, "weil es richtig ist: ✓")
ROTATION = Rotation(SeatNumber(14), VOTER, OTHER)


def recover(digest: bytes, signature: bytes) -> str:
    compact = signature[:64] + bytes([signature[64] - 27])
    return PrivateKey(SECRET).public_key.recover_from_msg_hash(digest, _signature(compact)).to_checksum_address()


def _signature(compact: bytes):  # type: ignore[no-untyped-def]
    from eth_keys.datatypes import Signature

    return Signature(compact)


def test_ballot_signed_as_typed_data_recovers_the_voter_from_our_digest() -> None:
    signed = Account.sign_typed_data(SECRET, full_message=make_ballot_typed_data(DOMAIN, BALLOT))
    assert signed.message_hash == compute_ballot_digest(DOMAIN, BALLOT)
    assert recover(compute_ballot_digest(DOMAIN, BALLOT), signed.signature) == VOTER


def test_rotation_signed_as_typed_data_has_our_digest() -> None:
    signed = Account.sign_typed_data(SECRET, full_message=make_rotation_typed_data(DOMAIN, ROTATION))
    assert signed.message_hash == compute_rotation_digest(DOMAIN, ROTATION)


def test_domain_separator_equals_that_of_eth_account() -> None:
    message = encode_typed_data(full_message=make_ballot_typed_data(DOMAIN, BALLOT))
    assert message.header == compute_domain_separator(DOMAIN)
    assert keccak256(b"\x19\x01" + message.header + message.body) == compute_ballot_digest(DOMAIN, BALLOT)


@pytest.mark.parametrize(
    "other",
    [
        dataclasses.replace(BALLOT, proposal_id=ProposalId(1)),
        dataclasses.replace(BALLOT, support=Support.AGAINST),
        dataclasses.replace(BALLOT, voter=OTHER),
        dataclasses.replace(BALLOT, round=2),
        dataclasses.replace(BALLOT, count=1),
        dataclasses.replace(BALLOT, reason=""),
    ],
)
def test_ballot_digest_changes_with_every_member(other: Ballot) -> None:
    assert compute_ballot_digest(DOMAIN, other) != compute_ballot_digest(DOMAIN, BALLOT)


@pytest.mark.parametrize(
    "domain",
    [dataclasses.replace(DOMAIN, chain_id=ChainId(1)), dataclasses.replace(DOMAIN, contract=OTHER)],
)
def test_ballot_digest_changes_with_its_domain(domain: SigningDomain) -> None:
    assert compute_ballot_digest(domain, BALLOT) != compute_ballot_digest(DOMAIN, BALLOT)


def test_ballot_digest_is_refused_when_a_member_does_not_fit() -> None:
    with pytest.raises(NotEncodable):
        compute_ballot_digest(DOMAIN, dataclasses.replace(BALLOT, count=256))


def test_signature_is_shortened_to_what_recovers_the_same_key() -> None:
    """EIP-2098, with the examples that it gives."""
    for r, s, v, vs in [
        (
            "68a020a209d3d56c46f38cc50a33f704f4a9a10a59377f8dd762ac66910e9b90",
            "7e865ad05c4035ab5792787d4a0297a43617ae897930a6fe4d822b8faea52064",
            27,
            "7e865ad05c4035ab5792787d4a0297a43617ae897930a6fe4d822b8faea52064",
        ),
        (
            "9328da16089fcba9bececa81663203989f2df5fe1faa6291a45381c81bd17f76",
            "139c6d6b623b42da56557e5e734a43dc83345ddfadec52cbe24d0cc64f550793",
            28,
            "939c6d6b623b42da56557e5e734a43dc83345ddfadec52cbe24d0cc64f550793",
        ),
    ]:
        assert shorten_signature(bytes.fromhex(r + s) + bytes([v])).hex() == r + vs
    assert shorten_signature(b"a wallet's own") == b"a wallet's own"
