"""What the program and the process that makes a file tell each other: JSON, a line each."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from dashboard.exporting.making import Made, Order
from geo_data.exports import ExportRequest
from geo_data.exports.rows import faults_of, faults_text, scope_of, scope_text
from geo_data.faults import Fault


def order_line(order: Order, address: Path | str, memory_mb: int) -> str:
    """Return an order as a line; it holds the store's address with its password."""
    told = {
        "number": order.number,
        "request": order.request.model_dump_json(),
        "scope": scope_text(order.scope),
        "made_at": order.made_at.isoformat(),
        "link": order.link,
        "folder": str(order.folder),
        "dpi": order.dpi,
        "address": str(address),
        "is_file": isinstance(address, Path),
        "memory_mb": memory_mb,
    }
    return json.dumps(told)


def order_of(told: dict[str, Any]) -> Order:
    """Return the order that :func:`order_line` wrote."""
    return Order(
        number=told["number"],
        request=ExportRequest.model_validate_json(told["request"]),
        scope=scope_of(told["scope"]),
        made_at=datetime.fromisoformat(told["made_at"]),
        link=told["link"],
        folder=Path(told["folder"]),
        dpi=told["dpi"],
    )


def step_line(step: str, share: float) -> str:
    """Return how far a worker is."""
    return json.dumps({"step": step, "share": share})


def made_line(made: Made) -> str:
    """Return what a worker made."""
    return json.dumps({"made": asdict(made)})


def failed_line(faults: tuple[Fault, ...]) -> str:
    """Return why a worker made nothing."""
    return json.dumps({"faults": faults_text(faults)})


def answer_of(line: str) -> tuple[str, float] | Made | tuple[Fault, ...] | None:
    """Return what a worker's line says; ``None`` for what is none of these."""
    try:
        told = json.loads(line)
    except ValueError:
        return None
    if "made" in told:
        return Made(**told["made"])
    if "faults" in told:
        return faults_of(told["faults"])
    return (str(told["step"]), float(told["share"])) if "step" in told else None
