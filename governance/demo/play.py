"""The story itself, act by act. Everything is done by commands and processes that a user could give.

The acts share a `Stage`; each leaves what the next one needs on it. What is refused is as much of the story as what is
done: a refusal that does not happen ends the demo with an error.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from governance.chain.tools import find_tool
from governance.demo import adversary
from governance.demo.council import DemoCouncil
from governance.demo.errors import DemoFailed, ModelMissing
from governance.demo.runner import Refusal
from governance.demo.stage import (
    ORACLES,
    QUESTION,
    THRESHOLD,
    Stage,
    ask_reference,
    ask_worker,
    copy_with_one_bit_flipped,
    find_worker,
    make_password,
    read_partials,
    read_state,
)
from governance.encoding.names import release_id_of
from governance.types import ProposalId

CONSTRAINT = "short-answers"
# Plain transformers was seen to differ from itself in the last bits, once in some dozens of processes on a machine with
# AMX. Another model, or a wrong weight, differs every time; equality with one run of it cannot come by chance.
ASKINGS = 3
SETTLED = 30.0  # [seconds] within which a stop must have been seen


def verify_needs(model: Path) -> None:
    """Returns if the model and the chain's program are on this machine. Raises: ModelMissing, ToolMissing."""
    if not (model / "config.json").is_file() or not any(model.glob("*.safetensors")):
        raise ModelMissing(f"there is no model in {model}")
    find_tool("anvil")


def play(stage: Stage) -> dict[str, Any]:
    """The whole story; returns what `custodes demo --json` prints. Raises: DemoFailed."""
    council = open_ledger(stage)
    vote_constraint(stage, council)
    form_committee(stage, council)
    register_model(stage, council)
    release = grant_release(stage, council)
    unlock_and_ask(stage, release)
    try_dishonestly(stage, release)
    pull_brake(stage, council)
    audit(stage, council)
    stage.result["refusals"] = [refusal.to_json() for refusal in stage.refusals]
    stage.result["seconds"] = round(stage.narrator.seconds, 1)
    return stage.result


def open_ledger(stage: Stage) -> DemoCouncil:
    """A chain, a charter on it, fifteen organisations with keys, and a stranger."""
    stage.narrator.chapter("1  A ledger for fifteen organisations in three chambers")
    with stage.narrator.step("anvil is up, six contracts are deployed, wired and active"):
        stage.result["devnet"] = stage.runner.run("devnet", "up", "--dir", "devnet")
    council = DemoCouncil(stage.runner, stage.narrator)
    for name in ("worker", "stranger"):
        stage.runner.run("keys", "new", name)
    stage.runner.run("devnet", "fund", "worker", "stranger")
    return council


def vote_constraint(stage: Stage, council: DemoCouncil) -> None:
    """A safety constraint comes into force by a vote, and a stranger's ballot does not count."""
    narrator, runner = stage.narrator, stage.runner
    narrator.chapter("2  They put a safety constraint into force")
    document = f"{CONSTRAINT}.json"
    title, text = "Short answers", "No answer of a governed model is longer than 64 tokens."
    runner.run("constraint", "new", CONSTRAINT, "--title", title, "--text", text, "--out", document)
    with narrator.step("proposed by one, agreed by nine in three chambers, executed"):
        proposal = council.propose("constraint", "propose", document, "--limit", "max_output_tokens=64")
        stage.refused(runner.refuse("vote-by-stranger", "vote", str(proposal), "for", "--key", "stranger"))
        council.vote(proposal, council.some(3))
        council.wait_out(proposal)
        council.execute(proposal)
    stage.proposals.append(proposal)


