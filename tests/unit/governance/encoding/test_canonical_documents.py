"""A document has one canonical form, and what another reader could read otherwise is refused."""

from __future__ import annotations

import pytest

from governance.encoding.documents import compute_document_hash, decode_document, encode_document, verify_document
from governance.encoding.errors import NotCanonical, WrongHash
from governance.types import Hash32


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (1.0, "float has no canonical form"),
        ({"a": [0.5]}, r"\$\.a\[0\]"),
        (2**53, "beyond"),
        (-(2**53), "beyond"),
        ({1: 2}, "is not text"),
        ("e\u0301", "NFC"),
        ({"e\u0301": 1}, "NFC"),
        ("\ud800", "surrogate"),
        ({"a": {1, 2}}, "set has no canonical form"),
        (b"bytes", "bytes has no canonical form"),
    ],
)
def test_encode_document_refuses_what_has_no_single_form(document: object, complaint: str) -> None:
    with pytest.raises(NotCanonical, match=complaint):
        encode_document(document)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b'{"a":1.0}', "not an integer"),
        (b'{"a":1e2}', "not an integer"),
        (b"NaN", "not an integer"),
        (b"-Infinity", "not an integer"),
        (b'{"a":1,"a":1}', "stands twice"),
        (b'{"b":1,"a":2}', "canonical form: it departs from it at byte 2"),
        (b'{"a": 1}', "canonical form"),
        (b'{"a":1}\n', "canonical form"),
        (b'{"a":-0}', "canonical form"),
        (b'"\\u0041"', "canonical form"),
        (b'\xef\xbb\xbf{"a":1}', "not JSON"),
        (b"[" * 100_000, "nested deeper"),  # the standard parser overflows the C stack
        (b"[" * 34 + b"]" * 34, "nested deeper"),
        (b'["]",' * 40 + b"1" + b"]" * 40, "nested deeper"),
        (b'"\\ud800"', "surrogate"),
    ],
)
def test_decode_document_refuses_any_but_the_canonical_form(data: bytes, complaint: str) -> None:
    with pytest.raises(NotCanonical, match=complaint):
        decode_document(data)


def test_document_round_trips_and_sorts_keys_as_utf16() -> None:
    document = {"\U0001f600": 1, "\uff21": 2, "b": [True, None, "x"], "a": {"z": -1, "y": 2**53 - 1}}
    data = encode_document(document)
    # RFC 8785 section 3.2.3: keys in the order of UTF-16 code units, where the emoji's surrogate comes before U+FF21
    assert data.decode() == '{"a":{"y":9007199254740991,"z":-1},"b":[true,null,"x"],"😀":1,"Ａ":2}'
    assert decode_document(data) == document


def test_verify_document_refuses_content_with_another_hash() -> None:
    data = encode_document({"a": 1})
    assert verify_document(data, compute_document_hash(data)) == {"a": 1}
    with pytest.raises(WrongHash, match="was recorded"):
        verify_document(data, Hash32(bytes(32)))


def test_document_is_read_up_to_the_greatest_depth() -> None:
    data = b"[" * 33 + b"]" * 33
    assert encode_document(decode_document(data)) == data
    with pytest.raises(NotCanonical, match="nested deeper"):
        encode_document([decode_document(data)])
