"""Ids from names, short names, addresses: how people's words become the chain's words."""

from __future__ import annotations

from governance.encoding.errors import NotEncodable
from governance.encoding.keccak import keccak256
from governance.types import (
    Address,
    ConstraintId,
    Hash32,
    Jurisdiction,
    OrganisationId,
    ProposalId,
    ReleaseId,
    ShortName,
)


def compute_organisation_id(name: str) -> OrganisationId:
    """keccak256 of the organisation's name."""
    return OrganisationId(_require_name(name))


def compute_affiliation(group: str) -> Hash32:
    """keccak256 of the affiliation group's name (common control)."""
    return _require_name(group)


def compute_constraint_id(name: str) -> ConstraintId:
    """keccak256 of the constraint's name."""
    return ConstraintId(_require_name(name))


def make_short_name(text: str) -> ShortName:
    """32 bytes: printable ASCII without blanks, left-aligned, zero-padded. An empty text gives 32 zero bytes.

    Raises: NotEncodable.
    """
    if len(text) > 32 or not all("!" <= character <= "~" for character in text):
        raise NotEncodable(f"a short name is at most 32 printable ASCII characters without blanks, got {text!r}")
    return ShortName(text.encode("ascii").ljust(32, b"\0"))


def read_short_name(name: ShortName) -> str:
    """The text of a short name; 0x and hex digits where it is not one, so that every word has a form to show."""
    stripped = bytes(name).rstrip(b"\0")
    if all(0x21 <= byte <= 0x7E for byte in stripped):
        return stripped.decode("ascii")
    return "0x" + bytes(name).hex()


def make_jurisdiction(code: str) -> Jurisdiction:
    """The two bytes of an ISO 3166-1 alpha-2 code.

    Raises: NotEncodable.
    """
    if len(code) != 2 or not (code.isascii() and code.isalpha() and code.isupper()):
        raise NotEncodable(f"a jurisdiction is two capital letters (ISO 3166-1 alpha-2), got {code!r}")
    return Jurisdiction(code.encode("ascii"))


def make_address(text: str | bytes) -> Address:
    """The address with its EIP-55 checksum. Mixed case must carry the right checksum; one case is taken as it is.

    Raises: NotEncodable.
    """
    digits = text.hex() if isinstance(text, bytes) else text.removeprefix("0x")
    if len(digits) != 40 or any(digit not in "0123456789abcdefABCDEF" for digit in digits):
        raise NotEncodable(f"an address is 20 bytes in hex, got {text!r}")
    lowered = digits.lower()
    nibbles = keccak256(lowered.encode("ascii")).hex()
    checksummed = "".join(
        digit.upper() if int(nibble, 16) >= 8 else digit for digit, nibble in zip(lowered, nibbles, strict=False)
    )
    if digits not in (lowered, lowered.upper(), checksummed):
        raise NotEncodable(f"the address {text!r} fails its checksum: a digit was mistyped")
    return Address("0x" + checksummed)


def release_id_of(proposal_id: ProposalId) -> ReleaseId:
    """A release bears the id of the proposal that granted it."""
    return ReleaseId(proposal_id.to_bytes(32, "big"))


def proposal_id_of(release_id: ReleaseId) -> ProposalId:
    """The proposal that granted a release."""
    return ProposalId(int.from_bytes(release_id, "big"))


def hash_text(text: str) -> Hash32:
    """keccak256(bytes(text)), as contracts hash any text, the empty one and broken UTF-8 included."""
    return Hash32(keccak256(text.encode("utf-8", "surrogateescape")))


def _require_name(name: str) -> Hash32:
    if not name:
        raise NotEncodable("a name is empty")
    return hash_text(name)
