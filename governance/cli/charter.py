"""custodes charter: what the members agreed upon, before and after it stands on a chain."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from governance.cli.context import App, get_app
from governance.cli.errors import BadArgument

if TYPE_CHECKING:
    from governance.charter.check import CharterReport
    from governance.charter.document import Charter

File = Annotated[Path | None, typer.Argument(metavar="[FILE]", help="The charter.toml.")]
Template = Annotated[str | None, typer.Option(help="A charter that comes with custodes: standard or devnet.")]


def check(ctx: typer.Context, file: File = None, template: Template = None) -> None:
    """Whether a charter is sound, and how many absences each tier tolerates. Exit code 1 if it is not."""
    from governance.charter.check import check_charter

    app = get_app(ctx)
    charter = _read(file, template)
    report = check_charter(charter)
    if report.is_sound:
        app.output.result("custodes.charter-check/1", _report_json(charter, report), _report_lines(charter, report))
        if report.keyless:
            app.output.note(f"{len(report.keyless)} organisations have no keys yet: custodes keys new")
        else:
            app.output.next(f"custodes charter deploy {file}")
        return
    if not app.output.json:
        for line in _report_lines(charter, report):
            app.output.note(line)
    report.verify()


def deploy(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="The charter.toml, with keys.")],
    out: Annotated[Path, typer.Option(help="Where to write what was deployed.")] = Path("deployment.json"),
    predecessor: Annotated[
        Path | None, typer.Option(help="The deployment.json of the system that this one is to follow.")
    ] = None,
) -> None:
    """The charter's six contracts stand on the chain, and nobody has power over them but its votes.

    They are active, or wait for the vote of their predecessor.
    """
    from governance.charter.check import check_charter
    from governance.charter.deploy import deploy_charter
    from governance.ledger.deployment import Deployment

    app = get_app(ctx)
    if out.exists():
        raise BadArgument(f"{out} exists: it names another deployment", hint="move it away, or name another with --out")
    charter = _read(file, None)
    report = check_charter(charter)
    report.verify()
    key = app.key_file
    for line in _report_lines(charter, report):
        app.output.note(line)
    app.output.note(f"  signed by  {key.name} ({key.address}), who has no power afterwards")
    app.output.note(f"  on chain   {app.rpc.chain_id()} ({app.rpc.name})")
    before = None if predecessor is None else Deployment.read(predecessor)
    if before is not None:
        app.output.note(f"  follows    {before.name} (its Council at {before.addresses['Council']}), by its vote")
    if app.dry_run:
        app.output.note("nothing was sent (--dry-run)")
        return
    app.confirm(f"deploy it with {7 if before is None else 6} transactions?")
    deployment = deploy_charter(
        charter,
        app.rpc,
        app.open_key(key),
        predecessor=before,
        report=lambda step: app.output.note(f"deploying {step.number}/{step.of}: {step.what}"),
    )
    deployment.write(out)
    app.output.result(
        "custodes.charter-deployed/1",
        {**deployment.to_json(), "schema": "custodes.charter-deployed/1", "file": str(out)},
        [
            f"{deployment.name} {'is in force' if before is None else 'stands'}: 0x{deployment.charter_hash.hex()}",
            f"wrote {out}: give it to every member",
        ],
    )
    if before is None:
        app.output.next(f"custodes charter show --deployment {out}")
    else:
        app.output.next(f"custodes successor propose {out} --deployment {predecessor}")


def activate(ctx: typer.Context) -> None:
    """The system is active. One that follows another takes it over: ledger, identities and every stop. By anybody."""
    from governance.charter.deploy import activate as send_activation
    from governance.charter.deploy import try_activation

    app = get_app(ctx)
    deployment, council = app.deployment, app.deployment.addresses["Council"]
    deployment.verify_against_chain(app.rpc, active=False)
    data: dict[str, object] = {"charterHash": deployment.charter_hash, "predecessor": None}
    if deployment.predecessor is not None:
        data["predecessor"] = deployment.predecessor.addresses["Council"]
    if app.ledger.council.is_active():
        app.output.result("custodes.charter-activated/1", {**data, "changed": False}, ["it is active already"])
        return
    key = app.key_file
    draft = try_activation(app.rpc, deployment.chain_id, council, key.address)  # a refusal comes before any question
    app.output.note(f"{deployment.name} begins: 0x{deployment.charter_hash.hex()}")
    if deployment.predecessor is not None:
        app.output.note(f"  takes over {deployment.predecessor.name}: its constraints, models and stops")
    app.output.note(f"  signed by  {key.name} ({key.address})")
    if app.dry_run:
        app.output.note(f"nothing was sent (--dry-run); it would take about {draft.gas} gas")
        return
    app.confirm("sign and send?")
    send_activation(app.rpc, deployment.chain_id, council, app.open_key(key))
    lines = [f"{deployment.name} is in force, at ledger head 0x{app.ledger.constraints.get_head().hex()}"]
    app.output.result("custodes.charter-activated/1", {**data, "changed": True}, lines)
    app.output.next("custodes audit verify")


def show(ctx: typer.Context, file: File = None, template: Template = None) -> None:
    """The charter that is in force; with a FILE, whether it is that one (exit code 1 if not); or a template's text."""
    from governance.charter.templates import read_template

    app = get_app(ctx)
    if template is not None:
        text = read_template(template)
        app.output.result("custodes.charter-template/1", {"template": template, "text": text}, [text.rstrip("\n")])
        return
    _show_deployed(app, file)


