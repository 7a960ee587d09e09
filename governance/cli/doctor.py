"""custodes doctor: what a member's machine needs to take part, each failure with its fix."""

from __future__ import annotations

import importlib.util
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass

import typer

from governance.cli.context import App, get_app
from governance.errors import CustodesError, Unavailable

WALL_TOLERANCE = 120  # [seconds] between the chain's clock and this machine's
EXTRAS = {"worker": ("torch", "transformers", "safetensors"), "explorer": ("starlette", "jinja2")}


class Unhealthy(Unavailable):
    """At least one check failed."""

    hint = "each failed check above names its own fix"


@dataclass(frozen=True)
class Check:
    """One finding: fine, or what is wrong and what to do."""

    name: str
    is_ok: bool
    found: str
    fix: str = ""


def doctor(ctx: typer.Context) -> None:
    """Node, chain, clock, deployment, key, committee, extras: whether each is well. Exit code 3 if one is not."""
    app = get_app(ctx)
    checks: list[Check] = []
    for name, examine in _EXAMINATIONS:
        try:
            checks.append(examine(app))
        except CustodesError as error:
            checks.append(Check(name, False, error.message, error.advice))
            if name in _STOPPERS:
                break
    failed = [check for check in checks if not check.is_ok]
    lines = []
    for check in checks:
        lines.append(f"{'ok  ' if check.is_ok else 'FAIL'}  {check.name.ljust(10)}  {check.found}")
        if not check.is_ok:
            lines.append(f"{' ' * 18}fix: {check.fix}")
    if failed and not app.output.json:
        for line in lines:
            app.output.note(line)
    if failed:
        found = [check.__dict__ for check in checks]
        raise Unhealthy(f"{len(failed)} of {len(checks)} checks failed", details={"checks": found})
    app.output.result("custodes.doctor/1", {"checks": [check.__dict__ for check in checks]}, lines)


def _node(app: App) -> Check:
    version = str(app.rpc.call("web3_clientVersion"))
    return Check("node", True, f"{app.rpc.name} answers ({version})")


def _chain(app: App) -> Check:
    actual, wanted = app.rpc.chain_id(), app.deployment.chain_id
    if actual != wanted:
        return Check("chain", False, f"chain {actual}, not {wanted}", "correct --rpc or --deployment")
    return Check("chain", True, f"chain {actual}")


def _precompiles(app: App) -> Check:
    """BLS12-381 (EIP-2537): without it no partial can be checked. The sum of two points at infinity is one."""
    answer = app.rpc.call("eth_call", {"to": f"0x{0x0B:040x}", "data": "0x" + "00" * 256}, "latest")
    if answer != "0x" + "00" * 128:
        return Check("prague", False, "the chain has no BLS12-381 precompiles", "it needs the Prague hard fork")
    return Check("prague", True, "BLS12-381 precompiles answer")


def _clock(app: App) -> Check:
    distance = app.ledger.now() - int(time.time())
    if abs(distance) <= WALL_TOLERANCE:
        return Check("clock", True, f"the chain is {distance} s from this machine's clock")
    if str(app.rpc.call("web3_clientVersion")).startswith("anvil/"):
        return Check("clock", True, f"a devnet, {distance} s from this machine's clock (warped, or it stood still)")
    return Check(
        "clock", False, f"the chain is {distance} s from this machine's clock", "set the clock, or use another node"
    )


def _deployment(app: App) -> Check:
    app.ledger.verify()
    app.deployment.verify_sources(app.rpc)
    follows = "" if app.deployment.predecessor is None else f", follows {app.deployment.predecessor.name}"
    return Check("deployment", True, f"{app.deployment.name}, as deployed and as compiled{follows}")


def _key(app: App) -> Check:
    from governance.cli.errors import SettingMissing
    from governance.types import Standing

    try:
        file = app.key_file
    except SettingMissing as e:
        return Check("key", True, f"none is named ({e.message})")
    seat, standing = app.ledger.seats.get_seat_of(file.address)
    balance = int(str(app.rpc.call("eth_getBalance", file.address, "latest")), 16)
    if balance == 0:
        return Check("key", False, f"{file.name} holds no ether", "custodes devnet fund, or send it some")
    who = app.history.names.of_seat(seat) if standing is Standing.LIVE else "no live seat"
    return Check("key", True, f"{file.name} votes for {who}, holds {balance / 10**18:.3f} ether")


def _committee(app: App) -> Check:
    epoch = app.ledger.committee.get_current_epoch()
    if not epoch:
        return Check("committee", True, "none is in force: no model can be unlocked yet")
    record = app.ledger.committee.get_epoch(epoch)
    return Check("committee", True, f"epoch {epoch}: {record.threshold} of {record.size} unlock together")


def _extras(app: App) -> Check:
    present = [name for name, needs in EXTRAS.items() if all(importlib.util.find_spec(need) for need in needs)]
    tools = "anvil is here" if shutil.which("anvil") or _has_anvil() else "no anvil (only custodes devnet needs it)"
    return Check("extras", True, f"{', '.join(present) or 'none'}; {tools}")


def _has_anvil() -> bool:
    from governance.chain.tools import ToolMissing, find_tool

    try:
        find_tool("anvil")
    except ToolMissing:
        return False
    return True


_EXAMINATIONS: tuple[tuple[str, Callable[[App], Check]], ...] = (
    ("node", _node),
    ("chain", _chain),
    ("prague", _precompiles),
    ("clock", _clock),
    ("deployment", _deployment),
    ("key", _key),
    ("committee", _committee),
    ("extras", _extras),
)
_STOPPERS = frozenset({"node", "chain"})  # without these nothing else can be asked
