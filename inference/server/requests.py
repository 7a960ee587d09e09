"""What a request's body asks for. What this worker does not honour is refused, never ignored in silence."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request

from inference.errors import BadRequest, RequestTooLarge, RequestTooSlow, WrongKind
from inference.question import Message, Question, Sampling, Texts
from inference.server.limits import BODY_PATIENCE, MAX_BODY, MAX_ENDS, MAX_INPUTS, MAX_MESSAGES

# What each path is for. A bare prompt is no chat: no template frames it, and a scope must name it.
CHAT, COMPLETION, EMBEDDING = "chat", "completion", "embedding"
OWN: Final = frozenset({CHAT, COMPLETION, EMBEDDING})

Body = dict[str, Any]
_ANY: Callable[[object], bool] = lambda _: True  # noqa: E731
_SHARED: Final[Mapping[str, Callable[[object], bool]]] = {
    "model": _ANY, "user": _ANY, "safety_identifier": _ANY, "custodes": _ANY,
}  # fmt: skip
# What OpenAI's API knows besides: taken where it asks for what is done anyway.
_WRITING: Final[Mapping[str, Callable[[object], bool]]] = {
    **_SHARED,
    "stream": _ANY, "stream_options": _ANY, "max_tokens": _ANY, "temperature": _ANY, "top_p": _ANY, "seed": _ANY,
    "stop": _ANY, "n": lambda value: value == 1, "presence_penalty": lambda value: not value,
    "frequency_penalty": lambda value: not value, "logit_bias": lambda value: not value,
    "logprobs": lambda value: value is False,
}  # fmt: skip
_CHAT: Final[Mapping[str, Callable[[object], bool]]] = {
    **_WRITING,
    "messages": _ANY, "max_completion_tokens": _ANY, "metadata": _ANY, "prompt_cache_key": _ANY,
    "service_tier": _ANY, "parallel_tool_calls": _ANY, "store": lambda value: value is False,
    "tools": lambda value: not value, "tool_choice": lambda value: value == "none",
    "response_format": lambda value: value == {"type": "text"}, "modalities": lambda value: value == ["text"],
}  # fmt: skip
_COMPLETION: Final[Mapping[str, Callable[[object], bool]]] = {
    **_WRITING, "prompt": _ANY, "echo": lambda value: value is False, "best_of": lambda value: value == 1,
}  # fmt: skip
_EMBEDDING: Final[Mapping[str, Callable[[object], bool]]] = {**_SHARED, "input": _ANY, "encoding_format": _ANY}


@dataclass(frozen=True)
class Wish:
    """How a completion is to be delivered."""

    is_streamed: bool
    wants_usage: bool  # as a last piece of the stream


async def read_body(request: Request) -> Body:
    """The JSON object in the body. Raises: RequestTooLarge, RequestTooSlow, BadRequest."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > MAX_BODY:
        raise RequestTooLarge(f"the request has {announced} bytes; at most {MAX_BODY} are taken")
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_PATIENCE):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY:
                    raise RequestTooLarge(f"the request has more than {MAX_BODY} bytes, which is all that is taken")
    except TimeoutError as e:
        raise RequestTooSlow(f"the body did not arrive within {BODY_PATIENCE:g} s") from e
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as e:
        raise BadRequest("the body is not JSON") from e
    if not isinstance(data, dict):
        raise BadRequest("the body is not a JSON object")
    return data


def read_chat(data: Body, model: str) -> tuple[Question, Wish]:
    """Raises: BadRequest, WrongKind."""
    _check_known(data, _CHAT, model)
    messages = data.get("messages")
    if not isinstance(messages, list) or not messages:
        raise _bad("messages", "messages is a list of {role, content}, and not empty")
    if len(messages) > MAX_MESSAGES:
        raise _bad("messages", f"there are {len(messages)} messages; at most {MAX_MESSAGES} are taken")
    read = tuple(_read_message(message) for message in messages)
    return _read_question(data, CHAT, messages=read), _read_wish(data)


def read_completion(data: Body, model: str) -> tuple[Question, Wish]:
    """Raises: BadRequest, WrongKind."""
    _check_known(data, _COMPLETION, model)
    prompt = data.get("prompt")
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    if not isinstance(prompt, str):
        raise _bad("prompt", "prompt is one text")
    return _read_question(data, COMPLETION, messages=(), prompt=prompt), _read_wish(data)


