"""From a contract's syntax tree to its mutants: each one small fault that a person could have made.

Comparisons at their boundary, conditions and operands left out, statements deleted, modifiers removed, arithmetic and
bits exchanged, numbers one off, enum members and booleans exchanged, results negated or zero. Always the same ones, in
the order of the source. Events and errors count as code: a wrong event misleads whoever replays the ledger.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Node = Mapping[str, Any]

EXCHANGED = {
    "<": ["<="], "<=": ["<"], ">": [">="], ">=": [">"], "==": ["!="], "!=": ["=="],
    "+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "%": ["*"],
    "&": ["|"], "|": ["&"], "^": ["&"], "<<": [">>"], ">>": ["<<"],
}  # fmt: skip
ASSIGNED = {
    "+=": "-=",
    "-=": "+=",
    "*=": "/=",
    "/=": "*=",
    "|=": "&=",
    "&=": "|=",
    "^=": "|=",
    "<<=": ">>=",
    ">>=": "<<=",
}
LONGEST_NUMBER = 20  # characters: what is longer is a hash or an address
SELECTOR = "0x" + hashlib.sha256(b"the mutant that is switched on").hexdigest()  # in the code: PUSH32 of it
NOTHING = "true"  # an expression that does nothing where a statement stood


@dataclass(frozen=True)
class Mutant:
    """The bytes [start, end) of a source are `after` instead of `before`."""

    source: str
    function: str
    operator: str
    start: int
    end: int
    line: int
    before: str
    after: str
    frame: tuple[int, int] | None = None  # the expression or statement around it, where a switch can stand in its place
    is_statement: bool = False
    nth: int = 0  # of those with the same words in the same function

    @property
    def key(self) -> str:
        """The same for the same fault, wherever in the file its function stands."""
        words = (self.source, self.function, self.operator, self.before, self.after, str(self.nth))
        return hashlib.sha256("\0".join(words).encode()).hexdigest()[:12]

    def apply(self, text: str) -> str:
        data = text.encode()
        return (data[: self.start] + self.after.encode() + data[self.end :]).decode()

    def switch(self, data: bytes, number: int) -> bytes:
        """What stands in the frame's place: the fault where SELECTOR is that number, else the code as it is."""
        assert self.frame is not None
        start, end = self.frame
        original = data[start:end].decode()
        if self.is_statement:
            return f"{{ if ({SELECTOR} != {number}) {{ {original} }} }}".encode()
        faulty = (data[start : self.start] + self.after.encode() + data[self.end : end]).decode()
        return f"(({SELECTOR} == {number}) ? ({faulty}) : ({original}))".encode()

    def diff(self, text: str) -> list[str]:
        """The lines that change, as a person reads them."""
        old, new = text.splitlines(), self.apply(text).splitlines()
        length = self.before.count("\n") + 1
        shrunk = length - (len(old) - len(new))
        at = self.line - 1
        return [f"-{line}" for line in old[at : at + length]] + [f"+{line}" for line in new[at : at + shrunk]]


