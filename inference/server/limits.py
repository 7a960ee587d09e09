"""How much one caller, and all of them together, may ask of a worker at a time."""

from __future__ import annotations

from typing import Final

MAX_BODY: Final = 1 << 20  # [bytes] of a request
BODY_PATIENCE: Final = 30.0  # [seconds] until the whole body must be there
MAX_ASKING: Final = 8  # requests at a time: one is answered, the others wait
MAX_CONNECTIONS: Final = 128
MAX_MESSAGES: Final = 256  # of a chat
MAX_INPUTS: Final = 256  # texts of one request for embeddings
MAX_ENDS: Final = 4  # stop texts, as OpenAI has it
RETRY_AFTER: Final = 1  # [seconds] that a caller is told to wait where waiting helps
