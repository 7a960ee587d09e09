"""The worker's HTTP face: the part of OpenAI's API that one model under one release can honour.

Source: OpenAI API reference (chat completions, completions, embeddings, models, errors, streaming).
"""

from inference.server.app import make_app
from inference.server.limits import MAX_ASKING, MAX_BODY, MAX_CONNECTIONS, MAX_INPUTS, MAX_MESSAGES

__all__ = ["MAX_ASKING", "MAX_BODY", "MAX_CONNECTIONS", "MAX_INPUTS", "MAX_MESSAGES", "make_app"]