def _show_deployed(app: App, file: Path | None) -> None:
    from governance.charter.deploy import verify_charter
    from governance.charter.durations import format_duration
    from governance.cli.tables import format_pairs, format_table
    from governance.encoding.names import read_short_name

    ledger = app.ledger
    ledger.verify_standing()
    active = ledger.council.is_active()
    ledger.deployment.verify_sources(app.rpc)
    if file is not None:
        verify_charter(_read(file, None), ledger)
    *predecessors, _ = ledger.deployment.line()
    version, parameters = ledger.council.get_parameters()
    chambers = [read_short_name(name) for name in ledger.seats.get_chambers()]
    numbers = {name: getattr(parameters, name) for name in parameters.__dataclass_fields__ if name != "tiers"}
    durations = {"open_proposals", "pull_seats", "document_bytes"}
    tiers = [
        (
            tier,
            _bar(rule.chamber_num, rule.chamber_den, rule.chamber_strict),
            rule.chambers_required or len(chambers),
            _bar(rule.overall_num, rule.overall_den, rule.overall_strict),
            format_duration(rule.period),
            format_duration(rule.timelock),
        )
        for tier, rule in enumerate(parameters.tiers, start=1)
    ]
    app.output.result(
        "custodes.charter/1",
        {
            **ledger.deployment.to_json(),
            "schema": "custodes.charter/1",
            "active": active,
            "chambers": chambers,
            "parametersVersion": version,
            "tiers": [
                dict(zip(("tier", "chamber", "chambers", "seats", "period", "timelock"), row, strict=True))
                for row in tiers
            ],
            "parameters": numbers,
            "matches": str(file) if file is not None else None,
        },
        [
            f"{ledger.deployment.name}, {'in force' if active else 'waiting to follow'} on chain {ledger.chain_id}",
            f"  charter hash  0x{ledger.deployment.charter_hash.hex()}" + (f" (is {file})" if file else ""),
            *(f"  follows       {before.name} (Council {before.addresses['Council']})" for before in predecessors),
            f"  chambers      {', '.join(chambers)}",
            *format_pairs([(name.ljust(12), address) for name, address in ledger.deployment.addresses.items()]),
            "",
            *format_table(("tier", "each chamber", "chambers", "all seats", "period", "timelock"), tiers),
            "",
            *format_pairs(
                [(name, value if name in durations else format_duration(value)) for name, value in numbers.items()]
            ),
        ],
    )


def _read(file: Path | None, template: str | None) -> Charter:
    from governance.charter.document import parse_charter, read_charter
    from governance.charter.templates import read_template

    if template is not None:
        return parse_charter(read_template(template), name=template)
    if file is None:
        raise BadArgument("name a charter.toml, or a template with --template")
    return read_charter(file)


def _bar(num: int, den: int, strict: bool) -> str:
    return "a yes" if num == 0 else f"{'>' if strict else '>='} {num}/{den}"


def _report_json(charter: Charter, report: CharterReport) -> dict[str, object]:
    return {
        "name": charter.name,
        "sound": report.is_sound,
        "charterHash": report.charter_hash,
        "chambers": report.chamber_sizes,
        "organisationsWithoutKeys": list(report.keyless),
        "tiers": [
            {
                "tier": tier.tier,
                "neededInChamber": list(tier.needed_in_chamber),
                "chambersRequired": tier.chambers_required,
                "neededOfAll": tier.needed_of_all,
                "period": tier.period,
                "timelock": tier.timelock,
                "absencesTolerated": tier.absences.at_best if tier.absences else None,
                "absencesToleratedWhoever": tier.absences.whichever if tier.absences else None,
            }
            for tier in report.tiers
        ],
    }


def _report_lines(charter: Charter, report: CharterReport) -> list[str]:
    from governance.charter.durations import format_duration
    from governance.cli.tables import format_table

    seats = sum(report.chamber_sizes.values())
    lines = [
        f"{charter.name}: {seats} seats, " + ", ".join(f"{size} {name}" for name, size in report.chamber_sizes.items())
    ]
    rows = [
        (
            tier.tier,
            "/".join(map(str, tier.needed_in_chamber)) + f" in {tier.chambers_required}",
            f"{tier.needed_of_all} of {seats}",
            format_duration(tier.period),
            format_duration(tier.timelock),
            "none: it can never pass"
            if tier.absences is None
            else f"{tier.absences.whichever}, at best {tier.absences.at_best}",
        )
        for tier in report.tiers
    ]
    lines += format_table(("tier", "yes a chamber", "yes in all", "period", "timelock", "absences tolerated"), rows)
    if report.charter_hash is not None:
        lines.append(f"charter hash 0x{report.charter_hash.hex()}")
    return lines + [f"breaks {refusal}" for refusal in report.refusals]
