"""From pydantic's errors to sentences with a dotted path."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, ValidationError

from simulator.foundation.issues import not_among, shorten
from simulator.scenario.lines import Path
from simulator.scenario.quantities import kind_of
from simulator.scenario.schema import Document
from simulator.scenario.schema.queue import QueueJob

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_BY_NAME = ("OwnCause", "Team", "QueueTeam", "MachinePool", "LifeStage")  # tables whose key is a name of the user's
_OF_LOGS: Mapping[str, str] = {"job_id": "name", "submit": "at", "size": "accelerators", "queue": "team"}
"""Where a job of a scenario has another key than the table of a job log has a field."""


def problems(document: object) -> tuple[Document | None, list[tuple[Path, str]]]:
    """Validate a merged document.

    Returns
    -------
    Document or None
        None if there are problems.
    list of (path, message)
        Every problem.

    Examples
    --------
    >>> problems({"run": {"sed": 1}})[1]
    [(('run', 'sed'), "'sed' is not known, did you mean 'seed'? Allowed: engine, replicas, seed")]
    """
    try:
        return Document.model_validate(document), []
    except ValidationError as error:
        return None, [_sentence(detail) for detail in error.errors(include_url=False)]


def _sentence(detail: "ErrorDetails") -> tuple[Path, str]:
    path = tuple(part for part in detail["loc"] if part != "[key]")
    kind, found = detail["type"], detail.get("input")
    if kind == "extra_forbidden":
        return path, not_among(str(path[-1]), fields_at(path[:-1]), most=30, meant=_meant(path))
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return path, f"expected a table, found {kind_of(found)}"
    if kind == "list_type":
        return path, f"expected a list of tables, as in [[{path[-1]}]], found {kind_of(found)}"
    if kind == "value_error":
        return path, str(detail["ctx"]["error"])
    return path, f"{detail['msg']}, found {shorten(kind_of(found))}"


def _meant(path: Path) -> str | None:
    """Return the key of a job that logs of jobs know under the last word of a path."""
    if QueueJob not in _models_at(path[:-1]):
        return None
    from simulator.traces.generic import usual_field

    field = usual_field(str(path[-1])) or ""
    key = _OF_LOGS.get(field, field)
    return key if key in QueueJob.model_fields else None


def fields_at(path: Path) -> Iterable[str]:
    """Return the keys that a table of the schema may have; none if the path leads nowhere.

    Examples
    --------
    >>> list(fields_at(("phases", 0)))[:2], list(fields_at(("run", "seed")))
    (['name', 'accelerators'], [])
    """
    return [name for model in _models_at(path) for name in model.model_fields]


def _models_at(path: Path) -> Iterable[type[BaseModel]]:
    models: Iterable[type[BaseModel]] = [Document]
    for part in path:
        models = [inner for model in models for inner in _inner(model, part)]
    return models


def _inner(model: type[BaseModel], part: str | int) -> Iterator[type[BaseModel]]:
    """Yield the models behind one key; indices of lists and names of the user's lead to the element's model itself."""
    if isinstance(part, int) or part not in model.model_fields:
        if isinstance(part, int) or model.__name__ in _BY_NAME:
            yield model
        return
    yield from _models(model.model_fields[part].annotation)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
