"""Slots and words by a compiler's layout; that they are a deployed contract's, the tests of the proven ledger show."""

from __future__ import annotations

import pytest

from governance.chain.storage import Place, StorageLayout, UnknownSlot
from governance.encoding.keccak import keccak256
from governance.ledger.artifacts import load_artifact

LAYOUT = {
    "storage": [
        {"label": "low", "slot": "0", "offset": 0, "type": "t_uint64"},
        {"label": "high", "slot": "0", "offset": 8, "type": "t_uint64"},
        {"label": "balances", "slot": "3", "offset": 0, "type": "t_mapping(t_address,t_uint256)"},
        {"label": "nested", "slot": "4", "offset": 0, "type": "t_mapping(t_uint64,t_mapping(t_bytes32,t_struct))"},
        {"label": "lists", "slot": "5", "offset": 0, "type": "t_mapping(t_uint64,t_array)"},
        {"label": "small", "slot": "6", "offset": 0, "type": "t_array_small"},
        {"label": "flag", "slot": "7", "offset": 0, "type": "t_bool"},
    ],
    "types": {
        "t_address": {"encoding": "inplace", "numberOfBytes": "20"},
        "t_bool": {"encoding": "inplace", "numberOfBytes": "1"},
        "t_bytes2": {"encoding": "inplace", "numberOfBytes": "2"},
        "t_bytes32": {"encoding": "inplace", "numberOfBytes": "32"},
        "t_int16": {"encoding": "inplace", "numberOfBytes": "2"},
        "t_uint64": {"encoding": "inplace", "numberOfBytes": "8"},
        "t_uint256": {"encoding": "inplace", "numberOfBytes": "32"},
        "t_array": {"encoding": "dynamic_array", "numberOfBytes": "32", "base": "t_struct"},
        "t_array_small": {"encoding": "dynamic_array", "numberOfBytes": "32", "base": "t_uint64"},
        "t_mapping(t_address,t_uint256)": {"encoding": "mapping", "numberOfBytes": "32", "value": "t_uint256"},
        "t_mapping(t_uint64,t_array)": {"encoding": "mapping", "numberOfBytes": "32", "value": "t_array"},
        "t_mapping(t_bytes32,t_struct)": {"encoding": "mapping", "numberOfBytes": "32", "value": "t_struct"},
        "t_mapping(t_uint64,t_mapping(t_bytes32,t_struct))": {
            "encoding": "mapping",
            "numberOfBytes": "32",
            "value": "t_mapping(t_bytes32,t_struct)",
        },
        "t_struct": {
            "encoding": "inplace",
            "numberOfBytes": "64",
            "members": [
                {"label": "alive", "slot": "0", "offset": 0, "type": "t_bool"},
                {"label": "balance", "slot": "0", "offset": 1, "type": "t_int16"},
                {"label": "where", "slot": "0", "offset": 3, "type": "t_bytes2"},
                {"label": "owner", "slot": "0", "offset": 5, "type": "t_address"},
                {"label": "count", "slot": "1", "offset": 0, "type": "t_uint256"},
            ],
        },
    },
}
STORAGE = StorageLayout(LAYOUT)
KEY = bytes(range(32))


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def test_place_of_an_unknown_variable_is_refused() -> None:
    with pytest.raises(UnknownSlot, match="no variable"):
        STORAGE.place("owner")


@pytest.mark.parametrize(
    ("variable", "keys"),
    [
        ("low", (1,)),
        ("balances", ("0x" + "11" * 20, 1)),
        ("lists", (1, KEY)),
        ("nested", (1, KEY, KEY)),
        ("small", (0,)),
    ],
)
def test_place_is_refused_with_keys_that_the_variable_does_not_take(variable: str, keys: tuple[object, ...]) -> None:
    with pytest.raises(UnknownSlot):
        STORAGE.place(variable, *keys)  # type: ignore[arg-type]


@pytest.mark.parametrize("key", [b"", b"\x01", bytes(31), bytes(33)])
def test_place_is_refused_when_a_bytes32_key_has_another_length(key: bytes) -> None:
    with pytest.raises(UnknownSlot, match="bytes32"):
        STORAGE.place("nested", 1, key)