def form_committee(stage: Stage, council: DemoCouncil) -> None:
    """Five oracles, each a process with its own directory, make a key that nobody ever holds."""
    narrator, runner = stage.narrator, stage.runner
    narrator.chapter(f"3  They form a committee of oracles, {THRESHOLD} of {ORACLES}")
    names = [f"oracle-{number}" for number in range(1, ORACLES + 1)]
    devnet = stage.result["devnet"]
    keys = Path(devnet["keystore"])
    passwords = [make_password(stage.directory / f"{name}.password") for name in names]
    found = runner.run_all(
        ["oracle", "init", "--dir", name, "--insecure-devnet", "--password-file", str(password)]
        for name, password in zip(names, passwords, strict=True)
    )
    addresses = [oracle["address"] for oracle in found]
    runner.run("devnet", "fund", *addresses)
    # one oracle an organisation, from all three chambers
    hosts = [seat.organisation for seat in council.some({"builders": 2, "oversight": 2, "public": 1})]
    members = [f"--oracle={host}={address}" for host, address in zip(hosts, addresses, strict=True)]
    proposal = council.enact(
        "voted at tier 4: four of five seats in every chamber",
        council.some(4),
        "committee",
        "form",
        *members,
        f"--threshold={THRESHOLD}",
    )
    stage.proposals.append(proposal)
    stage.result["oracles"] = dict(zip(names, hosts, strict=True))
    with narrator.step("five processes register, deal, check and prove their shares over the chain"):
        for name in names:
            runner.start(name, "oracle", "run", "--dir", name)
        runner.wait("the committee's key", lambda: runner.run("committee", "status")["phase"] == "in force")
        stage.settle()  # nothing is sealed to a key that a reorganisation could take away
    narrator.tell(f"the committee's key is public; its secret exists nowhere ({keys.parent.name} holds no share)")


def register_model(stage: Stage, council: DemoCouncil) -> None:
    """The model is sealed to the committee and registered; a proposal that one chamber lacks fails."""
    narrator = stage.narrator
    narrator.chapter(f"4  They seal {stage.model.name} and register it")
    with narrator.step("sealed to the committee: the data key is wrapped, and forgotten"):
        sealed = stage.runner.run(
            "model", "seal", str(stage.model), str(stage.sealed), "--registrar", council.seats[0].key
        )
    stage.result["model"] = {
        "name": sealed["model"],
        "manifestHash": sealed["manifestHash"],
        "identity": sealed["identity"],
        "modelId": sealed["modelId"],
    }
    with narrator.step("proposed; nine of ten builders and overseers agree, the public does not"):
        failed = council.propose("model", "register", str(stage.sealed))
        council.vote(failed, council.some({"builders": 5, "oversight": 5, "public": 2}))
        council.wait_out(failed)
        stage.refused(
            stage.runner.refuse("one-chamber-short", "proposal", "execute", str(failed), "--key", council.seats[1].key)
        )
    stage.proposals.append(failed)
    proposal = council.enact(
        "proposed again; now more than half of every chamber agrees",
        council.some({"builders": 4, "oversight": 3, "public": 3}),
        "model",
        "register",
        str(stage.sealed),
    )
    stage.proposals.append(proposal)


def grant_release(stage: Stage, council: DemoCouncil) -> int:
    """A release is voted; asked for before, the unlock is refused."""
    narrator, worker = stage.narrator, stage.worker_key()
    narrator.chapter("5  They release it to one worker, for chat, for a week")
    words = ["release", "propose", str(stage.result["model"]["name"]), "--worker", f"{worker.address}=Aurora Labs"]
    with narrator.step("proposed, voted for, waited out, executed"):
        proposal = council.propose(*words, "--for", "7d", "--max-tokens", "64", "--capability", "chat")
        shown = stage.runner.run("proposal", "show", str(proposal))
        release_id = release_id_of(ProposalId(int(shown["id"], 16)))
        stage.refused(adversary.ask_before_quorum(stage.ledger, worker, release_id))
        council.vote(proposal, council.some({"builders": 4, "oversight": 3, "public": 3}))
        council.wait_out(proposal)
        council.execute(proposal)
    stage.result["releaseId"] = "0x" + release_id.hex()
    stage.proposals.append(proposal)
    return proposal


