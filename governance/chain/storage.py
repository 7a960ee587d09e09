"""Where a contract keeps a value, from the compiler's own storage layout, and what the words there mean.

A verifier that asks an RPC "is this release alive?" believes the RPC. One that computes the slot, asks for a proof of
it, and decodes the proven word believes only the state root. The layout comes from the committed artifact, whose code
hash is proven beside it.

Source: Solidity documentation, "Layout of State Variables in Storage".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from governance.encoding.keccak import keccak256
from governance.errors import VerificationError

Value = int | bool | bytes | str


class UnknownSlot(VerificationError):
    """The layout has no variable, member or key of that form: the artifact is not the one this code was written for."""

    hint: ClassVar[str] = (
        "the installed custodes does not fit the contracts: compare the code hashes in deployment.json"
    )


@dataclass(frozen=True)
class Place:
    """A value in storage: its first slot, its type in the layout, and where in the slot it begins."""

    slot: int
    type: str
    offset: int = 0  # [bytes] from the low end; values of less than a word share one


class StorageLayout:
    """Slots and words of one contract. Pure: it is given the words, and fetches nothing."""

    def __init__(self, layout: Mapping[str, Any]) -> None:
        self._types: Mapping[str, Any] = layout["types"] or {}
        self._variables = {entry["label"]: entry for entry in layout["storage"]}

    def place(self, variable: str, *keys: bytes | int | str) -> Place:
        """Where `variable[key]...` stands. Keys: bytes32 as bytes, addresses as 0x-strings, integers.

        The place of a dynamic array is that of its length; an item of one is an integer key more. Whether it is in
        range only the proven length says. Raises: UnknownSlot.
        """
        entry = self._variables.get(variable)
        if entry is None:
            raise UnknownSlot(f"no variable {variable!r} in the storage layout")
        place = Place(int(entry["slot"]), entry["type"], int(entry["offset"]))
        for key in keys:
            kind = self._types[place.type]
            if kind["encoding"] == "mapping":
                slot = keccak256(_word(key) + place.slot.to_bytes(32, "big"))
                place = Place(int.from_bytes(slot, "big"), kind["value"])
            elif kind["encoding"] == "dynamic_array" and isinstance(key, int):
                place = self._item(place, kind["base"], key)
            else:
                raise UnknownSlot(f"{variable!r} does not take {len(keys)} keys")
        return place

    def _item(self, array: Place, base: str, index: int) -> Place:
        size = int(self._types[base]["numberOfBytes"])
        if size < 32:
            raise UnknownSlot(f"items of {base} share a slot, and are not read")  # none of ours does
        first = int.from_bytes(keccak256(array.slot.to_bytes(32, "big")), "big")
        return Place((first + index * ((size + 31) // 32)) % 2**256, base)

    def slots(self, place: Place) -> list[int]:
        """Every slot of the value: one for each 32 bytes of a struct, else one."""
        count = (int(self._types[place.type]["numberOfBytes"]) + 31) // 32
        return [place.slot + i for i in range(count)]

    def number(self, place: Place, words: Mapping[int, int]) -> int:
        """The integer at `place`, from proven words. Raises: UnknownSlot."""
        value = self._value(place, words, place.type)
        if isinstance(value, bool) or not isinstance(value, int):
            raise UnknownSlot(f"{place.type} is no number")
        return value

    def decode(self, place: Place, words: Mapping[int, int]) -> dict[str, Value]:
        """The members of the struct at `place`, from proven words.

        Raises: UnknownSlot, if a word that a member needs is absent or the place holds no struct.
        """
        members = self._types[place.type].get("members")
        if not members:
            raise UnknownSlot(f"{place.type} is not a struct")
        values: dict[str, Value] = {}
        for member in members:
            at = Place(place.slot + int(member["slot"]), member["type"], int(member["offset"]))
            values[member["label"]] = self._value(at, words, member["label"])
        return values

    def _value(self, place: Place, words: Mapping[int, int], what: str) -> Value:
        if place.slot not in words:
            raise UnknownSlot(f"the word of {what!r} was not proven")
        size = int(self._types[place.type]["numberOfBytes"])
        raw = (words[place.slot] >> (8 * place.offset)) & ((1 << (8 * size)) - 1)
        return _typed(place.type, size, raw)


def _typed(name: str, size: int, raw: int) -> Value:
    if name == "t_bool":
        return raw != 0
    if name == "t_address" or name.startswith("t_contract"):
        return f"0x{raw:040x}"
    if name.startswith("t_bytes"):
        return raw.to_bytes(size, "big")
    if name.startswith("t_int") and raw >> (8 * size - 1):
        return raw - (1 << (8 * size))
    return raw


def _word(key: bytes | int | str) -> bytes:
    if isinstance(key, bytes):
        if len(key) != 32:
            raise UnknownSlot(f"a bytes32 key has {len(key)} bytes")
        return key
    if isinstance(key, str):
        return bytes.fromhex(key.removeprefix("0x")).rjust(32, b"\0")
    return key.to_bytes(32, "big")