@dataclass
class Finder:
    """Walks one source's tree."""

    source: str
    data: bytes
    enums: Mapping[int, tuple[list[str], int]]
    found: list[Mutant] = field(default_factory=list)
    _function: str = ""

    def walk(self, node: Node, parent: Node | None = None) -> None:
        kind = node.get("nodeType", "")
        if kind in {
            "InlineAssembly",
            "ImportDirective",
            "StructuredDocumentation",
            "ArrayTypeName",
            "UsingForDirective",
        }:
            return
        before = self._function
        if kind == "ContractDefinition":
            self._function = node["name"]
        elif kind in {"FunctionDefinition", "ModifierDefinition"}:
            self._function = f"{before}.{node['name'] or node.get('kind', '')}"
        handler = getattr(self, f"_on_{kind}", None)
        if handler is not None:
            handler(node, parent)
        for child in children(node):
            self.walk(child, node)
        self._function = before

    # ---- expressions

    def _on_BinaryOperation(self, node: Node, parent: Node | None) -> None:
        left, right = node["leftExpression"], node["rightExpression"]
        if node["operator"] in {"&&", "||"}:
            self._replace("operand", node, self._text(left))
            self._replace("operand", node, self._text(right))
            return
        start, end = self._end(left), self._start(right)
        at = self.data.index(node["operator"].encode(), start, end)
        for other in EXCHANGED.get(node["operator"], []):
            self._add("exchange", at, at + len(node["operator"]), other, self._frame(node))

    def _on_UnaryOperation(self, node: Node, parent: Node | None) -> None:
        operator, text = node["operator"], self._text(node)
        if operator in {"!", "~"}:
            self._replace("unary", node, text[1:])
        elif operator == "++":
            self._replace("unary", node, text.replace("++", "--"))
        elif operator == "--":
            self._replace("unary", node, text.replace("--", "++"))

    def _on_Assignment(self, node: Node, parent: Node | None) -> None:
        other = ASSIGNED.get(node["operator"])
        if other is not None:
            start, end = self._end(node["leftHandSide"]), self._start(node["rightHandSide"])
            at = self.data.index(node["operator"].encode(), start, end)
            self._add("exchange", at, at + len(node["operator"]), other, self._frame(node))

    def _on_Conditional(self, node: Node, parent: Node | None) -> None:
        self._replace("condition", node, f"({self._text(node['trueExpression'])})")
        self._replace("condition", node, f"({self._text(node['falseExpression'])})")

    def _on_Literal(self, node: Node, parent: Node | None) -> None:
        text = self._text(node)
        if node["kind"] == "bool":
            self._replace("constant", node, "false" if text == "true" else "true")
        elif node["kind"] == "number" and len(text) <= LONGEST_NUMBER:
            number, _, unit = text.partition(" ")
            try:
                value = int(number.replace("_", ""), 0)
            except ValueError:
                return  # 1e18
            for other in (value + 1, value - 1):
                if other >= 0:
                    frame = self._frame(node) if self._keeps_its_type(node, parent) else None
                    self._add("constant", *self._frame(node), f"{other} {unit}".strip(), frame)

    def _on_MemberAccess(self, node: Node, parent: Node | None) -> None:
        members, at = self.enums.get(node.get("referencedDeclaration") or -1, ([], 0))
        if members:
            text = self._text(node)
            self._replace("constant", node, text[: text.rindex(".") + 1] + members[(at + 1) % len(members)])

    # ---- statements

    def _on_IfStatement(self, node: Node, parent: Node | None) -> None:
        for value in ("true", "false"):
            self._replace("condition", node["condition"], value)

    def _on_ExpressionStatement(self, node: Node, parent: Node | None) -> None:
        if parent is None or parent["nodeType"] != "ForStatement":  # a loop without its step never ends
            self._delete(node)

    def _on_EmitStatement(self, node: Node, parent: Node | None) -> None:
        self._delete(node)

    def _on_RevertStatement(self, node: Node, parent: Node | None) -> None:
        # Alone under an if, this is the condition that never holds.
        alone = parent is not None and (
            parent["nodeType"] == "IfStatement" or (parent["nodeType"] == "Block" and len(parent["statements"]) == 1)
        )
        if not alone:
            self._delete(node)

    def _on_Continue(self, node: Node, parent: Node | None) -> None:
        self._delete(node)

    def _on_Break(self, node: Node, parent: Node | None) -> None:
        self._delete(node)

    def _on_Return(self, node: Node, parent: Node | None) -> None:
        value = node.get("expression")
        if value is None:
            self._delete(node)
            return
        kind = value["typeDescriptions"]["typeString"]
        if kind == "bool" and value["nodeType"] != "Literal":
            self._replace("result", value, f"!({self._text(value)})")
        elif kind.startswith(("uint", "int")) and not kind.endswith("]") and value["nodeType"] != "Literal":
            self._replace("result", value, "0")

    def _on_ModifierInvocation(self, node: Node, parent: Node | None) -> None:
        if node.get("kind") == "modifierInvocation":
            self._add("deletion", *self._frame(node), "")

    # ---- bytes

    def _keeps_its_type(self, node: Node, parent: Node | None) -> bool:
        """Whether the literal may become a variable: shifted, or beside another one, its type would be too small."""
        if parent is None or parent["nodeType"] not in {"BinaryOperation", "TupleExpression"}:
            return True
        if parent["nodeType"] == "TupleExpression" or parent["operator"] == "**":
            return False
        left, right = parent["leftExpression"], parent["rightExpression"]
        if parent["operator"] in {"<<", ">>"}:
            return node["id"] == right["id"] and not _is_literal(left)
        return not (_is_literal(left) and _is_literal(right))

    def _delete(self, node: Node) -> None:
        start, end = self._frame(node)
        after = self.data[end : end + 1]
        frame = (start, end + 1) if after == b";" else None
        self._add("deletion", start, end, NOTHING, frame, is_statement=True)

    def _frame(self, node: Node) -> tuple[int, int]:
        return self._start(node), self._end(node)

    def _start(self, node: Node) -> int:
        return int(node["src"].split(":")[0])

    def _end(self, node: Node) -> int:
        start, length, _ = node["src"].split(":")
        return int(start) + int(length)

    def _text(self, node: Node) -> str:
        return self.data[self._start(node) : self._end(node)].decode()

    def _replace(self, operator: str, node: Node, after: str) -> None:
        self._add(operator, *self._frame(node), after, self._frame(node))

    def _add(
        self,
        operator: str,
        start: int,
        end: int,
        after: str,
        frame: tuple[int, int] | None = None,
        *,
        is_statement: bool = False,
    ) -> None:
        before = self.data[start:end].decode()
        if before == after:
            return
        line = self.data.count(b"\n", 0, start) + 1
        same = (self._function, operator, before, after)
        nth = sum((other.function, other.operator, other.before, other.after) == same for other in self.found)
        self.found.append(
            Mutant(self.source, self._function, operator, start, end, line, before, after, frame, is_statement, nth)
        )


def _is_literal(node: Node) -> bool:
    return str(node["typeDescriptions"]["typeString"]).startswith("int_const")


def children(node: Node) -> Iterator[Node]:
    """The nodes right below this one, in the order of the source."""
    below = []
    for value in node.values():
        if isinstance(value, Mapping) and "nodeType" in value:
            below.append(value)
        elif isinstance(value, list):
            below += [item for item in value if isinstance(item, Mapping) and "nodeType" in item]
    yield from sorted(below, key=lambda child: int(child["src"].split(":")[0]))


def find_enums(asts: Mapping[str, Node]) -> dict[int, tuple[list[str], int]]:
    """The names of an enum's members, and which of them it is, by the id of the member's declaration."""
    found: dict[int, tuple[list[str], int]] = {}

    def search(node: Node) -> None:
        if node["nodeType"] == "EnumDefinition":
            names = [member["name"] for member in node["members"]]
            found.update({member["id"]: (names, at) for at, member in enumerate(node["members"])})
        for child in children(node):
            search(child)

    for ast in asts.values():
        search(ast)
    return found


def find_mutants(
    source: str, text: str, asts: Mapping[str, Node], enums: Mapping[int, tuple[list[str], int]]
) -> list[Mutant]:
    """Every mutant of one source."""
    finder = Finder(source, text.encode(), enums)
    finder.walk(asts[source])
    return finder.found
