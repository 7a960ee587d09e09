"""Names to words and back, addresses with their checksum, hashes of deployed code."""

from __future__ import annotations

import pytest

from governance.encoding import names
from governance.encoding.code import compute_code_hash, compute_template_hash
from governance.encoding.errors import NotEncodable
from governance.encoding.keccak import keccak256
from governance.types import ProposalId, ShortName

# EIP-55
CHECKSUMMED = [
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0xde709f2102306220921060314715629080e2fb77",
]


@pytest.mark.parametrize("address", CHECKSUMMED)
def test_address_gets_its_checksum_from_any_single_case(address: str) -> None:
    assert names.make_address(address) == address
    assert names.make_address(address.lower()) == address
    assert names.make_address(address[2:].upper()) == address
    assert names.make_address(bytes.fromhex(address[2:])) == address


@pytest.mark.parametrize("address", ["", "0x", "0x" + "0" * 39, "0x" + "g" * 40, "0X" + "0" * 40, bytes(19)])
def test_address_is_refused_when_it_is_not_20_bytes(address: str | bytes) -> None:
    with pytest.raises(NotEncodable, match="20 bytes"):
        names.make_address(address)


def test_address_is_refused_when_its_checksum_fails() -> None:
    with pytest.raises(NotEncodable, match="checksum"):
        names.make_address(CHECKSUMMED[0].replace("aA", "Aa"))


@pytest.mark.parametrize("text", ["x" * 33, "two words", "Größe", "tab\t", "nul\0"])
def test_short_name_is_refused_when_it_is_not_short_plain_ascii(text: str) -> None:
    with pytest.raises(NotEncodable):
        names.make_short_name(text)


@pytest.mark.parametrize("text", ["", "duty", "x" * 32])
def test_short_name_reads_back(text: str) -> None:
    assert names.read_short_name(names.make_short_name(text)) == text
    assert len(names.make_short_name(text)) == 32


def test_short_name_that_is_none_is_shown_in_hex() -> None:
    word = ShortName(b"a\0b".ljust(32, b"\0"))
    assert names.read_short_name(word) == "0x" + word.hex()


@pytest.mark.parametrize("code", ["", "D", "DEU", "de", "D1", "ÄÖ"])
def test_jurisdiction_is_refused_when_it_is_no_country_code(code: str) -> None:
    with pytest.raises(NotEncodable):
        names.make_jurisdiction(code)


def test_jurisdiction_is_its_two_letters() -> None:
    assert names.make_jurisdiction("DE") == b"DE"


@pytest.mark.parametrize(
    "compute", [names.compute_organisation_id, names.compute_constraint_id, names.compute_affiliation]
)
def test_id_of_a_name_is_its_hash_and_an_empty_name_has_none(compute) -> None:  # type: ignore[no-untyped-def]
    assert compute("Übel & Söhne") == keccak256("Übel & Söhne".encode())
    with pytest.raises(NotEncodable, match="empty"):
        compute("")


def test_release_bears_the_id_of_its_proposal() -> None:
    release = names.release_id_of(ProposalId(258))
    assert release == bytes(30) + b"\x01\x02"
    assert names.proposal_id_of(release) == 258


@pytest.mark.parametrize(("code", "complaint"), [(b"", "no code"), (bytes.fromhex("ef0100") + bytes(20), "delegates")])
def test_code_hash_is_refused_for_an_account_without_code_of_its_own(code: bytes, complaint: str) -> None:
    with pytest.raises(NotEncodable, match=complaint):
        compute_code_hash(code)


def test_template_hash_is_blind_to_immutables_and_to_nothing_else() -> None:
    first, second = b"ab" + b"\x01" * 4 + b"cd", b"ab" + b"\x02" * 4 + b"cd"
    assert compute_template_hash(first, [(2, 4)]) == compute_template_hash(second, [(2, 4)])
    assert compute_template_hash(first, [(2, 3)]) != compute_template_hash(second, [(2, 3)])
    assert compute_template_hash(first, []) == compute_code_hash(first) == keccak256(first)


@pytest.mark.parametrize("immutable", [(-1, 2), (7, 2), (0, -1)])
def test_template_hash_is_refused_for_an_immutable_outside_of_the_code(immutable: tuple[int, int]) -> None:
    with pytest.raises(NotEncodable, match="outside"):
        compute_template_hash(bytes(8), [immutable])
