"""custodes devnet: a chain on this machine, with a charter on it and keys for all its organisations."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from governance.cli.context import App, get_app
from governance.cli.errors import BadArgument
from governance.cli.files import read_text
from governance.types import Address, Seconds, Timestamp

DEFAULT_DIRECTORY = "custodes-devnet"
DEFAULT_GIFT = 10**20  # [wei] 100 ether

Directory = Annotated[
    Path | None, typer.Option("--dir", help=f"Where the devnet lives (else CUSTODES_DEVNET, ./{DEFAULT_DIRECTORY}).")
]


def up(
    ctx: typer.Context,
    dir_: Directory = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on; by default the one it had, or any.")] = None,
    charter: Annotated[
        Path | None, typer.Option(help="A charter without keys, in place of the devnet's own (on the first `up`).")
    ] = None,
    config: Annotated[bool, typer.Option(help="Write custodes.toml here, if there is none.")] = True,
) -> None:
    """A chain runs on this machine, and a charter stands on it. Called again, it goes on where it was."""
    from governance.charter.devnet import Devnet

    app = get_app(ctx)
    devnet = Devnet(_directory(app, dir_))
    text = read_text(charter) if charter is not None else None
    process, deployment = devnet.up(wall=Timestamp(int(time.time())), port=port, charter=text, report=app.output.note)
    written = _write_settings(devnet.directory, process.url) if config else None
    app.output.result(
        "custodes.devnet/1",
        {
            "running": True,
            "url": process.url,
            "pid": process.pid,
            "directory": str(devnet.directory),
            "deployment": str(devnet.deployment_path),
            "keystore": str(devnet.keystore.directory),
            "passwordFile": str(devnet.password_path),
            "config": str(written) if written else None,
            "chainId": deployment.chain_id,
            "charterHash": deployment.charter_hash,
        },
        [
            f"{deployment.name} is in force on {process.url}",
            f"  charter     {devnet.charter_path} (0x{deployment.charter_hash.hex()[:16]}…)",
            f"  deployment  {devnet.deployment_path}",
            f"  keys        {devnet.keystore.directory} (insecure: anybody who reads them can use them)",
        ],
    )
    if written is not None:
        app.output.note(f"wrote {written}: commands in this directory use this devnet")
    app.output.next("custodes seat list")


def down(ctx: typer.Context, dir_: Directory = None) -> None:
    """The chain has ended, and its state is kept for the next `up`."""
    from governance.charter.devnet import Devnet

    app = get_app(ctx)
    devnet = Devnet(_directory(app, dir_))
    was_running = devnet.chain.down()
    app.output.result(
        "custodes.devnet/1",
        {"running": False, "wasRunning": was_running, "directory": str(devnet.directory)},
        ["the devnet is down; its state is kept" if was_running else "the devnet was not running"],
    )
    app.output.next("custodes devnet up")


def status(ctx: typer.Context, dir_: Directory = None) -> None:
    """Whether the devnet runs, where, and what time it has. Exit code 3 if it does not run."""
    from governance.chain.devnet import DevnetDown
    from governance.chain.rpc import as_int
    from governance.charter.devnet import Devnet
    from governance.charter.durations import format_duration
    from governance.ledger.wording import format_time

    app = get_app(ctx)
    devnet = Devnet(_directory(app, dir_))
    process = devnet.chain.find_running()
    if process is None:
        raise DevnetDown(f"no devnet runs in {devnet.directory}")
    with devnet.chain.rpc() as rpc:
        block = rpc.block()
        finalized = rpc.block("finalized")
    now, ahead = as_int(block["timestamp"]), as_int(block["timestamp"]) - int(time.time())
    app.output.result(
        "custodes.devnet/1",
        {
            "running": True,
            "url": process.url,
            "pid": process.pid,
            "directory": str(devnet.directory),
            "block": as_int(block["number"]),
            "finalized": as_int(finalized["number"]),
            "time": now,
            "aheadOfWall": ahead,
        },
        [
            f"the devnet runs on {process.url} (pid {process.pid})",
            f"  block {as_int(block['number'])}, finalized {as_int(finalized['number'])}",
            f"  time  {format_time(now)}" + (f", {format_duration(ahead)} ahead of this machine" if ahead > 60 else ""),
        ],
    )


def warp(
    ctx: typer.Context,
    duration: Annotated[str | None, typer.Argument(help="How far: 90s, 12h, 14d.")] = None,
    until: Annotated[
        str | None, typer.Option(help="Until this proposal can be executed (or its vote has closed).")
    ] = None,
    dir_: Directory = None,
) -> None:
    """The devnet's clock has moved forward, and so has every deadline that is judged by it."""
    from governance.chain.anvil import warp as warp_chain
    from governance.charter.devnet import Devnet
    from governance.charter.durations import format_duration, parse_duration
    from governance.ledger.wording import format_time

    app = get_app(ctx)
    if (duration is None) == (until is None):
        raise BadArgument("say either how far, or until which proposal can be executed")
    devnet = Devnet(_directory(app, dir_))
    with devnet.chain.rpc() as rpc:
        before = rpc.now()
        seconds = parse_duration(duration) if duration is not None else _distance_to(app, str(until), before)
        now = warp_chain(rpc, seconds) if seconds else before
    app.output.result(
        "custodes.warp/1",
        {"before": before, "time": now, "seconds": now - before},
        [f"the devnet's time is {format_time(now)} (moved by {format_duration(now - before)})"],
    )


