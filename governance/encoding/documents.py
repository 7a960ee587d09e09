"""Documents that are hashed: canonical JSON (RFC 8785), integers only, and nothing that two readers could read apart.

Floats are refused (they round), duplicate keys are refused (readers differ on which one counts), text is NFC (two byte
strings must not look alike), integers stay within 2^53 - 1 (a JavaScript reader would change larger ones).
Source: RFC 8785, RFC 7493 (I-JSON).
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from governance.encoding.errors import NotCanonical, WrongHash
from governance.encoding.keccak import keccak256
from governance.types import Hash32

Json = Mapping[str, "Json"] | Sequence["Json"] | str | int | bool | None

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 32


def encode_document(document: Json) -> bytes:
    """The one canonical form of a document.

    Raises: NotCanonical.
    """
    import rfc8785

    _check(document, "$", 0)
    return rfc8785.dumps(document)


def decode_document(data: bytes) -> Any:
    """The document that `data` is the canonical form of.

    Raises: NotCanonical, if another byte string would say the same.
    """
    _check_depth(data)
    try:
        document = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_distinct_keys,
            parse_float=_refuse_float,
            parse_constant=_refuse_float,
        )
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise NotCanonical(f"the document is not JSON: {error}") from error
    canonical = encode_document(document)
    if canonical != data:
        at = next((i for i, (a, b) in enumerate(zip(canonical, data, strict=False)) if a != b), len(canonical))
        raise NotCanonical(f"the document is not in canonical form: it departs from it at byte {at}")
    return document


def compute_document_hash(data: bytes) -> Hash32:
    """keccak256 of the document's bytes, whatever they say: what the ledger and a release record."""
    return Hash32(keccak256(data))


def verify_document(data: bytes, expected: Hash32) -> Any:
    """The document, which is canonical and the one that was recorded.

    Raises: WrongHash, NotCanonical.
    """
    actual = compute_document_hash(data)
    if actual != expected:
        raise WrongHash(
            f"the document hashes to 0x{actual.hex()}, but 0x{expected.hex()} was recorded",
            details={"actual": "0x" + actual.hex(), "required": "0x" + expected.hex()},
        )
    return decode_document(data)


_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"')


def _check_depth(data: bytes) -> None:
    """Before anything recurses: deep nesting overflows the C stack of the standard parser and ends the process."""
    depth = 0
    for byte in _STRINGS.sub(b"", data):
        depth += (byte in b"[{") - (byte in b"]}")
        if depth > MAX_DEPTH + 1:
            raise NotCanonical(f"the document is nested deeper than {MAX_DEPTH}")


def _check(value: object, path: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise NotCanonical(f"the document is nested deeper than {MAX_DEPTH}")
    match value:
        case None | bool():
            return
        case int():
            if abs(value) > MAX_INTEGER:
                raise NotCanonical(f"{path}: {value} is beyond 2^53 - 1, and some readers would change it")
        case str():
            _check_text(value, path)
        case Mapping():
            for key, item in value.items():
                if not isinstance(key, str):
                    raise NotCanonical(f"{path}: the key {key!r} is not text")
                _check_text(key, path)
                _check(item, f"{path}.{key}", depth + 1)
        case list() | tuple():
            for index, item in enumerate(value):
                _check(item, f"{path}[{index}]", depth + 1)
        case _:
            raise NotCanonical(f"{path}: {type(value).__name__} has no canonical form here")


def _check_text(text: str, path: str) -> None:
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise NotCanonical(f"{path}: the text holds half a surrogate pair")
    if not unicodedata.is_normalized("NFC", text):
        raise NotCanonical(f"{path}: the text {text!r} is not in Unicode form NFC")


def _distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise NotCanonical(f"the key {twice!r} stands twice in one object")
    return result


def _refuse_float(text: str) -> NoReturn:
    raise NotCanonical(f"{text} is not an integer; write ratios in parts per million")
