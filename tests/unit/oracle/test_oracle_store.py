"""Secrets at rest: what must not open does not, and nothing is overwritten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from oracle.errors import DamagedStore, NoStore, StoreExists, WrongPassword
from oracle.store import SCRYPT_N, SecretStore

SECRET = {"share": "5eadbeef" * 8}


@pytest.fixture
def store(tmp_path: Path) -> SecretStore:
    return SecretStore.create(tmp_path / "oracle", "right", insecure_devnet=True)


def test_store_opens_with_its_password_alone(store: SecretStore, tmp_path: Path) -> None:
    store.put("epoch-1", SECRET)
    assert SecretStore.open(tmp_path / "oracle", "right").get("epoch-1") == SECRET
    with pytest.raises(WrongPassword):
        SecretStore.open(tmp_path / "oracle", "wrong")


def test_store_is_refused_where_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(NoStore):
        SecretStore.open(tmp_path, "right")


def test_store_is_never_made_twice_in_one_place(store: SecretStore, tmp_path: Path) -> None:
    with pytest.raises(StoreExists):
        SecretStore.create(tmp_path / "oracle", "other", insecure_devnet=True)


def test_secret_is_never_overwritten(store: SecretStore) -> None:
    store.put("epoch-1", SECRET)
    with pytest.raises(StoreExists):
        store.put("epoch-1", {"share": "00"})
    assert store.get("epoch-1") == SECRET


def test_secret_is_on_disk_only_encrypted_and_for_its_owner(store: SecretStore, tmp_path: Path) -> None:
    store.put("epoch-1", SECRET)
    for path in (tmp_path / "oracle").iterdir():
        data = path.read_bytes()
        assert SECRET["share"].encode() not in data
        assert bytes.fromhex(SECRET["share"]) not in data
        assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("at", [0, 12, 20, -1])
def test_secret_is_refused_when_a_bit_flips(store: SecretStore, tmp_path: Path, at: int) -> None:
    store.put("epoch-1", SECRET)
    path = tmp_path / "oracle" / "epoch-1.sealed"
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    with pytest.raises(DamagedStore):
        store.get("epoch-1")


def test_secrets_cannot_be_exchanged(store: SecretStore, tmp_path: Path) -> None:
    store.put("epoch-1", SECRET)
    (tmp_path / "oracle" / "epoch-1.sealed").rename(tmp_path / "oracle" / "epoch-2.sealed")
    assert store.get("epoch-1") is None
    with pytest.raises(DamagedStore):
        store.get("epoch-2")


@pytest.mark.parametrize("name", ["../epoch-1", "a/b", ""])
def test_secret_names_are_no_paths(store: SecretStore, name: str) -> None:
    with pytest.raises(DamagedStore):
        store.put(name, SECRET)


def test_header_with_weakened_scrypt_is_refused(store: SecretStore, tmp_path: Path) -> None:
    path = tmp_path / "oracle" / "store.json"
    header = json.loads(path.read_bytes())
    header["kdf"]["n"] = 2
    path.write_text(json.dumps(header))
    with pytest.raises(DamagedStore):
        SecretStore.open(tmp_path / "oracle", "right")


def test_erased_secret_is_gone(store: SecretStore) -> None:
    store.put("epoch-1", SECRET)
    store.erase("epoch-1")
    assert store.get("epoch-1") is None
    assert store.names() == []


def test_crash_while_a_secret_is_written_or_erased_leaves_it_whole_or_gone(
    store: SecretStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process of the same number comes next, as in a container; what is left stands in nobody's way."""

    def die(*arguments: object) -> None:
        raise KeyboardInterrupt

    store.put("epoch-1", SECRET)
    monkeypatch.setattr(Path, "rename", die)
    for cut_short in (lambda: store.put("epoch-2", SECRET), lambda: store.erase("epoch-1")):
        with pytest.raises(KeyboardInterrupt):
            cut_short()
    monkeypatch.undo()
    assert (store.get("epoch-1"), store.get("epoch-2")) == (SECRET, None)
    store.put("epoch-2", SECRET)
    monkeypatch.setattr(Path, "unlink", die)
    with pytest.raises(KeyboardInterrupt):
        store.erase("epoch-1")
    monkeypatch.undo()
    assert store.get("epoch-1") is None
    assert store.names() == ["epoch-2"]
    assert len(list((tmp_path / "oracle").glob(".*"))) == 2
    SecretStore.open(tmp_path / "oracle", "right").wipe_unfinished()
    assert sorted(path.name for path in (tmp_path / "oracle").iterdir()) == ["epoch-2.sealed", "store.json"]


def test_production_default_costs_what_it_should() -> None:
    assert SCRYPT_N == 2**18


def test_repr_shows_no_key(store: SecretStore) -> None:
    assert repr(store).startswith("SecretStore('")
    assert "AESGCM" not in repr(store)
