"""Keys: never overwritten, never shown, opened by their password alone; cheap ones say so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from eth_account import Account

from governance.encoding.signatures import Ballot, SigningDomain, compute_ballot_digest, make_ballot_typed_data
from governance.ledger.ballots import BadBallot, BallotMismatch, SignedBallot
from governance.ledger.errors import BadKey, WrongPassword
from governance.ledger.signer import INSECURE_ITERATIONS, PRODUCTION_ITERATIONS, Keystore, Signer
from governance.types import Address, ChainId, ProposalId, Support

COUNCIL = Address("0x52908400098527886E0F7030069857D2E4169EE7")
DOMAIN = SigningDomain(ChainId(31_337), COUNCIL)


@pytest.fixture
def keystore(tmp_path: Path) -> Keystore:
    return Keystore(tmp_path / "keys")


def save(keystore: Keystore, name: str = "fides") -> Signer:
    signer = Signer.random()
    keystore.save(name, signer, "a password", iterations=INSECURE_ITERATIONS)
    return signer


def ballot(voter: Address, reason: str = "") -> Ballot:
    return Ballot(ProposalId(7), Support.FOR, voter, 1, 0, reason)


def test_production_iterations_are_those_of_eth_account() -> None:
    assert PRODUCTION_ITERATIONS == 2**18


def test_save_asks_for_production_iterations_unless_told_otherwise(
    keystore: Keystore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    real = Signer.encrypt

    def encrypt(self: Signer, password: str, *, iterations: int) -> dict[str, object]:
        asked.append(iterations)
        return real(self, password, iterations=INSECURE_ITERATIONS)

    monkeypatch.setattr(Signer, "encrypt", encrypt)
    keystore.save("fides", Signer.random(), "a password")
    assert asked == [2**18]


def test_open_raises_when_the_password_is_wrong(keystore: Keystore) -> None:
    save(keystore)
    with pytest.raises(WrongPassword) as caught:
        keystore.find("fides").open("another password")
    assert "another password" not in str(caught.value)


def test_save_raises_when_the_name_is_taken_or_is_a_path(keystore: Keystore) -> None:
    save(keystore)
    before = (keystore.directory / "fides.json").read_bytes()
    with pytest.raises(BadKey, match="never overwritten"):
        save(keystore)
    assert (keystore.directory / "fides.json").read_bytes() == before
    for name in ("../fides", "Fides", "", "a/b"):
        with pytest.raises(BadKey, match="no name"):
            save(keystore, name)


def test_find_raises_when_nothing_fits(keystore: Keystore, tmp_path: Path) -> None:
    save(keystore)
    for key in ("incerta", "0x" + "11" * 20, str(tmp_path / "absent.json")):
        with pytest.raises(BadKey):
            keystore.find(key)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"address": "0x11", "crypto": {"kdfparams": {}}}', '{"address": 7}']
)
def test_find_raises_when_the_file_is_no_key(keystore: Keystore, content: str) -> None:
    keystore.directory.mkdir()
    (keystore.directory / "broken.json").write_text(content)
    with pytest.raises(BadKey):
        keystore.find("broken")
    assert keystore.list() == []


def test_open_raises_when_the_file_names_another_address_than_its_key(keystore: Keystore) -> None:
    save(keystore)
    path = keystore.directory / "fides.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"address": COUNCIL}))
    with pytest.raises(BadKey, match="holds the key of"):
        keystore.find("fides").open("a password")


def test_key_is_found_by_name_address_and_path_and_opens(keystore: Keystore) -> None:
    signer = save(keystore)
    path = keystore.directory / "fides.json"
    for key in ("fides", signer.address, signer.address.lower(), str(path)):
        assert keystore.find(key).address == signer.address
    assert keystore.find("fides").open("a password") == signer
    assert path.stat().st_mode & 0o777 == 0o600
    assert Account.decrypt(path.read_text(), "a password") == signer._secret  # another wallet opens it


def test_cheap_key_says_that_it_is_insecure(keystore: Keystore) -> None:
    save(keystore)
    assert keystore.find("fides").is_insecure
    assert "insecure" in json.loads((keystore.directory / "fides.json").read_text())["warning"]
    content = json.loads((keystore.directory / "fides.json").read_text())
    del content["warning"]
    (keystore.directory / "fides.json").write_text(json.dumps(content))
    assert keystore.find("fides").is_insecure  # its few iterations say it, too


def test_signer_shows_its_secret_nowhere() -> None:
    signer = Signer.random()
    assert signer._secret.hex() not in repr(signer) + str(signer)
    assert repr(signer._secret) not in repr(signer)


def test_signed_ballot_is_over_the_digest_that_the_contract_computes() -> None:
    signer = Signer.random()
    signed = SignedBallot.sign(DOMAIN, ballot(signer.address, "weil ä"), signer)
    assert signed.digest == compute_ballot_digest(DOMAIN, signed.ballot)
    assert Account._recover_hash(signed.digest, signature=signed.signature) == signer.address
    signed.verify(DOMAIN)
    assert SignedBallot.from_json(signed.to_json()) == signed


def test_ballot_verify_raises_when_it_counts_elsewhere_or_another_signed_it() -> None:
    signer = Signer.random()
    signed = SignedBallot.sign(DOMAIN, ballot(signer.address), signer)
    with pytest.raises(BallotMismatch, match="on chain 31337"):
        signed.verify(SigningDomain(ChainId(1), COUNCIL))
    forged = SignedBallot(DOMAIN, ballot(COUNCIL), signed.signature)
    with pytest.raises(BallotMismatch, match="not " + COUNCIL):
        forged.verify(DOMAIN)
    for signature in (b"", b"\0" * 65, b"\xff" * 65):
        with pytest.raises(BallotMismatch):
            SignedBallot(DOMAIN, ballot(signer.address), signature).verify(DOMAIN)


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "custodes.ballot/2"},
        {"support": "yes"},
        {"round": "1"},
        {"count": -1},
        {"voter": "0x11"},
        {"signature": "0xz"},
    ],
)
def test_ballot_from_json_raises_when_a_member_is_wrong(change: dict[str, object]) -> None:
    signer = Signer.random()
    good = SignedBallot.sign(DOMAIN, ballot(signer.address), signer).to_json()
    with pytest.raises(BadBallot):
        SignedBallot.from_json(good | change)


def test_ballot_read_raises_when_the_file_is_missing_or_no_json(tmp_path: Path) -> None:
    (tmp_path / "ballot.json").write_text("{")
    for path in (tmp_path / "ballot.json", tmp_path / "absent.json"):
        with pytest.raises(BadBallot):
            SignedBallot.read(path)


def test_typed_data_is_what_a_wallet_would_sign() -> None:
    signer = Signer.random()
    typed = make_ballot_typed_data(DOMAIN, ballot(signer.address))
    assert signer.sign_typed_data(typed) == SignedBallot.sign(DOMAIN, ballot(signer.address), signer).signature