def unlock_and_ask(stage: Stage, release: int) -> None:
    """The committee unlocks the weights for the worker, which answers as the plain model does."""
    narrator, runner = stage.narrator, stage.runner
    narrator.chapter("6  The committee unlocks the weights, and the model answers")
    words = ["worker", "serve", "--release", str(release), "--model", str(stage.sealed), "--key", "worker"]
    with narrator.step("approved by three, answered by three, combined, opened in memory, loaded"):
        runner.start("worker", *words, "--token-file", "worker.token", "--receipts", "receipts", "--json")
        runner.wait("the worker", lambda: find_worker(stage) is not None)
        url = find_worker(stage)
        runner.run("worker", "status", "--url", str(url), "--token-file", "worker.token", "--wait", "120")
    stage.result["workerUrl"] = url
    stage.result["partials"] = read_partials(stage)
    stage.result["secondsToUnlock"] = stage.result["partials"][THRESHOLD - 1]["secondsAfterRelease"]
    organisations = ", ".join(partial["organisation"] for partial in stage.result["partials"])
    narrator.tell(f"{stage.result['secondsToUnlock']} s after the release was executed, by {organisations}")
    with narrator.step("asked"):
        answer = ask_worker(stage, "--logits-digest")
    expected: dict[str, Any] = {}
    for _ in range(ASKINGS):
        with narrator.step("plain transformers asked the same, in a process of its own"):
            expected = ask_reference(stage)
        if (answer["tokenIds"], answer["logitsDigest"]) == (expected["tokenIds"], expected["logitsDigest"]):
            break
    else:
        raise DemoFailed("the governed answer differs from that of plain transformers", details=expected)
    narrator.tell(f"» {answer['text'].strip()}")
    narrator.tell("token ids and logits are equal to those of plain transformers")
    stage.result["model"]["parameters"] = expected["parameters"]
    stage.result["answer"] = {
        "question": QUESTION,
        "text": answer["text"],
        "tokenIds": answer["tokenIds"],
        "logitsDigest": answer["logitsDigest"],
        "equalToPlain": True,
    }
    stage.result["tokensPerSecond"] = answer["tokensPerSecond"]


def try_dishonestly(stage: Stage, release: int) -> None:
    """One oracle alone, a wrong share, a changed weight file, a use that the scope does not name."""
    narrator, runner = stage.narrator, stage.runner
    narrator.chapter("7  Some try to do it without the others")
    ledger, worker = stage.ledger, stage.worker_key()
    traitor = stage.open_key(stage.directory / "oracle-5", "key", stage.directory / "oracle-5.password")
    release_id = bytes.fromhex(stage.result["releaseId"][2:])
    probe = adversary.open_probe(ledger, worker, release_id)  # type: ignore[arg-type]
    stage.refused(adversary.answer_alone(ledger, traitor, probe))
    stage.refused(adversary.combine_too_few(ledger, probe))
    stage.refused(adversary.answer_with_wrong_share(ledger, traitor, probe))
    tampered = stage.directory / "tampered"
    with narrator.step("one bit of one weight is flipped in a copy of the sealed file"):
        copy_with_one_bit_flipped(stage.sealed, tampered)
    stage.refused(runner.refuse("tampered-weights", "model", "verify", str(tampered)))
    stage.refused(
        runner.refuse(
            "use-out-of-scope",
            "worker",
            "ask",
            QUESTION,
            "--url",
            str(stage.result["workerUrl"]),
            "--token-file",
            "worker.token",
            "--capability",
            "code",
        )
    )


def pull_brake(stage: Stage, council: DemoCouncil) -> None:
    """Three seats of three chambers stop the model; the worker goes dark, and nothing unlocks it."""
    narrator, runner = stage.narrator, stage.runner
    narrator.chapter("8  Three seats pull the brake")
    model, url = str(stage.result["model"]["name"]), str(stage.result["workerUrl"])
    seats = council.some(1)
    with narrator.step(f"{', '.join(seat.organisation for seat in seats)} stop {model}"):
        for seat in seats:
            runner.run("brake", "pull", model, "--because", "it was asked to plan an attack", "--key", seat.key)
    start = time.monotonic()
    with narrator.step("the worker sees it, zeroes the weights and drops its keys"):
        runner.wait("the worker to go dark", lambda: read_state(stage) == "dark", SETTLED)
    stage.result["secondsToDark"] = round(time.monotonic() - start, 2)
    stage.refused(
        runner.refuse("ask-after-brake", "worker", "ask", QUESTION, "--url", url, "--token-file", "worker.token")
    )
    release_id = bytes.fromhex(stage.result["releaseId"][2:])
    refusal = adversary.ask_before_quorum(stage.ledger, stage.worker_key(), release_id)  # type: ignore[arg-type]
    stage.refused(Refusal("unlock-after-brake", refusal.refused_by, refusal.error, refusal.message))


def audit(stage: Stage, council: DemoCouncil) -> None:
    """Everything that happened follows from the rules, and storage holds what follows."""
    narrator = stage.narrator
    narrator.chapter("9  An auditor replays everything")
    with narrator.step("every event follows from the rules; every value of storage is what they make it"):
        report = stage.runner.run("audit", "verify")
    narrator.tell(f"{report['events']} events, {sum(report['compared'].values())} values")
    stage.result["audit"] = {key: report[key] for key in ("ok", "events", "steps", "compared", "ledgerHead", "block")}
    stage.result["proposals"] = council.report(stage.proposals)
