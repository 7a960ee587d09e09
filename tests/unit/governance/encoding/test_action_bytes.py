"""Bytes that are not the one encoding of an action are refused; values that fit no type are never cut or padded."""

from __future__ import annotations

import dataclasses

import pytest

from governance.encoding.abi import decode_values, encode_values
from governance.encoding.actions import decode_action, encode_action
from governance.encoding.charter import compute_create_address
from governance.encoding.errors import NotDecodable, NotEncodable
from governance.encoding.releases import compute_transport_hash
from governance.encoding.structs import Array
from governance.types import (
    Action,
    ActionKind,
    AddConstraint,
    Address,
    ChangeSeats,
    ConfirmStop,
    ConstraintId,
    Direction,
    GrantRelease,
    Hash32,
    Mode,
    ModelId,
    ParameterSetting,
    Resume,
    RevokeRelease,
    SetParameter,
    ShortName,
    StopId,
    SuspendSeat,
    Timestamp,
    WorkerGrant,
)

HASH = bytes(range(32))
KEY = ShortName(b"max_output_tokens".ljust(32, b"\0"))
WORKER = Address("0x5FbDB2315678afecb367f032d93F642f64180aa3")
ADD = AddConstraint("no weapons", Timestamp(0), (ParameterSetting(KEY, Direction.MAX, 7),), b"{}")
TIGHTEN = SetParameter(ConstraintId(HASH), Hash32(HASH), KEY, -1)
GRANT = GrantRelease(ModelId(HASH), Mode.PLAIN, Timestamp(9), (WorkerGrant(WORKER, 0, "Alpha"),), b"{}")


@pytest.mark.parametrize(
    "action",
    [
        dataclasses.replace(TIGHTEN, key=ShortName(b"short")),
        dataclasses.replace(TIGHTEN, value=1 << 127),
        dataclasses.replace(TIGHTEN, value=-(1 << 127) - 1),
        dataclasses.replace(TIGHTEN, value=True),
        dataclasses.replace(TIGHTEN, value=1.0),
        dataclasses.replace(ADD, expires_at=Timestamp(1 << 40)),
        dataclasses.replace(ADD, document="{}"),
        dataclasses.replace(ADD, name=b"no weapons"),
        dataclasses.replace(ADD, parameters=(TIGHTEN,)),
        dataclasses.replace(ADD, parameters=(ParameterSetting(KEY, 3, 7),)),  # type: ignore[arg-type]
        dataclasses.replace(GRANT, workers=(WorkerGrant(Address(WORKER.lower()[:-1]), 0, ""),)),
        ConfirmStop(StopId(-1)),
    ],
)
def test_action_is_refused_when_a_value_does_not_fit(action: Action) -> None:
    with pytest.raises(NotEncodable):
        encode_action(action)


def test_encode_action_refuses_what_is_no_action() -> None:
    with pytest.raises(NotEncodable, match="ParameterSetting is no action"):
        encode_action(ParameterSetting(KEY, Direction.MAX, 7))  # type: ignore[arg-type]


def test_decode_action_refuses_the_kind_none() -> None:
    with pytest.raises(NotDecodable, match="no kind of action"):
        decode_action(ActionKind.NONE, b"")


@pytest.mark.parametrize("keep", [0, 31, 32, 64, 95])
def test_decode_action_refuses_bytes_that_were_cut(keep: int) -> None:
    with pytest.raises(NotDecodable):
        decode_action(ActionKind.TIGHTEN_PARAMETER, encode_action(TIGHTEN)[:keep])


def test_decode_action_refuses_trailing_bytes_which_solidity_accepts() -> None:
    data = encode_action(ConfirmStop(StopId(5))) + bytes(32)
    with pytest.raises(NotDecodable, match="only encoding"):
        decode_action(ActionKind.CONFIRM_STOP, data)
    assert decode_action(ActionKind.CONFIRM_STOP, data, strict=False) == ConfirmStop(StopId(5))


def test_decode_action_refuses_another_offset_which_solidity_accepts() -> None:
    data = encode_action(Resume((StopId(1),)))
    moved = data[:32] + (64).to_bytes(32, "big") + bytes(32) + data[64:]  # the array lies one word further on
    with pytest.raises(NotDecodable, match="only encoding"):
        decode_action(ActionKind.RESUME, moved)
    assert decode_action(ActionKind.RESUME, moved, strict=False) == Resume((StopId(1),))


def test_decode_action_refuses_dirty_padding() -> None:
    data = bytearray(encode_action(RevokeRelease(HASH, "x")))  # type: ignore[arg-type]
    data[-1] = 1
    with pytest.raises(NotDecodable):
        decode_action(ActionKind.REVOKE_RELEASE, bytes(data))


@pytest.mark.parametrize("direction", [3, 255])
def test_decode_action_refuses_a_number_outside_the_enum(direction: int) -> None:
    data = encode_action(ADD).replace(KEY + bytes(31) + b"\x01", KEY + bytes(31) + bytes([direction]))
    for strict in (True, False):
        with pytest.raises(NotDecodable):
            decode_action(ActionKind.ADD_CONSTRAINT, data, strict=strict)


@pytest.mark.parametrize("position", [0, 11])
def test_decode_action_refuses_a_dirty_address(position: int) -> None:
    data = bytearray(encode_action(GRANT))
    at = bytes(data).index(bytes.fromhex(WORKER[2:])) - 12
    data[at + position] = 1
    for strict in (True, False):
        with pytest.raises(NotDecodable):
            decode_action(ActionKind.GRANT_RELEASE, bytes(data), strict=strict)


def test_broken_utf8_in_a_name_survives_both_ways() -> None:
    # Solidity never checks UTF-8: a proposal with such a name must be readable, or it would break every reader
    data = encode_values(("bytes32", "bytes"), (HASH, b"\xff\xfeok"))
    data = (32).to_bytes(32, "big") + data
    action = decode_action(ActionKind.REVOKE_RELEASE, data)
    assert isinstance(action, RevokeRelease)
    assert action.reason.endswith("ok")
    assert encode_action(action) == data


def test_huge_length_is_refused_without_memory() -> None:
    data = (32).to_bytes(32, "big") + (32).to_bytes(32, "big") + (1 << 255).to_bytes(32, "big")
    for strict in (True, False):
        with pytest.raises(NotDecodable):
            decode_action(ActionKind.RESUME, data, strict=strict)


def test_empty_lists_round_trip() -> None:
    assert decode_action(ActionKind.CHANGE_SEATS, encode_action(ChangeSeats((), ()))) == ChangeSeats((), ())


@pytest.mark.parametrize(
    ("schema", "value"),
    [("uint8", 256), ("bool", 1), ("uint7x", 1), ("string", b""), (Array("uint8", 2), [1])],
)
def test_leaf_is_refused_when_it_is_of_another_kind(schema: object, value: object) -> None:
    with pytest.raises(NotEncodable):
        encode_values((schema,), (value,))


def test_values_round_trip_through_their_types() -> None:
    schemas = ("bool", "string", Array(Mode), SuspendSeat)
    values = (True, "Übel", (Mode.EVAL, Mode.MPC), SuspendSeat(3, Hash32(HASH)))  # type: ignore[arg-type]
    assert decode_values(schemas, encode_values(schemas, values)) == values


def test_transport_hash_is_refused_for_other_lengths() -> None:
    with pytest.raises(NotEncodable, match="a transport key has 128"):
        compute_transport_hash(bytes(127))


def test_created_address_is_refused_for_a_negative_nonce() -> None:
    with pytest.raises(NotEncodable, match="not negative"):
        compute_create_address(WORKER, -1)
