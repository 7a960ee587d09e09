"""custodes oracle: make one, run it, see how it does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.context import App, get_app
from governance.cli.errors import BadArgument

if TYPE_CHECKING:
    from oracle.config import OracleConfig

DOWN, REFUSED = 3, 4
DEVNET_PATIENCE = 4  # [seconds] with blocks of one second; the default is meant for twelve

Directory = Annotated[Path, typer.Option("--dir", metavar="DIR", help="The oracle's own directory.")]


def init(
    ctx: typer.Context,
    dir_: Directory,
    insecure_devnet: Annotated[
        bool, typer.Option("--insecure-devnet", help="Quick to open, and insecure; without a password file, make one.")
    ] = False,
) -> None:
    """An oracle lies in the directory: its account, its encrypted store and its configuration.

    --rpc (several, separated by commas), --deployment and --password-file are written into its oracle.toml. The
    address that is printed is what `custodes committee form` names.
    """
    from oracle.config import OracleConfig
    from oracle.creation import create_oracle, require_free

    app = get_app(ctx)
    directory = dir_.expanduser().absolute()
    require_free(directory)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    password_file = _password_file(app, directory, insecure_devnet)
    config = OracleConfig(
        directory,
        rpc=_urls(app.settings.rpc),
        deployment=_path(app.settings.deployment),
        password_file=password_file,
        patience=DEVNET_PATIENCE if insecure_devnet else OracleConfig.patience,
    )
    password = _read_password(password_file) if password_file is not None else _ask_twice(app)
    key, path = create_oracle(config, password, insecure_devnet=insecure_devnet)
    app.output.result(
        "custodes.oracle/1",
        {"address": key.address, "directory": str(directory), "config": str(path), "insecure": insecure_devnet},
        [key.address],
    )
    app.output.note(f"wrote {path}; the account {key.address} pays for its transactions: it needs ether for gas")
    if insecure_devnet:
        app.output.note("insecure: for a devnet alone")
    app.output.next(f"custodes oracle run --dir {dir_}")


def run(
    ctx: typer.Context,
    dir_: Directory,
    agreement: Annotated[
        int | None, typer.Option(help="How many RPCs must name the same final block. By default more than half.")
    ] = None,
    poll: Annotated[float | None, typer.Option(help="Seconds between two looks at the chain.")] = None,
    heads: Annotated[
        str | None,
        typer.Option(metavar="URL,...", help="Sockets (ws, wss) whose new heads wake it before the next look."),
    ] = None,
    metrics_port: Annotated[
        int | None, typer.Option(help="Serve Prometheus metrics on this port of 127.0.0.1; 0 is any free one.")
    ] = None,
    reset_latch: Annotated[
        bool, typer.Option("--reset-latch", help="Open the latch, and read the chain again from the beginning.")
    ] = False,
) -> None:
    """The oracle runs until SIGTERM or Ctrl-C. It listens on no port (metrics apart): everything goes over the chain.

    Several RPCs are given as one list: --rpc URL,URL,URL. Lines go to standard error: JSON, or words on a terminal.
    """
    from oracle.service import serve

    app = get_app(ctx)
    config = _configuration(ctx, app, dir_).override(
        agreement=agreement, poll=poll, heads=_urls(heads), metrics_port=metrics_port
    )
    config.check()
    password = (
        _read_password(config.password_file)
        if config.password_file is not None
        else app.get_password(f"password of the oracle in {dir_}: ")
    )
    serve(config, password, reset_latch=reset_latch)


def status(ctx: typer.Context, dir_: Directory) -> None:
    """What the oracle sees and has done. Exit code 3 if it does not run or is silent, 4 if its latch is set."""
    from oracle.config import read_config
    from oracle.health import OLD
    from oracle.status import read_status

    app = get_app(ctx)
    config = read_config(dir_.expanduser().absolute())
    found = read_status(config)
    if found is None:
        app.output.result("custodes.oracle-status/1", {"running": False}, ["it has never run"])
        app.output.next(f"custodes oracle run --dir {dir_}")
        raise typer.Exit(DOWN)
    schema = found.pop("schema")
    app.output.result(str(schema), found, _describe(found))
    if found["latch"]:
        app.output.note("find out which RPC lied or whether the chain was rewritten, then:")
        app.output.next(f"custodes oracle run --dir {dir_} --reset-latch")
        raise typer.Exit(REFUSED)
    if not found["running"]:
        app.output.next(f"custodes oracle run --dir {dir_}")
        raise typer.Exit(DOWN)
    if (found.get("silentFor") or 0) > OLD:
        app.output.note(f"its process is there, but it has not looked at the chain for {found['silentFor']} s")
        raise typer.Exit(DOWN)


def _describe(found: dict[str, Any]) -> list[str]:
    pulse = f", looked {found['silentFor']} s ago" if found["running"] and found.get("silentFor") is not None else ""
    runs = "runs" if found["running"] else "does not run"
    lines = [f"oracle {found['address']} {runs} (as of {found['at']}{pulse})"]
    if found["latch"]:
        lines.append(f"  LATCHED    {found['latch']}")
    if found["trouble"]:
        lines.append(f"  trouble    {found['trouble']}")
    if found["finalized"]:
        behind = f", {found['behind']} to read" if found["behind"] else ""
        lag = f" (lag {found['lag']})" if found.get("lag") is not None else ""
        lines.append(
            f"  chain      block {found['latest']['number']}, final {found['finalized']['number']}{lag}{behind}"
        )
    answering = sum(rpc["answers"] for rpc in found["rpcs"])
    needed = f", {found['agreement']} must agree" if found.get("agreement") else ""
    silent = [rpc["name"] for rpc in found["rpcs"] if not rpc["answers"]]
    without = f"; not {', '.join(silent)}" if silent and answering else ""
    lines.append(f"  RPCs       {answering} of {len(found['rpcs'])} answer{needed}{without}")
    if found.get("heads"):
        heard = sum(each["heard"] for each in found["heads"])
        lines.append(f"  heads      {heard} of {len(found['heads'])} sockets heard")
    if epoch := found["epoch"]:
        member = f"member {epoch['index']}" if epoch["index"] is not None else "no member"
        share = "holds a share" if epoch["hasShare"] else "holds no share"
        size = f"{epoch['threshold']} of {epoch['members']}"
        lines.append(f"  epoch      {epoch['number']} {epoch['phase'].replace('_', ' ')}, {size}; {member}, {share}")
    else:
        lines.append("  epoch      none yet")
    if found.get("balance") is not None:
        under_way = f", {found['pending']} transactions under way" if found.get("pending") else ""
        lines.append(f"  balance    {int(found['balance']) / 10**18:.4f} ether{under_way}")
    if found.get("metrics"):
        lines.append(f"  metrics    {found['metrics']}")
    lines.append(f"  requests   {found['openRequests']} open")
    lines += [f"  answered   {a['request'][:18]}… {a['state']} in block {a['block']}" for a in found["answers"]]
    lines += [f"  refused    {r['subject'][:26]}… [{r['rule'] or '-'}] {r['reason']}" for r in found["refusals"]]
    return lines


def _configuration(ctx: typer.Context, app: App, directory: Path) -> OracleConfig:
    """Flags, then oracle.toml, then what every command takes from the environment and custodes.toml."""
    from oracle.config import read_config

    flags = ctx.find_root().params
    config = read_config(directory.expanduser().absolute())
    config = config.override(
        rpc=_urls(flags.get("rpc")),
        deployment=_path(flags.get("deployment")),
        password_file=_path(flags.get("password_file")),
    )
    defaults = {
        "rpc": _urls(app.settings.rpc),
        "deployment": _path(app.settings.deployment),
        "password_file": None,  # of the voter's keys, not of this oracle
    }
    return config.override(**{name: value for name, value in defaults.items() if not getattr(config, name)})


def _password_file(app: App, directory: Path, insecure_devnet: bool) -> Path | None:
    """The file that is named; on a devnet a new one. A person who can be asked needs none."""
    import os
    import secrets

    if app.settings.password_file is not None:
        return Path(app.settings.password_file).absolute()
    if not insecure_devnet:
        return None
    path = directory / "password"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(16) + "\n")
    return path


def _read_password(path: Path) -> str:
    try:
        return path.read_text().removesuffix("\n")
    except (OSError, UnicodeDecodeError) as e:
        raise BadArgument(f"the password file {path} cannot be read") from e


def _ask_twice(app: App) -> str:
    import getpass
    import sys

    if not sys.stdin.isatty():
        return app.get_password("")  # says how to give one
    password = getpass.getpass("password for the new oracle: ")
    if getpass.getpass("the same again: ") != password:
        raise BadArgument("the two passwords differ")
    if not password:
        raise BadArgument("an empty password protects nothing")
    return password


def _urls(listed: str | None) -> tuple[str, ...]:
    return tuple(url.strip() for url in (listed or "").split(",") if url.strip())


def _path(named: str | None) -> Path | None:
    return Path(named).expanduser().absolute() if named else None
