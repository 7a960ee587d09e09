"""A proposal carried to a machine without a chain, where its id is made again from what it would do.

An export is only paper: whoever wrote it may lie about its words. But the id is the hash of the action's bytes, so
what is shown is read from those bytes, and the signature is over an id that says nothing else. Round and count cannot
be checked there; a wrong one makes a ballot that does not count (R-Council-07).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from governance.encoding.actions import compute_proposal_id, decode_action
from governance.encoding.errors import NotDecodable, NotEncodable
from governance.encoding.names import make_address
from governance.encoding.signatures import SigningDomain
from governance.errors import InvalidInput, VerificationError
from governance.ledger.names import Names
from governance.ledger.wording import WAYS, describe_action, list_details
from governance.types import Action, ActionKind, Address, ProposalId


class BadExport(InvalidInput):
    """The file is not what `custodes proposal show ID --json` writes."""

    hint: ClassVar[str] = "custodes proposal show ID --json > FILE makes one, on a machine with a chain"


class ExportMismatch(VerificationError):
    """The export's action does not make the id under which it would be signed, or it is another proposal's."""

    hint: ClassVar[str] = "do not sign: export it again yourself, and ask who wrote this file"


@dataclass(frozen=True)
class ProposalExport:
    """What a ballot needs to know of a proposal, and what its voter wants to see."""

    number: int
    id: ProposalId
    kind: ActionKind
    data: bytes
    proposer: Address
    nonce: int
    round: int
    counts: dict[Address, int]  # ballots that a key has cast in this round

    def verify(self, domain: SigningDomain, named: str) -> None:
        """Returns if the id is that of this action there, and what was named. Raises: ExportMismatch."""
        computed = compute_proposal_id(
            domain.chain_id, domain.contract, self.proposer, self.nonce, self.kind, self.data
        )
        if computed != self.id:
            raise ExportMismatch(f"the action in the file makes the id {computed:#066x}, and it says {self.id:#066x}")
        if named not in (str(self.number), f"{self.id:#066x}"):
            raise ExportMismatch(f"the file is of proposal {self.number} ({self.id:#066x}), not of {named}")

    def count_of(self, voter: Address) -> int:
        """How many ballots that key has cast in this round."""
        return self.counts.get(voter, 0)

    @property
    def headline(self) -> str:
        """What it would do, read from its bytes."""
        return describe_action(self.kind, self._action, Names())

    @property
    def lines(self) -> list[str]:
        """The rest of it."""
        told = [("which", WAYS[self.kind]), *list_details(self._action, Names())]
        return [f"  {label:<10} {value}" for label, value in told]

    @property
    def _action(self) -> Action | None:
        try:
            return decode_action(self.kind, self.data, strict=False)
        except NotDecodable:
            return None

    @classmethod
    def read(cls, path: Path) -> ProposalExport:
        """Raises: BadExport."""
        try:
            return cls.from_json(json.loads(path.read_text()))
        except OSError as e:
            raise BadExport(f"{path} cannot be read: {e.strerror}") from e
        except ValueError as e:
            raise BadExport(f"{path} is not JSON") from e

    @classmethod
    def from_json(cls, data: Any) -> ProposalExport:
        """Raises: BadExport."""
        try:
            if data["schema"] != "custodes.proposal/1":
                raise BadExport("this is no custodes.proposal/1")
            return cls(
                number=int(data["number"]),
                id=ProposalId(int(data["id"], 16)),
                kind=ActionKind[str(data["kind"]).upper()],
                data=bytes.fromhex(str(data["action"]).removeprefix("0x")),
                proposer=make_address(data["proposerKey"]),
                nonce=int(data["nonce"]),
                round=int(data["round"]),
                counts={make_address(ballot["voter"]): int(ballot["count"]) for ballot in data["ballots"]},
            )
        except (KeyError, TypeError, ValueError, AttributeError, NotEncodable) as e:
            raise BadExport(f"the export is malformed: {e}") from e
