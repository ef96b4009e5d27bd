"""How a city's reports look: its own templates, and what stands on their head."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints

from geo_data.sources import Entry

Line = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=60, pattern=r"^[^\x00-\x1f\x7f]*$")
]


class ReportRules(Entry):
    """What a city file says of reports.

    Parameters
    ----------
    templates : Path, optional
        Folder of its own templates, ``monthly.j2`` and the like, relative to the city file.
    unit : str
        发文机关: who issues them, where who asks names nobody.
    letterhead : str
        The line of a red head 红头, such as ``松江区城市运行管理中心文件``; none unless said.
    """

    templates: Path | None = None
    unit: Line = ""
    letterhead: Line = ""

    def from_folder(self, folder: Path) -> ReportRules:
        """Return it with the path of a city file in ``folder`` made whole."""
        if self.templates is None:
            return self
        return self.model_copy(update={"templates": (folder / self.templates).resolve()})
