"""Whether the live service still is what the model table says. Free of charge, needs no key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .client import Client
from .retry import never_stop
from .service_models import MODELS, Model, Parameter

__all__ = ["drift", "probe"]


def probe(client: Client, should_stop: Callable[[], bool] = never_stop) -> list[str]:
    """One line per difference, [] where there is none. Raises ServiceDown."""
    body = client.models(should_stop)
    rows = body.get("data", []) if isinstance(body, dict) else body
    listed = {
        (row.get("category"), row.get("subcategory")) for row in rows if isinstance(row, dict)
    }
    found = []
    for model in MODELS:
        if (model.category, model.subcategory) not in listed:
            found.append(f"{model.path}: not in the service's list of models")
        else:
            found += drift(model, client.schema(model, should_stop))
    return found


def drift(model: Model, schema: Any) -> list[str]:
    """Differences between a row of the table and the service's schema of it."""
    live = _fields(schema)
    if not live:
        return [f"{model.path}: the schema could not be read"]
    found = [line for p in model.parameters for line in _parameter(model, p, live)]
    sent = {p.wire for p in model.parameters} | {name for name, _ in model.fixed}
    sent |= {model.image_field}
    for name, field in live.items():
        if field["required"] and name not in sent:
            found.append(f"{model.path}: the service now requires '{name}'")
    if model.image_field not in live:
        found.append(f"{model.path}: the image's field '{model.image_field}' is gone")
    return found


def _fields(schema: object) -> dict[str, dict[str, object]]:
    data = schema.get("data") if isinstance(schema, dict) else None
    parameters = data.get("parameters") if isinstance(data, dict) else None
    if not isinstance(parameters, dict):
        return {}
    return {
        str(row["name"]): {**row, "required": group == "required"}
        for group in ("required", "optional")
        for row in parameters.get(group) or []
        if isinstance(row, dict) and "name" in row
    }


def _parameter(
    model: Model, parameter: Parameter, live: Mapping[str, Mapping[str, object]]
) -> list[str]:
    if parameter.type == "switch":
        gone = [name for name in parameter.choices if name not in live]
        return [f"{model.path}: '{name}' is gone" for name in gone]
    field = live.get(parameter.wire)
    if field is None:
        return [f"{model.path}: '{parameter.wire}' is gone"]
    ours: dict[str, object] = {"allowed": list(parameter.choices) or None}
    if not parameter.own_range:
        ours |= {"min": parameter.low, "max": parameter.high}
    theirs = {
        "min": field.get("min", field.get("minimum")),
        "max": field.get("max", field.get("maximum")),
        "allowed": field.get("allowedValues"),
    }
    return [
        f"{model.path}: '{parameter.wire}' {what} is {theirs[what]}, expected {value}"
        for what, value in ours.items()
        if theirs[what] is not None and value is not None and theirs[what] != value
    ]
