"""custodes worker ask: one question, to a model that is unlocked for it alone, or to a worker that runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.context import App, get_app
from governance.cli.errors import BadArgument
from inference.cli.options import (
    Agreement,
    Audience,
    Capability,
    Model,
    Patience,
    Purpose,
    Receipts,
    Release,
    Threads,
    TlsCa,
    TokenFile,
    Url,
    make_worker,
    reach,
    read_patience,
)

if TYPE_CHECKING:
    from inference.question import Question
    from inference.unlock import Unlocked
    from inference.worker import Worker


def ask(
    ctx: typer.Context,
    question: Annotated[str, typer.Argument(help="What to ask.")],
    release: Release = None,
    model: Model = None,
    url: Url = None,
    token_file: TokenFile = None,
    tls_ca: TlsCa = None,
    capability: Capability = "chat",
    purpose: Purpose = None,
    audience: Audience = None,
    max_tokens: Annotated[
        int | None, typer.Option(min=1, help="Of the answer; by default all that is permitted.")
    ] = None,
    receipt: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the signed receipt there, with the salts that open it.")
    ] = None,
    patience: Patience = None,
    receipts: Receipts = None,
    anchor: Annotated[bool, typer.Option("--anchor", help="Anchor the receipt on the chain at once.")] = False,
    logits_digest: Annotated[
        bool, typer.Option("--logits-digest", help="Say the SHA-256 of all logits, to compare with a plain run.")
    ] = False,
    threads: Threads = 2,
    agreement: Agreement = None,
) -> None:
    """The answer of a governed model, if a release in force, its scope and the constraints permit the question.

    With --release and --model the weights are unlocked by the committee, opened in memory, and wiped after the answer.
    With --url and --token-file a worker that runs is asked.
    """
    from inference.question import ask_user

    app = get_app(ctx)
    asked = ask_user(
        question, capability, purpose=purpose, audience=audience, max_tokens=max_tokens, wants_digest=logits_digest
    )
    if url is not None:
        if token_file is None or release is not None or model is not None:
            raise BadArgument("--url needs --token-file, and neither --release nor --model")
        data = _ask_running(url, token_file, tls_ca, asked)
    else:
        if release is None or model is None:
            raise BadArgument("--release and --model are needed, or --url of a worker that runs")
        if receipts is not None:
            receipts = receipts.absolute()
        worker = make_worker(app, reach(app, agreement), release, model, receipts)
        if app.dry_run:
            _rehearse(app, worker, asked)
            return
        data = _ask_once(app, worker, asked, patience, anchor, threads)
    if receipt is not None:
        receipt.write_text(json.dumps(data["receipt"], indent=2) + "\n")
        app.output.note(f"wrote {receipt}")
    app.output.result("custodes.answer/1", data, [data["text"]])
    app.output.note(f"{data['outputTokens']} tokens, {data['tokensPerSecond']} a second")


def _ask_running(url: str, token_file: Path, tls_ca: Path | None, question: Question) -> dict[str, Any]:
    from inference.client import WorkerClient
    from inference.token import read_token

    completion = WorkerClient(url, read_token(token_file), tls_ca).ask(question)
    ours = completion["custodes"]
    return {
        "model": completion["model"],
        "text": completion["choices"][0]["message"]["content"],
        "tokenIds": ours["tokenIds"],
        "promptTokens": completion["usage"]["prompt_tokens"],
        "outputTokens": completion["usage"]["completion_tokens"],
        "tokensPerSecond": ours["tokensPerSecond"],
        "logitsDigest": ours["logitsDigest"],
        "receipt": ours["receipt"],
        "unlock": None,
    }


def _rehearse(app: App, worker: Worker, question: Question) -> None:
    try:
        worker.prepare(report=app.output.note, intended=question)
    finally:
        worker.close()
    app.output.result(
        "custodes.answer/1", {"sent": False}, ["the question is permitted; the committee was not asked (--dry-run)"]
    )


def _ask_once(
    app: App, worker: Worker, question: Question, patience: str | None, anchor: bool, threads: int
) -> dict[str, Any]:
    from inference import worker as workers

    try:
        limits = workers.Patience(partials=read_patience(patience))
        unlocked = worker.start(report=app.output.note, patience=limits, threads=threads, intended=question)
        parameters = worker.model.parameters
        answer = worker.ask(question)
        if anchor:
            worker.anchor_receipts()
    finally:
        worker.close()
    completion = answer.completion
    return {
        "model": answer.model,
        "parameters": parameters,
        "text": completion.text,
        "tokenIds": list(completion.token_ids),
        "promptTokens": completion.prompt_tokens,
        "outputTokens": len(completion.token_ids),
        "tokensPerSecond": round(completion.tokens_per_second, 2),
        "logitsDigest": completion.logits_digest,
        "receipt": answer.receipt,
        "unlock": unlock_to_json(unlocked),
    }


def unlock_to_json(unlocked: Unlocked) -> dict[str, Any]:
    """How the key came about: who answered, where it stands on the chain."""
    return {
        "requestId": unlocked.request_id,
        "seconds": round(unlocked.seconds, 3),
        "blocks": unlocked.blocks,
        "partials": [
            {"oracle": a.oracle, "member": a.member, "transaction": a.transaction, "block": a.block}
            for a in unlocked.answers
        ],
    }
