"""An oracle's directory and its configuration.

    DIR/oracle.toml     what `custodes oracle init` wrote; flags of `run` override it
    DIR/key.json        the account that signs its transactions (Web3 Secret Storage)
    DIR/secrets/        its key shares, encrypted (oracle.store)
    DIR/journal.sqlite  what it saw and did (oracle.journal)
    DIR/status.json     what `custodes oracle status` shows
    DIR/health          "ok", or what is wrong; touched after every look (oracle.health)
    DIR/lock            held by the process that runs it

One password opens the key and the secrets.
"""

from __future__ import annotations

import json
import os
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from oracle.errors import BadConfig, NoStore

SCHEMA = "custodes.oracle/1"
CONFIG = "oracle.toml"
KEY = "key"
SINGLE = (
    "agreement", "deployment", "password_file", "poll", "stall", "patience", "timeout", "max_fee", "metrics_port",
)  # fmt: skip


@dataclass(frozen=True)
class OracleConfig:
    """What an oracle needs to know beside its secrets. Times in seconds."""

    directory: Path
    rpc: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()  # sockets (ws, wss) whose new heads wake it; without any it only polls
    agreement: int | None = None  # RPCs that must name the same final block; None: a majority of them
    deployment: Path | None = None
    password_file: Path | None = None
    poll: float = 0.25  # between two looks at the chain
    stall: float = 60.0  # without a new block the chain counts as stopped; never longer than the charter's stall limit
    patience: int = 12  # of chain time, left to the members whose turn comes first
    timeout: float = 10.0  # of one request to an RPC
    max_fee: float = 1000.0  # [gwei a gas] above which it never bids for a transaction
    metrics_port: int | None = None  # on loopback; 0 is any free one, None no metrics

    @property
    def needed(self) -> int:
        """How many RPCs must agree."""
        return self.agreement if self.agreement is not None else len(self.rpc) // 2 + 1

    def check(self) -> None:
        """Raises: BadConfig, if this cannot work."""
        if not self.rpc:
            raise BadConfig("no RPC is given", hint="name one with --rpc, or in oracle.toml; three make a lie visible")
        if len(set(self.rpc)) != len(self.rpc):
            raise BadConfig("one RPC is given twice: its voice would count twice")
        if not 1 <= self.needed <= len(self.rpc) or 2 * self.needed <= len(self.rpc):
            raise BadConfig(f"{self.needed} of {len(self.rpc)} RPCs cannot be what must agree: more than half of them")
        if wrong := [url for url in self.heads if not url.startswith(("ws://", "wss://"))]:
            raise BadConfig(f"{wrong[0].split('://')[0]}://… gives no heads", hint="such as ws://127.0.0.1:8546")
        if self.deployment is None:
            raise BadConfig("no deployment is given", hint="name it with --deployment, or in oracle.toml")
        if not (0.01 <= self.poll <= 60 and 1 <= self.stall <= 3600 and 0 <= self.patience <= 3600):
            raise BadConfig(f"poll {self.poll:g} s, stall {self.stall:g} s, patience {self.patience} s: out of range")
        if self.max_fee <= 0 or not 0 <= (self.metrics_port or 0) <= 65_535:
            raise BadConfig(f"a fee of {self.max_fee:g} gwei or a port {self.metrics_port} makes no sense")
        if not 0.1 <= self.timeout <= 120:
            raise BadConfig(f"a time-out of {self.timeout:g} s is out of range")

    def override(self, **flags: Any) -> OracleConfig:
        """This configuration with the flags that were given."""
        return replace(self, **{name: value for name, value in flags.items() if value not in (None, ())})


def read_config(directory: Path) -> OracleConfig:
    """The configuration in that directory. Raises: NoStore, BadConfig."""
    path = directory / CONFIG
    try:
        content = tomllib.loads(path.read_text())
    except FileNotFoundError as e:
        raise NoStore(f"{directory} holds no oracle") from e
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise BadConfig(f"{path} cannot be read: {e}") from e
    if content.pop("schema", None) != SCHEMA:
        raise BadConfig(f"{path} is no {SCHEMA}")
    known = {field.name for field in fields(OracleConfig)} - {"directory"}
    if unknown := sorted(set(content) - known):
        raise BadConfig(f"{path} sets {', '.join(unknown)}, which is no setting of an oracle")
    return OracleConfig(directory, **{name: _typed(path, name, value) for name, value in content.items()})


def write_config(config: OracleConfig) -> Path:
    """The configuration lies in its directory."""
    lines = [f'schema = "{SCHEMA}"']
    lists = {"rpc": config.rpc, "heads": config.heads}
    lines += [f"{name} = {json.dumps(list(urls))}" for name, urls in lists.items() if urls]
    for name in SINGLE:
        value = getattr(config, name)
        if isinstance(value, Path):  # what lies inside the directory moves with it
            inside = value.is_relative_to(config.directory)
            value = json.dumps(str(value.relative_to(config.directory) if inside else value))
        if value is not None:
            lines.append(f"{name} = {value}")
    path = config.directory / CONFIG
    write_atomically(path, "\n".join(lines) + "\n")
    return path


def write_atomically(path: Path, text: str) -> None:
    """The file holds the text, whole, or is as it was."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        file.write(text)
    os.replace(file.name, path)


def _typed(path: Path, name: str, value: object) -> Any:
    """The value in the type of its field. Raises: BadConfig."""
    if name in ("rpc", "heads") and isinstance(value, Iterable) and not isinstance(value, str | Mapping):
        return tuple(str(url) for url in value)
    if name in ("deployment", "password_file") and isinstance(value, str):
        return path.parent / Path(value).expanduser()
    if name in ("agreement", "patience", "metrics_port") and type(value) is int:
        return value
    if name in ("poll", "stall", "timeout", "max_fee") and type(value) in (int, float):
        return value
    raise BadConfig(f"{path}: {name} = {value!r} makes no sense")
