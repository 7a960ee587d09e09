"""Answers in the form of OpenAI's API; the receipt, and what else is ours, is a member `custodes` of its own."""

from __future__ import annotations

import base64
import struct
from typing import Any

from inference.question import Answer, Embeddings

CHAT_OBJECT, CHAT_CHUNK, TEXT_OBJECT = "chat.completion", "chat.completion.chunk", "text_completion"
Json = dict[str, Any]


def to_models(name: str, since: int) -> Json:
    """The one model that this worker serves."""
    return {"object": "list", "data": [to_model(name, since)]}


def to_model(name: str, since: int) -> Json:
    return {"id": name, "object": "model", "created": since, "owned_by": "custodes"}


def to_completion(answer: Answer, *, is_chat: bool) -> Json:
    """A whole answer."""
    text = answer.completion.text
    said = {"message": {"role": "assistant", "content": text, "refusal": None}} if is_chat else {"text": text}
    return {
        **_to_head(answer, CHAT_OBJECT if is_chat else TEXT_OBJECT),
        "choices": [{"index": 0, **said, "logprobs": None, "finish_reason": _to_reason(answer)}],
        "usage": _to_usage(answer),
        "custodes": _to_extra(answer),
    }


class Chunks:
    """The pieces of a streamed answer, under one id."""

    def __init__(self, name: str, answer_id: str, created: int, *, is_chat: bool) -> None:
        self._is_chat = is_chat
        kind, prefix = (CHAT_CHUNK, "chatcmpl-") if is_chat else (TEXT_OBJECT, "cmpl-")
        self._head = {"id": prefix + answer_id, "object": kind, "created": created, "model": name}

    def begin(self) -> list[Json]:
        """A chat's stream names its role first."""
        return [self._chunk({"delta": {"role": "assistant", "content": ""}})] if self._is_chat else []

    def piece(self, text: str) -> Json:
        return self._chunk({"delta": {"content": text}} if self._is_chat else {"text": text})

    def end(self, answer: Answer, *, wants_usage: bool) -> list[Json]:
        """Why it ended, with the receipt; then how many tokens it took, if that is wanted."""
        last = self._chunk({"delta": {}} if self._is_chat else {"text": ""}, _to_reason(answer))
        chunks = [{**last, "custodes": _to_extra(answer)}]
        if wants_usage:
            chunks.append({**self._head, "choices": [], "usage": _to_usage(answer)})
        return chunks

    def _chunk(self, said: Json, reason: str | None = None) -> Json:
        return {**self._head, "choices": [{"index": 0, **said, "logprobs": None, "finish_reason": reason}]}


def to_embeddings(made: Embeddings, *, in_base64: bool) -> Json:
    """The vectors, each float32: as numbers, or in base64 as OpenAI's own client asks for them."""
    return {
        "object": "list",
        "model": made.model,
        "data": [
            {
                "object": "embedding",
                "index": index,
                "embedding": base64.b64encode(vector).decode() if in_base64 else _to_numbers(vector),
            }
            for index, vector in enumerate(made.vectors)
        ],
        "usage": {"prompt_tokens": made.prompt_tokens, "total_tokens": made.prompt_tokens},
        "custodes": {"receipt": made.receipt},
    }


def _to_numbers(vector: bytes) -> list[float]:
    return list(struct.unpack(f"<{len(vector) // 4}f", vector))


def _to_head(answer: Answer, kind: str) -> Json:
    body = answer.receipt["body"]
    prefix = "chatcmpl-" if kind == CHAT_OBJECT else "cmpl-"
    return {
        "id": prefix + body["response"][2:26],
        "object": kind,
        "created": body["blockTime"],
        "model": answer.model,
        "system_fingerprint": "fp_" + body["manifestHash"][2:14],
    }


def _to_reason(answer: Answer) -> str:
    return "length" if answer.completion.is_cut else "stop"


def _to_usage(answer: Answer) -> Json:
    prompt, output = answer.completion.prompt_tokens, len(answer.completion.token_ids)
    return {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output}


def _to_extra(answer: Answer) -> Json:
    completion = answer.completion
    return {
        "receipt": answer.receipt,
        "tokenIds": list(completion.token_ids),
        "tokensPerSecond": round(completion.tokens_per_second, 2),
        "logitsDigest": completion.logits_digest,
    }
