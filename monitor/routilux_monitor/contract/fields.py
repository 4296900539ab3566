"""Here are the kinds of fields that bodies and answers are made of."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

MASK: Final = "***"
"""What a holder of the view token sees instead of a payload."""

_OF_THE_USER = {"x-masked-for-view-token": True}

Payload = Annotated[Any, Meta(description="A payload, as plain JSON.", extra_json_schema=_OF_THE_USER)]
"""The user's data: masked for the view token."""

PayloadText = Annotated[str, Meta(extra_json_schema=_OF_THE_USER)]
"""Text that tells of the user's data: a preview, a printed line."""

UnixSeconds = Annotated[int, Meta(description="Whole seconds of Unix time.", ge=0)]
Instant = Annotated[str, Meta(description="ISO 8601 with zone.", extra_json_schema={"format": "date-time"})]
Seconds = Annotated[float, Meta(description="Seconds.", ge=0)]
Count = Annotated[int, Meta(ge=0)]

Name = Annotated[str, Meta(min_length=1, max_length=255)]
NewJobId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        description="Letters, digits, `.`, `_` and `-`; chosen by the runtime if not given.",
    ),
]
IdempotencyKey = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=255,
        description="The same key with the same body gets the same answer and starts no second job; with "
        "another body it is refused.",
    ),
]
JobTimeout = Annotated[
    float, Meta(gt=0, le=31_536_000, description="Seconds from its admission until the job fails.")
]
Limit = Annotated[int, Meta(ge=1, le=1000, description="How many items at most.")]
Offset = Annotated[int, Meta(ge=0, le=2**31, description="How many items to pass over.")]


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a client sends."""


class Query(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The parameters after the question mark."""


class Page(Query, frozen=True):
    limit: Limit = 100
    offset: Offset = 0


class Answer(msgspec.Struct, frozen=True):
    """What a client gets."""
