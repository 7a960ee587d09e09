"""An oracle's configuration and its creation: what is written is read back, and nonsense is named."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from governance.ledger.signer import PRODUCTION_ITERATIONS, Keystore
from oracle import creation
from oracle.config import OracleConfig, read_config, write_config
from oracle.creation import create_oracle, require_free
from oracle.errors import BadConfig, NoStore, StoreExists, WrongPassword
from oracle.store import SCRYPT_N, SecretStore

GOOD = OracleConfig(Path("/oracle"), rpc=("http://one", "http://two", "http://three"), deployment=Path("/d.json"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rpc": ()}, "no RPC"),
        ({"rpc": ("http://one", "http://one", "http://two")}, "twice"),
        ({"agreement": 0}, "more than half"),
        ({"agreement": 1}, "more than half"),
        ({"agreement": 4}, "more than half"),
        ({"deployment": None}, "no deployment"),
        ({"poll": 0.0}, "out of range"),
        ({"stall": 0.5}, "out of range"),
        ({"patience": -1}, "out of range"),
        ({"timeout": 0.0}, "out of range"),
    ],
)
def test_configuration_that_cannot_work_is_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(BadConfig, match=said):
        replace(GOOD, **change).check()  # type: ignore[arg-type]


@pytest.mark.parametrize(("count", "needed"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3)])
def test_more_than_half_of_the_rpcs_must_agree(count: int, needed: int) -> None:
    config = replace(GOOD, rpc=tuple(f"http://{at}" for at in range(count)))
    config.check()
    assert config.needed == needed


def test_configuration_survives_its_file(tmp_path: Path) -> None:
    config = replace(
        GOOD, directory=tmp_path, password_file=tmp_path / "password", agreement=3, poll=0.5, stall=30.0, patience=4
    )
    path = write_config(config)
    assert read_config(tmp_path) == config
    assert tomllib.loads(path.read_text())["password_file"] == "password"  # it moves with the directory


def test_flags_override_what_is_written_and_absent_ones_do_not(tmp_path: Path) -> None:
    flagged = GOOD.override(rpc=("http://four",), deployment=None, agreement=None, poll=2.0)
    assert flagged == replace(GOOD, rpc=("http://four",), poll=2.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("schema = 1", "is no custodes.oracle/1"),
        ("", "is no custodes.oracle/1"),
        ("schema = ", "cannot be read"),
        ('schema = "custodes.oracle/1"\nrpcs = []', "rpcs, which is no setting"),
        ('schema = "custodes.oracle/1"\nrpc = "http://one"', "makes no sense"),
        ('schema = "custodes.oracle/1"\npoll = "fast"', "makes no sense"),
        ('schema = "custodes.oracle/1"\nagreement = true', "makes no sense"),
        ('schema = "custodes.oracle/1"\ndeployment = 7', "makes no sense"),
        ('schema = "custodes.oracle/1"\ndirectory = "/elsewhere"', "directory, which is no setting"),
    ],
)
def test_file_that_is_no_configuration_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "oracle.toml").write_text(text)
    with pytest.raises(BadConfig, match=said):
        read_config(tmp_path)


def test_directory_without_an_oracle_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoStore):
        read_config(tmp_path)


def test_created_oracle_opens_with_its_password_alone(tmp_path: Path) -> None:
    config = replace(GOOD, directory=tmp_path / "oracle")
    key, path = create_oracle(config, "secret", insecure_devnet=True)
    assert read_config(config.directory) == config
    assert path.parent == config.directory
    assert Keystore(config.directory).find("key").open("secret").address == key.address
    SecretStore.open(config.directory / "secrets", "secret")
    with pytest.raises(WrongPassword):
        SecretStore.open(config.directory / "secrets", "another")
    assert config.directory.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["oracle.toml", "secrets", "key.json"])
def test_oracle_is_never_made_over_another(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(StoreExists):
        require_free(tmp_path)
    with pytest.raises(StoreExists):
        create_oracle(replace(GOOD, directory=tmp_path), "secret", insecure_devnet=True)


def test_oracle_is_made_with_the_full_work_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The numbers themselves are too dear to use in a test: half a second and 300 MB, twice."""
    assert (SCRYPT_N, PRODUCTION_ITERATIONS) == (2**18, 2**18)
    asked: dict[str, object] = {}

    class Spy(Keystore):
        def save(self, *arguments: object, iterations: int = 0, **options: object):  # type: ignore[no-untyped-def]
            asked["iterations"] = iterations
            return super().save(*arguments, iterations=2)  # type: ignore[arg-type]

    monkeypatch.setattr(creation, "Keystore", Spy)
    monkeypatch.setattr(
        creation.SecretStore,
        "create",
        lambda directory, password, *, insecure_devnet: asked.update(insecure=insecure_devnet),
    )
    create_oracle(replace(GOOD, directory=tmp_path / "oracle"), "secret")
    assert asked == {"iterations": 2**18, "insecure": False}