def read_texts(data: Body, model: str) -> tuple[Texts, bool]:
    """The texts, and whether their vectors are wanted in base64. Raises: BadRequest, RequestTooLarge, WrongKind."""
    _check_known(data, _EMBEDDING, model)
    given = data.get("input")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) and text for text in texts):
        raise _bad("input", "input is a text, or a list of texts, none of them empty")
    if len(texts) > MAX_INPUTS:
        raise RequestTooLarge(f"there are {len(texts)} inputs; at most {MAX_INPUTS} are taken at a time")
    form = data.get("encoding_format", "float")
    if form not in ("float", "base64"):
        raise _bad("encoding_format", "encoding_format is float or base64")
    extra = _read_extra(data)
    texts_read = Texts(tuple(texts), _read_capability(extra, EMBEDDING), extra.get("purpose"), extra.get("audience"))
    return texts_read, form == "base64"


def _check_known(data: Body, known: Mapping[str, Callable[[object], bool]], model: str) -> None:
    """Raises: BadRequest, WrongKind."""
    asked = data.get("model", model)
    if not isinstance(asked, str):
        raise _bad("model", "model is a text")
    if asked != model:
        raise WrongKind(f"the model {asked[:100]!r} does not exist; this worker serves {model}")
    for name, value in data.items():
        if name not in known:
            raise _bad(name[:100], f"{name[:100]!r} is no argument that this worker knows", "unknown_parameter")
        if value is not None and not known[name](value):
            raise _bad(name, f"this worker cannot do what {name!r} asks for", "unsupported_parameter")


def _read_question(data: Body, path: str, *, messages: tuple[Message, ...], prompt: str | None = None) -> Question:
    extra = _read_extra(data)
    limit = data.get("max_completion_tokens")
    return Question(
        messages=messages,
        capability=_read_capability(extra, path),
        purpose=extra.get("purpose"),
        audience=extra.get("audience"),
        max_tokens=_read_whole(data, "max_tokens") if limit is None else _read_whole(data, "max_completion_tokens"),
        wants_digest=extra.get("logitsDigest") is True,
        prompt=prompt,
        sampling=Sampling(
            _read_number(data, "temperature", 0.0, 2.0, 0.0),
            _read_number(data, "top_p", 1e-6, 1.0, 1.0),
            _read_whole(data, "seed"),
            _read_ends(data.get("stop")),
        ),
    )


def _read_extra(data: Body) -> Body:
    extra = data.get("custodes")
    if extra is None:
        return {}
    texts = ("capability", "purpose", "audience")
    if not isinstance(extra, dict) or not all(extra.get(name) is None or type(extra[name]) is str for name in texts):
        raise _bad("custodes", "custodes is an object; capability, purpose and audience in it are texts")
    return extra


def _read_capability(extra: Body, path: str) -> str:
    """What is asked for, by default what the path is for; never what another path is for."""
    asked = extra.get("capability") or path
    if asked != path and asked in OWN:
        raise _bad("custodes", f"capability {asked!r} has a path of its own")
    return str(asked)


def _read_message(message: object) -> Message:
    """A message of texts alone; `developer` is OpenAI's newer word for `system`."""
    if not isinstance(message, dict) or not isinstance(role := message.get("role"), str):
        raise _bad("messages", "a message is an object with a role and a content")
    content = message.get("content")
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text"]
        texts = [part for part in parts if isinstance(part, str)]
        content = "".join(texts) if texts and len(texts) == len(content) else None
    if not isinstance(content, str):
        raise _bad("messages", "a message's content is a text, or a list of texts")
    return {"role": "system" if role == "developer" else role, "content": content}


def _read_wish(data: Body) -> Wish:
    is_streamed, options = data.get("stream") or False, data.get("stream_options") or {}
    if not isinstance(is_streamed, bool) or not isinstance(options, dict):
        raise _bad("stream", "stream is true or false, stream_options an object")
    return Wish(is_streamed, options.get("include_usage") is True)


def _read_ends(given: object) -> tuple[str, ...]:
    ends = [given] if isinstance(given, str) else given or []
    if not isinstance(ends, list) or len(ends) > MAX_ENDS or not all(type(end) is str and end for end in ends):
        raise _bad("stop", f"stop is a text, or a list of at most {MAX_ENDS}, none of them empty")
    return tuple(ends)


def _read_whole(data: Body, name: str) -> int | None:
    value = data.get(name)
    if value is None or (type(value) is int and abs(value) < 2**53):
        return value
    raise _bad(name, f"{name} is a whole number")


def _read_number(data: Body, name: str, least: float, most: float, default: float) -> float:
    value = data.get(name)
    if value is None:
        return default
    if type(value) not in (int, float) or not least <= value <= most:
        raise _bad(name, f"{name} is a number of {least:g} to {most:g}")
    return float(value)


def _bad(param: str, message: str, code: str | None = None) -> BadRequest:
    return BadRequest(message, details={"param": param, "code": code})
