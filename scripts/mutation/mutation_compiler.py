"""The compiler, kept warm in one node process, without its optimizer: a mutant's code in tenths of a second.

What the legacy pipeline cannot compile (the Council copies structs from memory to storage) goes through the IR.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from solidity_input import get_profile, get_sources

FRESH_AFTER = 150  # compilations: WebAssembly's memory only grows
JAVASCRIPT = Path(__file__).with_name("warm_solc.js")


class NotCompiled(Exception):
    """The compiler refuses this source: no mutant."""


@dataclass
class Compiler:
    """The contracts' sources, and a process that compiles them with some replaced."""

    contracts: Path
    sources: dict[str, str]
    settings: Mapping[str, Any]
    _process: subprocess.Popen[str] | None = field(default=None, repr=False)
    _compiled: int = 0
    _needs_ir: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, contracts: Path) -> Compiler:
        profile = get_profile(contracts)
        sources = {name: entry["content"] for name, entry in get_sources(contracts, profile).items()}
        settings = {
            "remappings": sorted(profile["remappings"]),
            "optimizer": {"enabled": False},
            "metadata": {"appendCBOR": False, "bytecodeHash": "none"},
            "evmVersion": profile["evm_version"],
        }
        return cls(contracts, sources, settings)

    def get_asts(self) -> dict[str, Any]:
        """The syntax tree of every source."""
        asts: dict[str, Any] = self._ask({"wanted": [], "ast": True})["ast"]
        return asts

    def compile(self, names: Iterable[str], replaced: Mapping[str, str]) -> dict[str, str]:
        """Creation code of these contracts, as hex. Raises: NotCompiled."""
        code: dict[str, str] = {}
        for name in names:
            wanted = [f"src/{name}.sol", name]
            answer = self._ask({"wanted": [[*wanted, name in self._needs_ir]], "replaced": dict(replaced)})
            if answer["errors"] and name not in self._needs_ir and "via-ir" in answer["errors"][0]:
                self._needs_ir.add(name)
                answer = self._ask({"wanted": [[*wanted, True]], "replaced": dict(replaced)})
            if answer["errors"]:
                raise NotCompiled(answer["errors"][0])
            code |= answer["code"]
        return code

    def close(self) -> None:
        """The process has ended."""
        if self._process is not None:
            with self._process:  # closes its pipes, and waits
                pass
            self._process = None

    def _ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if self._process is not None and self._compiled >= FRESH_AFTER:
            self.close()
        if self._process is None:
            modules = self.contracts / "node_modules"
            command = ["node", str(JAVASCRIPT), str(modules.resolve())]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self._compiled = 0
            sources = {name: {"content": text} for name, text in self.sources.items()}
            self._write({"sources": sources, "settings": self.settings})
        self._compiled += 1
        self._write(request)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._process = None
            raise NotCompiled("the compiler's process ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _write(self, request: Mapping[str, Any]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
