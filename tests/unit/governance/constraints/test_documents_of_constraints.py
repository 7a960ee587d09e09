"""Constraints and scopes as documents: what is no document of the kind is named and refused."""

from __future__ import annotations

import pytest

from governance.constraints.document import EVERY, ConstraintDocument, ConstraintScope, read_constraint, validate
from governance.constraints.errors import MalformedDocument
from governance.constraints.scope import Budget, ReleaseScope, read_scope
from governance.encoding.documents import encode_document
from governance.encoding.errors import NotCanonical
from governance.types.enums import Mode

CONSTRAINT = {"schema": "custodes.constraint/1", "name": "no-bioweapons", "title": "No bioweapons", "text": "Refuse."}
SCOPE = {
    "schema": "custodes.scope/1",
    "capabilities": ["chat"],
    "maxTokens": 64,
    "budget": {"requests": 10, "outputTokens": 100},
}


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"schema": "custodes.scope/1"}, "schema: "),
        ({"name": "No Bioweapons"}, "name: "),
        ({"name": ""}, "name: "),
        ({"title": ""}, "title: "),
        ({"text": 7}, "text: "),
        ({"permits": ["chat"]}, "permits: "),  # nothing widens
        ({"scope": {"capabilities": []}}, "scope.capabilities: "),
        ({"rules": "true"}, "rules: "),
    ],
)
def test_constraint_is_refused_when_a_member_is_not_what_it_must_be(change: dict[str, object], where: str) -> None:
    with pytest.raises(MalformedDocument) as caught:
        read_constraint(encode_document({**CONSTRAINT, **change}))
    assert caught.value.message.startswith(where)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"capabilities": []}, "capabilities: "),
        ({"maxTokens": 0}, "maxTokens: "),
        ({"maxTokens": "64"}, "maxTokens: "),
        ({"budget": {"requests": 10}}, "budget.outputTokens: "),
        ({"budget": {"requests": True, "outputTokens": 1}}, "budget.requests: "),
        ({"mode": "free"}, "mode: "),
    ],
)
def test_scope_is_refused_when_a_member_is_not_what_it_must_be(change: dict[str, object], where: str) -> None:
    with pytest.raises(MalformedDocument) as caught:
        read_scope(encode_document({**SCOPE, **change}))
    assert caught.value.message.startswith(where)


def test_document_is_refused_when_it_is_no_object() -> None:
    for value in ([], "text", 7, None):
        with pytest.raises(MalformedDocument, match=r"^the document: "):
            validate(ConstraintDocument, value)


def test_document_is_refused_when_its_bytes_are_not_canonical() -> None:
    data = read_constraint(encode_document(CONSTRAINT)).to_bytes()
    assert read_constraint(data).to_bytes() == data
    with pytest.raises(NotCanonical):
        read_constraint(data.replace(b":", b": ", 1))


def test_scope_reads_back_what_was_written() -> None:
    scope = ReleaseScope(capabilities=("chat",), max_tokens=64, budget=Budget(requests=10, output_tokens=100))
    assert read_scope(scope.to_bytes()) == scope
    assert [scope.model_copy(update={"mode": mode}).to_mode() for mode in ("plain", "eval", "mpc")] == [
        Mode.PLAIN,
        Mode.EVAL,
        Mode.MPC,
    ]


def test_constraint_covers_every_capability_unless_it_names_some() -> None:
    assert ConstraintScope().covers("agent")
    assert ConstraintScope(capabilities=("chat", EVERY)).covers("agent")
    assert not ConstraintScope(capabilities=("chat",)).covers("agent")