def fund(
    ctx: typer.Context,
    accounts: Annotated[list[str], typer.Argument(help="Addresses, or names of key files.")],
    dir_: Directory = None,
) -> None:
    """Each account has 100 more ether, from the devnet's faucet."""
    from governance.charter.devnet import FAUCET, Devnet
    from governance.encoding.names import make_address
    from governance.ledger.transactions import transfer

    app = get_app(ctx)
    devnet = Devnet(_directory(app, dir_))
    addresses: list[Address] = [
        make_address(account) if account.startswith("0x") else app.keystore.find(account).address
        for account in accounts
    ]
    faucet = devnet.open_key(FAUCET)
    with devnet.chain.rpc() as rpc:
        for address in addresses:
            transfer(rpc, faucet, address, DEFAULT_GIFT)
    app.output.result(
        "custodes.fund/1",
        {"accounts": list(addresses), "wei": str(DEFAULT_GIFT)},
        [f"{address} has 100 more ether" for address in addresses],
    )


def _distance_to(app: App, proposal: str, now: Timestamp) -> Seconds:
    """How long until the proposal's eta, or until its vote has closed where it is not passing."""
    entry = app.history.find_proposal(proposal)
    quorum = app.ledger.council.get_quorum(entry.id)
    target = quorum.eta if quorum.passing else quorum.closes_at + 1
    return Seconds(max(0, target - now))


def _directory(app: App, named: Path | None) -> Path:
    chosen = named or (Path(app.settings.devnet) if app.settings.devnet is not None else Path(DEFAULT_DIRECTORY))
    return chosen.expanduser().absolute()


def _write_settings(directory: Path, url: str) -> Path | None:
    """custodes.toml in the working directory; one that is there is changed only if it is this devnet's."""
    path = Path.cwd() / "custodes.toml"
    shown = directory.relative_to(Path.cwd()) if directory.is_relative_to(Path.cwd()) else directory
    content = (
        "# Written by custodes devnet up.\n"
        f'devnet = "{shown}"\n'
        f'rpc = "{url}"\n'
        f'deployment = "{shown}/deployment.json"\n'
        f'keystore = "{shown}/keys"\n'
        f'password_file = "{shown}/keys/password"\n'
    )
    if path.exists():
        old = path.read_text()
        if old == content or f'devnet = "{shown}"' not in old:
            return None
    path.write_text(content)
    return path
