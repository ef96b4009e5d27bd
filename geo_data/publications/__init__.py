"""What was published 发布: it stays as it was, whatever is heard later.

An evaluation, the numbers of a period, a report: what people were told is kept as text with a
hash over it. Who was wrong opens it again and says why; that is written down beside it, and what
is published next says which publication it takes the place of.
"""

from geo_data.publications.record import Days, Kind, Publication, canonical, digest
from geo_data.publications.register import (
    content,
    history,
    publish,
    reopen,
    standing,
    text,
    verify,
)

__all__ = [
    "Days",
    "Kind",
    "Publication",
    "canonical",
    "content",
    "digest",
    "history",
    "publish",
    "reopen",
    "standing",
    "text",
    "verify",
]
