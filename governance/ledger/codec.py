"""Calls, answers, events and errors of the six contracts, to bytes and back.

What is signed is encoded by web3's contract machinery; what is read needs eth_abi alone, and a second of start-up less.
No provider hangs on either: what travels, travels through `governance.chain.rpc`. Text that is not UTF-8 is read with
surrogate escapes instead of failing, because a voter chooses the bytes of a reason, and must not blind its readers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from governance.encoding.abi import abi_type, from_plain
from governance.encoding.keccak import abi_encode, keccak256
from governance.encoding.structs import SCHEMAS, Array
from governance.errors import VerificationError
from governance.ledger.artifacts import ContractName, load_artifact
from governance.ledger.event_layout import EventLayout, Odd
from governance.types import Address
from governance.types.events import EVENTS, Event

if TYPE_CHECKING:
    from eth_abi.codec import ABICodec
    from web3 import Web3
    from web3.contract import Contract


class UndecodableAnswer(VerificationError):
    """A node answered bytes that are no answer of that function, or a log that is no event of that contract."""

    hint = "the installed custodes does not fit the contracts, or the RPC lies: custodes doctor compares the code"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of one function, not made yet. Reads are called, writes are sent."""

    contract: ContractName
    function: str
    arguments: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return f"{self.contract}.{self.function}"


def encode_call(call: Call) -> bytes:
    """The bytes of the call, by eth_abi alone: whoever only reads does not wait for web3 to be imported.

    Raises: NotEncodable.
    """
    entry = _functions(call.contract)[call.function]
    types = [_canonical(parameter) for parameter in entry["inputs"]]
    return selector(entry) + abi_encode(types, [_plain(value) for value in call.arguments])


def encode_transaction(call: Call) -> bytes:
    """The bytes of the call, by web3, which checks every argument against the ABI: what a transaction carries."""
    data = _contract(call.contract).encode_abi(call.function, args=[_plain(value) for value in call.arguments])
    return bytes.fromhex(data[2:])


def encode_creation(name: ContractName, *arguments: Any) -> bytes:
    """The creation code of the contract with its constructor's arguments."""
    artifact = load_artifact(name)
    creator = _web3().eth.contract(abi=artifact.abi, bytecode=artifact.creation_code)
    data = creator.constructor(*(_plain(value) for value in arguments)).data_in_transaction
    return bytes.fromhex(str(data).removeprefix("0x"))


def decode_answer(schemas: Sequence[Any], data: bytes) -> Any:
    """What a function returned: one value by its schema (a leaf, an enum, a struct, an Array), or a tuple of several.

    Raises: UndecodableAnswer.
    """
    try:
        plain = _codec().decode([abi_type(schema) for schema in schemas], data)
        values = tuple(from_plain(schema, value) for schema, value in zip(schemas, plain, strict=True))
    except Exception as e:
        raise UndecodableAnswer(f"{len(data)} bytes are not {', '.join(map(abi_type, schemas))}") from e
    return values[0] if len(schemas) == 1 else values


def decode_event(contract: ContractName, log: Mapping[str, Any]) -> Event:
    """The typed event of a log that this contract emitted, as JSON-RPC gives it.

    Raises: UndecodableAnswer.
    """
    topics, data = log["topics"], log["data"]
    layout = _layouts(contract).get(topics[0]) if topics else None
    if layout is not None and isinstance(data, str):
        event = layout.read_hex(topics, data)
        if event is not None:
            return event
    return _decode_slowly(contract, [_bytes(topic) for topic in topics], _bytes(data))


def decode_words(contract: ContractName, topics: Sequence[bytes], data: bytes) -> Event:
    """The typed event of a log that this contract emitted, from its bytes.

    Raises: UndecodableAnswer.
    """
    layout = _layouts(contract).get(topics[0]) if topics else None
    event = None if layout is None else layout.read_words(topics, data)
    return _decode_slowly(contract, topics, data) if event is None else event


def _decode_slowly(contract: ContractName, topics: Sequence[bytes], data: bytes) -> Event:
    """Every value by itself, however the log is written. Raises: UndecodableAnswer."""
    entry = _events_by_topic(contract).get(topics[0]) if topics else None
    if entry is None:
        raise UndecodableAnswer(f"{contract} has no event with that topic")
    inputs = entry["inputs"]
    try:
        indexed = [parameter for parameter in inputs if parameter["indexed"]]
        plain = [_canonical(parameter) for parameter in inputs if not parameter["indexed"]]
        from_topics = [
            _codec().decode([_canonical(parameter)], topic)[0]
            for parameter, topic in zip(indexed, topics[1:], strict=True)
        ]
        from_data = list(_codec().decode(plain, data))
        event = EVENTS[contract][entry["name"]]
        values = ((from_topics if parameter["indexed"] else from_data).pop(0) for parameter in inputs)
        return event(*(_typed(event, at, value) for at, value in enumerate(values)))
    except Exception as e:
        raise UndecodableAnswer(f"a log of {contract} is no {entry['name']}: {e}") from e


