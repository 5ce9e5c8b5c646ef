"""The models that are served → an OpenAPI 3.1 document: what each takes, column by column, and gives.

https://spec.openapis.org/oas/v3.1.1.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from rowwise import __version__
from rowwise.serve import v2, v2_requests
from rowwise.serve.bodies import LARGEST
from rowwise.serve.examples import example_records
from rowwise.serve.v2_bytes import EXTENSION
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowwise.data.tables.schema import Column
    from rowwise.serve.limits import Limits
    from rowwise.serve.model import Model

Json = dict[str, Any]
NUMBER: Json = {"type": "number", "minimum": -LARGEST, "maximum": LARGEST}
TEXT: Json = {"type": "string"}
PICTURES = ["image/*", "application/x-npy", "application/octet-stream"]  # no schema says which bytes are one
ANY_VALUE = ["string", "number", "boolean", "null"]


def document(models: Sequence[Model], limits: Limits, root: str, token: bool = False) -> Json:
    """The whole document, in the current language.

    Args:
        root: the path below which the app stands.
        token: whether requests must know one.
    """
    paths: Json = {
        "/": {"get": _get("page", say("serve.api.page"), {"text/html": {"schema": TEXT}})},
        "/openapi.json": {"get": _get("openapi", say("serve.api.openapi"), _json({"type": "object"}))},
        "/metrics": {"get": _get("metrics", say("serve.api.metrics"), {"text/plain": {"schema": TEXT}})},
        "/v2": {"get": _get("server", say("serve.api.server"), _json(_object(name=TEXT, version=TEXT)))},
        "/v2/health/live": {"get": _get("live", say("serve.api.live"), _json(_object(live={"type": "boolean"})))},
        "/v2/health/ready": {"get": _get("ready", say("serve.api.ready"), _json(_object(ready={"type": "boolean"})))},
    }
    for model in models:
        paths |= _of_model(model, limits)
    about: Json = {"title": "rowwise", "version": __version__, "description": say("serve.api.about")}
    whole: Json = {"openapi": "3.1.0", "info": about, "servers": [{"url": root}], "paths": paths}
    components: Json = {"schemas": {"Error": _object(error=TEXT), "Warning": _warning()}}
    if token:
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        whole["security"] = [{"token": []}]
    return whole | {"components": components}


def _of_model(model: Model, limits: Limits) -> Json:
    path, name = quote(model.name, safe=""), model.name
    accepts = str(model.saved.accepts)
    predict = {"application/json": _body("records", model, limits)}
    pictures = model.saved.accepts.kind == "pictures"
    answer = _object(model=TEXT, task=TEXT, predictions=_rows(_answer(model)), warnings=_rows(_of("Warning")))
    tensors = _object(name=TEXT, platform=TEXT, inputs=_rows({"type": "object"}), outputs=_rows({"type": "object"}))
    numbers = _object(predictions=_rows({"type": "array", "items": {"type": "number"}}))
    given = _object(model_name=TEXT, outputs=_rows(_tensor()))
    ready = _object(name=TEXT, ready={"type": "boolean"})
    status = _object(model_version_status=_rows({"type": "object"}))
    return {
        f"/predict/{path}": {
            "post": _post(f"predict {name}", say("serve.api.predict", accepts=accepts), predict, answer, pictures)
        },
        f"/v2/models/{path}": {"get": _get(f"model {name}", say("serve.api.model"), _json(tensors))},
        f"/v2/models/{path}/ready": {"get": _get(f"ready {name}", say("serve.api.ready"), _json(ready))},
        f"/v2/models/{path}/infer": {
            "post": _with_bytes(
                _post(f"infer {name}", say("serve.api.infer"), {"application/json": _infer(model)}, given)
            )
        },
        f"/v1/models/{path}": {"get": _get(f"status {name}", say("serve.api.status"), _json(status))},
        f"/v1/models/{path}:predict": {
            "post": _post(
                f"instances {name}",
                say("serve.api.instances"),
                {"application/json": _body("instances", model, limits)},
                numbers,
            )
        },
    }


def _body(key: str, model: Model, limits: Limits) -> Json:
    """`{"records": …}` or `{"instances": …}`, with an example that works when it is pasted."""
    records = _rows(_record(model)) | {"minItems": 1, "maxItems": limits.records}
    schema = _object(**{key: records}) | {"additionalProperties": False}
    if key == "instances":
        schema["properties"]["signature_name"] = {"const": "serving_default"}
    return {"schema": schema, "example": {key: example_records(model)}}


def _record(model: Model) -> Json:
    """What one record is: columns by name, at least one of them, or numbers within numbers."""
    if model.schema is None:
        shape: Json = NUMBER
        for size in reversed(model.shape):
            shape = {"type": "array", "items": shape, "minItems": size, "maxItems": size}
        return shape
    columns = {column.name: _column(column) for column in model.schema.used}
    others: Json = {"type": ANY_VALUE}
    some = [{"required": [name]} for name in columns]
    return {"type": "object", "properties": columns, "additionalProperties": others, "anyOf": some}


def _column(column: Column) -> Json:
    """A column's values: what they are, and in words what they were in training."""
    from rowwise.data.tables.columns import KINDS

    known = KINDS[column.kind].values_text(column)
    about = {"description": f"{say(f'schema.kind.{column.kind}')}{': ' if known else ''}{known}"}
    if column.kind == "numeric":
        unit = {"x-unit": column.unit} if column.unit else {}
        return NUMBER | {"type": ["number", "string", "null"]} | unit | about
    if column.kind == "date":
        return {"type": ["string", "null"]} | about
    examples = {"examples": list(column.levels[:10])} if column.levels else {}
    return {"type": ANY_VALUE, **examples} | about


