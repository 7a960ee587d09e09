"""Ballots that are signed off line, in files that anybody can carry to the chain.

A file says what was signed, and nothing more: whoever reads it checks the signature against the voter before sending.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from governance.encoding.errors import NotEncodable
from governance.encoding.names import make_address
from governance.encoding.signatures import (
    Ballot,
    SigningDomain,
    compute_ballot_digest,
    make_ballot_typed_data,
    shorten_signature,
)
from governance.errors import InvalidInput, VerificationError
from governance.ledger.signer import Signer
from governance.types import Address, ChainId, ProposalId, Support

SCHEMA = "custodes.ballot/1"
MAX_S = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0  # EIP-2: of two that verify, the low one


class BadBallot(InvalidInput):
    """The file is not a signed ballot."""

    hint: ClassVar[str] = "custodes vote ID for --sign-only --out FILE makes one"


class BallotMismatch(VerificationError):
    """The ballot is for another chain or Council, or its signature is not its voter's."""

    hint: ClassVar[str] = "have it signed again, against the deployment.json of this consortium"


@dataclass(frozen=True)
class SignedBallot:
    """A ballot, where it counts, and its voter's signature."""

    domain: SigningDomain
    ballot: Ballot
    signature: bytes

    @classmethod
    def sign(cls, domain: SigningDomain, ballot: Ballot, signer: Signer) -> SignedBallot:
        return cls(domain, ballot, signer.sign_typed_data(make_ballot_typed_data(domain, ballot)))

    @property
    def digest(self) -> bytes:
        """What was signed."""
        return compute_ballot_digest(self.domain, self.ballot)

    def verify(self, domain: SigningDomain, *, by_contract: bool = False) -> None:
        """Returns if it counts there and its voter signed it; what a contract signed, only itself can tell.

        Raises: BallotMismatch.
        """
        if self.domain != domain:
            raise BallotMismatch(
                f"the ballot is for {self.domain.contract} on chain {self.domain.chain_id}, "
                f"not for {domain.contract} on chain {domain.chain_id}"
            )
        if by_contract:
            return
        recovered = _recover(self.digest, self.signature)
        if recovered != self.ballot.voter:
            raise BallotMismatch(f"the signature is {recovered or 'nobody'}'s, not {self.ballot.voter}'s")

    def shorten(self) -> SignedBallot:
        """The same with a signature of 64 bytes, which costs whoever sends it less. Only of an EOA."""
        return replace(self, signature=shorten_signature(self.signature))

    def to_json(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "chainId": self.domain.chain_id,
            "council": self.domain.contract,
            "proposalId": f"0x{self.ballot.proposal_id:064x}",
            "support": self.ballot.support.name.lower(),
            "voter": self.ballot.voter,
            "round": self.ballot.round,
            "count": self.ballot.count,
            "reason": self.ballot.reason,
            "signature": "0x" + self.signature.hex(),
        }

    @classmethod
    def from_json(cls, data: Any) -> SignedBallot:
        """Raises: BadBallot."""
        try:
            if data["schema"] != SCHEMA:
                raise BadBallot(f"this is no {SCHEMA}")
            return cls(
                domain=SigningDomain(ChainId(_number(data["chainId"])), make_address(data["council"])),
                ballot=Ballot(
                    proposal_id=ProposalId(int(data["proposalId"], 16)),
                    support=Support[str(data["support"]).upper()],
                    voter=make_address(data["voter"]),
                    round=_number(data["round"]),
                    count=_number(data["count"]),
                    reason=str(data["reason"]),
                ),
                signature=bytes.fromhex(str(data["signature"]).removeprefix("0x")),
            )
        except (KeyError, TypeError, ValueError, AttributeError, NotEncodable) as e:
            raise BadBallot(f"the ballot is malformed: {e}") from e

    @classmethod
    def read(cls, path: Path) -> SignedBallot:
        """Raises: BadBallot."""
        try:
            return cls.from_json(json.loads(path.read_text()))
        except OSError as e:
            raise BadBallot(f"{path} cannot be read: {e.strerror}") from e
        except ValueError as e:
            raise BadBallot(f"{path} is not JSON") from e


def _recover(digest: bytes, signature: bytes) -> Address | None:
    from eth_keys.datatypes import Signature
    from eth_keys.exceptions import BadSignature, ValidationError

    if len(signature) == 64:  # EIP-2098: the parity is the highest bit of s
        parity, s = signature[32] >> 7, bytes([signature[32] & 0x7F]) + signature[33:]
        signature = signature[:32] + s + bytes([27 + parity])
    if len(signature) != 65 or signature[64] not in (27, 28) or int.from_bytes(signature[32:64], "big") > MAX_S:
        return None
    try:
        recovered = Signature(signature[:64] + bytes([signature[64] - 27])).recover_public_key_from_msg_hash(digest)
    except (BadSignature, ValidationError):
        return None
    return make_address(recovered.to_canonical_address())


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is no number")
    return value