def event_topic(contract: ContractName, name: str) -> bytes:
    """topic 0 of that event."""
    return next(topic for topic, entry in _events_by_topic(contract).items() if entry["name"] == name)


def decode_arguments(abi: Mapping[str, Any], data: bytes) -> dict[str, Any]:
    """The named arguments of a custom error, from the bytes after its selector.

    Raises: UndecodableAnswer.
    """
    inputs = abi["inputs"]
    types = [_canonical(parameter) for parameter in inputs]
    try:
        values = _codec().decode(types, data)
    except Exception as e:
        raise UndecodableAnswer(f"{len(data)} bytes are no {abi['name']}") from e
    return {parameter["name"]: value for parameter, value in zip(inputs, values, strict=True)}


def selector(abi: Mapping[str, Any]) -> bytes:
    """The first four bytes of the call or error with that ABI entry."""
    return keccak256(signature(abi).encode())[:4]


def signature(abi: Mapping[str, Any]) -> str:
    """`name(type,...)`, as the ABI writes it."""
    return f"{abi['name']}({','.join(_canonical(parameter) for parameter in abi['inputs'])})"


@cache
def _codec() -> ABICodec:
    """Reads what a contract wrote. eth_abi alone: a process that only reads need not carry web3."""
    from eth_abi.registry import registry

    return _lenient(registry)


@cache
def _web3() -> Web3:
    from web3 import Web3
    from web3.providers.base import BaseProvider

    web3 = Web3(BaseProvider(), middleware=[])
    web3.codec = _lenient(web3.codec._registry)
    return web3


def _lenient(registry: Any) -> ABICodec:
    """A codec that reads text as the contracts do: any bytes."""
    from eth_abi.codec import ABICodec
    from eth_abi.decoding import StringDecoder

    class LenientString(StringDecoder):
        def __init__(self) -> None:
            super().__init__(handle_string_errors="surrogateescape")  # type: ignore[no-untyped-call]

        @classmethod
        def from_type_str(cls, abi_type: Any, registry: Any) -> LenientString:
            return cls()

    own = registry.copy()
    own.unregister_decoder("string")
    own.register_decoder("string", LenientString, label="string")
    return ABICodec(own)


@cache
def _contract(name: ContractName) -> type[Contract]:
    return _web3().eth.contract(abi=load_artifact(name).abi)


@cache
def _functions(name: ContractName) -> dict[str, dict[str, Any]]:
    return {entry["name"]: entry for entry in load_artifact(name).abi if entry["type"] == "function"}


@cache
def _events_by_topic(name: ContractName) -> dict[bytes, dict[str, Any]]:
    return {
        keccak256(signature(entry).encode()): entry for entry in load_artifact(name).abi if entry["type"] == "event"
    }


@cache
def _layouts(name: ContractName) -> dict[str | bytes, EventLayout]:
    """The layout of every event that has one, by its first topic as bytes and as JSON-RPC writes it."""
    layouts: dict[str | bytes, EventLayout] = {}
    for topic, entry in _events_by_topic(name).items():
        event = EVENTS[name][entry["name"]]
        kinds = [
            (_canonical(parameter), bool(parameter["indexed"]), schema)
            for parameter, schema in zip(entry["inputs"], _field_schemas(cast(type, event)), strict=True)
        ]
        try:
            layouts[topic] = layouts["0x" + topic.hex()] = EventLayout(event, kinds)
        except Odd:
            continue
    return layouts


def _canonical(parameter: Mapping[str, Any]) -> str:
    kind = str(parameter["type"])
    if kind.startswith("tuple"):
        return f"({','.join(_canonical(member) for member in parameter['components'])}){kind[5:]}"
    return kind


def _plain(value: Any) -> Any:
    """Structs as the tuples that web3 takes; everything else as it is."""
    if type(value) in SCHEMAS:
        return tuple(_plain(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, IntEnum):
        return int(value)
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


_LEAVES: dict[Any, str] = {bytes: "bytes", str: "string"}


@cache
def _field_schemas(event: type) -> tuple[Any, ...]:
    """How each field of an event is read: its own enum or struct where it has one, else as it comes."""
    import typing

    schemas: list[Any] = []
    for kind in typing.get_type_hints(event).values():
        base = getattr(kind, "__supertype__", kind)
        if kind is Address:
            schemas.append("address")
        elif (isinstance(kind, type) and issubclass(kind, IntEnum)) or kind in SCHEMAS:
            schemas.append(kind)
        elif typing.get_origin(kind) is tuple:
            item = typing.get_args(kind)[0]
            schemas.append(
                Array("address" if item is Address else item if item in SCHEMAS else _LEAVES.get(item, "uint256"))
            )
        else:
            schemas.append(_LEAVES.get(base, "uint256"))
    return tuple(schemas)


def _typed(event: type, at: int, value: Any) -> Any:
    return from_plain(_field_schemas(event)[at], value)


def _bytes(value: Any) -> bytes:
    return bytes(value) if isinstance(value, bytes) else bytes.fromhex(str(value).removeprefix("0x"))