def _answer(model: Model) -> Json:
    """What is said of one record."""
    numbers: Json = {"type": "object", "additionalProperties": {"type": "number"}}
    saved = model.saved
    if model.example.quantiles:
        interval = _object(low={"type": "number"}, high={"type": "number"}, share={"type": "number"})
        return _object(values=numbers, interval=interval)
    if not saved.classes:
        return _object(values=numbers) if saved.targets else numbers
    name: Json = {"enum": list(saved.classes)}
    kind = "margins" if model.example.values.shape[1] else "probabilities"
    outputs: Json = numbers if len(saved.classes) > 1 else {"type": ["object", "number"]}
    if saved.task == "multilabel":
        return _object(**{"labels": _rows(name), kind: outputs})
    return _object(**{"class": name, kind: {} if kind == "margins" else outputs})


def _infer(model: Model) -> Json:
    """A request of the Open Inference Protocol, for one record as an example."""
    records = example_records(model)
    takes = v2.inputs(model)
    tensors = []
    for tensor in takes:
        values = records if model.schema is None else [records[0][tensor["name"]]]
        tensors.append(
            tensor | {"shape": [1, *tensor["shape"][1:]], "data": [_as(tensor["datatype"], v) for v in values]}
        )
    kinds = {column.name: column.kind for column in model.schema.used} if model.schema is not None else {}
    choices = [one for tensor in takes for one in _taken(tensor, kinds.get(tensor["name"], ""))]
    inputs = _rows({"anyOf": choices}) | {"minItems": 1, "maxItems": len(takes)}
    return {"schema": _object(inputs=inputs), "example": {"inputs": tensors}}


def _taken(tensor: Json, kind: str) -> list[Json]:
    """The forms of a tensor that a model takes, by datatype; further whole numbers and fractions are taken as these."""
    free: Json = {"type": "integer", "minimum": 1, "maximum": 2**53}
    sizes = [free, *({"const": size} for size in tensor["shape"][1:])]
    shape = {"type": "array", "prefixItems": sizes, "minItems": len(sizes), "maxItems": len(sizes)}
    number: Json = {"type": "number"} if kind in ("boolean", "categorical") else NUMBER
    values: dict[str, Json] = {"FP64": number, "FP32": number, "BYTES": TEXT, "BOOL": {"type": "boolean"}}
    values["UINT8"] = {"type": "integer", "minimum": 0, "maximum": 255}
    taken = v2_requests.OTHERS[kind] if kind else ("UINT8", "FP32")
    forms = []
    for datatype in (name for name in values if name in taken):
        value = {"anyOf": [values[datatype], {"type": "null"}]} if kind else values[datatype]
        about = {"name": {"const": tensor["name"]}, "shape": shape, "datatype": {"const": datatype}}
        forms.append(_object(**about, data=_rows(value) | {"minItems": 1}))
    return forms


def _as(datatype: str, value: Any) -> Any:
    """A level that is a number is sent as text."""
    return str(value) if datatype == "BYTES" and value is not None else value


def _tensor() -> Json:
    shape = _rows({"type": "integer", "minimum": 1}) | {"minItems": 1}
    return _object(name=TEXT, shape=shape, datatype={"enum": [*v2_requests.TAKEN]}, data={"type": "array"})


def _warning() -> Json:
    numbers = _rows({"type": "integer"})
    return _object(column=TEXT, kind=TEXT, records=numbers, count={"type": "integer"}, message=TEXT)


def _object(**properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _rows(item: Json) -> Json:
    return {"type": "array", "items": item}


def _of(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _get(name: str, summary: str, content: Json) -> Json:
    return {"operationId": _id(name), "summary": summary, "responses": _responses(content)}


def _post(name: str, summary: str, body: Json, answer: Json, pictures: bool = False) -> Json:
    request: Json = {"required": True, "content": body}
    if pictures:
        request |= {"description": say("serve.api.picture"), "x-pictures": PICTURES}
    about = {"operationId": _id(name), "summary": summary, "requestBody": request}
    return about | {"responses": _responses(_json(answer))}


def _with_bytes(about: Json) -> Json:
    """A request of tensors, which may be bytes behind the JSON: no schema says how they are."""
    about["requestBody"] |= {"description": say("serve.api.bytes"), "x-extension": EXTENSION}
    about["responses"]["200"]["content"]["application/octet-stream"] = {"schema": {}}
    return about


def _responses(content: Json) -> Json:
    refused = {"description": say("serve.api.refused"), "content": _json(_of("Error"))}
    failed = {"description": say("serve.api.failed"), "content": _json(_of("Error"))}
    return {"200": {"description": say("serve.api.answer"), "content": content}, "4XX": refused, "5XX": failed}


def _id(name: str) -> str:
    return "-".join(quote(part, safe="") for part in name.split(" "))
