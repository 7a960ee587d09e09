"""Every failure that a user may see, read from the source: its class, and a message as the code words it."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import governance
import inference
import oracle
from governance.errors import CustodesError, InvalidInput, Refused, Unavailable, VerificationError

KINDS = (VerificationError, InvalidInput, Unavailable, Refused)
PACKAGES = (governance, oracle, inference)
OWN = frozenset(package.__name__ for package in PACKAGES)
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Raised:
    """A place where an error is made: `module` and `name` as they are bound there, and the message's words."""

    file: str
    line: int
    error: type[CustodesError]
    message: str
    hinted: bool


@cache
def find_errors() -> tuple[type[CustodesError], ...]:
    """Every class below the four kinds, of all modules there are, in the order of their full names."""
    for package in PACKAGES:
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    found: set[type[CustodesError]] = set()
    waiting: list[type[CustodesError]] = [CustodesError]
    while waiting:
        for derived in waiting.pop().__subclasses__():
            if derived.__module__.split(".")[0] in OWN:
                found.add(derived)
                waiting.append(derived)
    return tuple(sorted(found - set(KINDS), key=lambda error: (error.__module__, error.__qualname__)))


@cache
def find_raised() -> tuple[Raised, ...]:
    """Every place in the source where one of these errors is made with a message, in the order of files and lines."""
    known = {*find_errors(), *KINDS}
    found = []
    for path in _sources():
        module = importlib.import_module(_module_name(path))
        tree = _parse(path)
        makers = _makers(tree)
        for call in _calls(tree):
            name = call.func.id if isinstance(call.func, ast.Name) else ""
            name = makers.get(call, name)  # a class method of the error makes it
            error = getattr(module, name, None) or _find_local(known, path, name)
            if isinstance(error, type) and error in known and call.args:
                hinted = any(keyword.arg == "hint" for keyword in call.keywords)
                file = str(path.relative_to(ROOT))
                found.append(Raised(file, call.lineno, error, _word(call.args[0]), hinted))
    return tuple(found)


def find_example(error: type[CustodesError]) -> str | None:
    """The message of the first place that makes this very class, with what it fills in as <name>."""
    worded = [raised.message for raised in find_raised() if raised.error is error]
    return next((message for message in worded if not message.startswith("<")), worded[0] if worded else None)


def find_hints() -> list[tuple[str, str]]:
    """Every hint there is, of classes and of single errors, with where it stands."""
    found = [(f"{error.__module__}.{error.__name__}", error.hint) for error in (*find_errors(), *KINDS)]
    for path in _sources():
        for call in _calls(_parse(path)):
            where = f"{path.relative_to(ROOT)}:{call.lineno}"
            found += [(where, _word(keyword.value)) for keyword in call.keywords if keyword.arg == "hint"]
    return found


@cache
def find_raised_by_tests() -> frozenset[type[CustodesError]]:
    """The classes that a test names: in `pytest.raises`, among its parameters or cases, or as the error that a command
    printed."""
    by_name: dict[str, list[type[CustodesError]]] = {}
    for error in find_errors():
        by_name.setdefault(error.__name__, []).append(error)
    found: set[type[CustodesError]] = set()
    for path in sorted((ROOT / "tests").rglob("*.py")):
        tree = _parse(path)
        imported = _imports(tree)
        for place in _assertions(tree):
            for node in ast.walk(place):
                if isinstance(node, ast.Name) and node.id in imported:
                    found.add(imported[node.id])
                elif isinstance(node, ast.Constant) and len(by_name.get(str(node.value), [])) == 1:
                    found.add(by_name[str(node.value)][0])
    return frozenset(found)


def _assertions(tree: ast.AST) -> Iterator[ast.AST]:
    """Where a test says which error it expects: `pytest.raises(...)`, parameters, tables of cases, comparisons."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="raises"), args=[expected, *_]):
                yield expected
            case ast.Call(func=ast.Attribute(attr="parametrize")):
                yield node
            case ast.Call(func=ast.Name(id=helper)) if helper.startswith("assert_"):
                yield node
            case ast.Assert(test=test):
                yield from (part for part in ast.walk(test) if isinstance(part, ast.Compare))
    if isinstance(tree, ast.Module):
        yield from (node.value for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign) and node.value)


def _imports(tree: ast.AST) -> dict[str, type[CustodesError]]:
    """The errors that a file imports, by the names that it gives them."""
    known = set(find_errors())
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in OWN:
            module = importlib.import_module(node.module)
            for alias in node.names:
                error = getattr(module, alias.name, None)
                if isinstance(error, type) and error in known:
                    found[alias.asname or alias.name] = error
    return found


def _sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted(Path(str(package.__file__)).parent.rglob("*.py"))


def _find_local(known: set[type[CustodesError]], path: Path, name: str) -> type[CustodesError] | None:
    """A class that is imported inside a function: by the import statement of that file."""
    if not any(error.__name__ == name for error in known):
        return None
    for node in ast.walk(_parse(path)):
        if isinstance(node, ast.ImportFrom) and node.module and any(alias.name == name for alias in node.names):
            return getattr(importlib.import_module(node.module), name, None)
    return None


@cache
def _parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def _makers(tree: ast.AST) -> dict[ast.AST, str]:
    """Of every `cls(...)`, the class that it stands in."""
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    return {
        call: outer.name
        for outer in classes
        for call in _calls(outer)
        if isinstance(call.func, ast.Name) and call.func.id == "cls"
    }


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return iter(sorted(nodes, key=lambda node: (node.lineno, node.col_offset)))


def _module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _word(node: ast.expr) -> str:
    """The text of a message; what is only known at run time is named."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_word(part) for part in parts)
        case ast.FormattedValue(value=value):
            return f"<{_name(value)}>"
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _word(left) + _word(right)
        case _:
            return f"<{_name(node)}>"


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.strip("_")
        case ast.Call(func=function, args=arguments):
            inner = next((argument for argument in arguments if not isinstance(argument, ast.Constant)), None)
            return _name(inner if inner is not None else function)
        case ast.Subscript(value=value) | ast.Starred(value=value) | ast.FormattedValue(value=value):
            return _name(value)
        case ast.BinOp(left=left):
            return _name(left)
        case ast.BoolOp(values=[first, *_]) | ast.IfExp(body=first):
            return _name(first)
        case _:
            return "…"