def test_decode_is_refused_when_a_word_was_not_proven() -> None:
    place = STORAGE.place("nested", 1, KEY)
    with pytest.raises(UnknownSlot, match="was not proven"):
        STORAGE.decode(place, {place.slot: 1})


def test_decode_is_refused_for_what_is_no_struct() -> None:
    with pytest.raises(UnknownSlot, match="not a struct"):
        STORAGE.decode(STORAGE.place("low"), {0: 1})


def test_number_is_refused_for_what_is_no_number() -> None:
    with pytest.raises(UnknownSlot, match="no number"):
        STORAGE.number(STORAGE.place("flag"), {7: 1})


def test_number_is_refused_when_its_word_was_not_proven() -> None:
    with pytest.raises(UnknownSlot, match="was not proven"):
        STORAGE.number(STORAGE.place("low"), {})


def test_numbers_that_share_a_slot_are_told_apart() -> None:
    words = {0: (7 << 64) | 5}
    assert STORAGE.number(STORAGE.place("low"), words) == 5
    assert STORAGE.number(STORAGE.place("high"), words) == 7


def test_place_of_a_mapping_is_the_one_of_the_solidity_documentation() -> None:
    owner = "0x" + "ab" * 20
    expected = keccak256(bytes.fromhex("ab" * 20).rjust(32, b"\0") + word(3))
    assert STORAGE.place("balances", owner) == Place(int.from_bytes(expected, "big"), "t_uint256")
    outer = keccak256(word(9) + word(4))
    inner = int.from_bytes(keccak256(KEY + outer), "big")
    assert STORAGE.place("nested", 9, KEY) == Place(inner, "t_struct")
    assert STORAGE.slots(STORAGE.place("nested", 9, KEY)) == [inner, inner + 1]


def test_place_of_an_item_follows_the_hash_of_its_array() -> None:
    array = keccak256(word(9) + word(5))
    first = int.from_bytes(keccak256(array), "big")
    assert STORAGE.place("lists", 9) == Place(int.from_bytes(array, "big"), "t_array")
    assert STORAGE.place("lists", 9, 0) == Place(first, "t_struct")
    assert STORAGE.place("lists", 9, 3) == Place((first + 6) % 2**256, "t_struct")


def test_decode_reads_every_type_of_member() -> None:
    place = STORAGE.place("nested", 1, KEY)
    low = 1 | (0xFFFE << 8) | (0x4445 << 24) | (0xAB << 40)
    values = STORAGE.decode(place, {place.slot: low, place.slot + 1: 2**255})
    assert values == {
        "alive": True,
        "balance": -2,
        "where": b"DE",
        "owner": "0x" + "ab".rjust(40, "0"),
        "count": 2**255,
    }


@pytest.mark.parametrize(
    ("contract", "variable", "keys", "members"),
    [
        ("Releases", "releases", (KEY,), {"status", "expiresAt", "lineageGeneration", "globalGeneration", "lineage"}),
        ("Brake", "scopes", (KEY,), {"openedAt", "standing", "generation", "pulled"}),
        ("Committee", "_requests", (KEY,), {"identity", "transportHash", "approvals", "partials", "expiresAt"}),
        (
            "Committee",
            "_members",
            (1, 0),
            {"oracle", "index", "transportKeyHash", "commitmentsHash", "verificationKeyHash", "complained"},
        ),
        (
            "Committee",
            "_dealings",
            (1, 0),
            {"commitmentsHash", "dealingHash", "complainants", "answered", "disqualified"},
        ),
    ],
)
def test_layout_of_the_contracts_holds_what_is_proven(
    contract: str, variable: str, keys: tuple[object, ...], members: set[str]
) -> None:
    layout = StorageLayout(load_artifact(contract).storage_layout)  # type: ignore[arg-type]
    place = layout.place(variable, *keys)  # type: ignore[arg-type]
    words = dict.fromkeys(layout.slots(place), 0)
    assert members <= set(layout.decode(place, words))
