"""What is paid."""

from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from simulator.scenario import keys
from simulator.scenario.quantities import Day, Discount, Price, Text
from simulator.scenario.schema.section import Section


class Pricing(Section):
    """What an accelerator-hour costs: a stated rate, or a row of the price book."""

    rate: Price | None = None
    provider: Text | None = None
    region: Text | None = None
    term: Text | None = None
    date: Day | None = None
    discount: Discount | None = None
    host: Annotated[
        str | float | None,
        BeforeValidator(keys.host),
        WithJsonSchema({"type": "string", "description": "included, excluded, or a rate to add such as '$1.10/h'"}),
    ] = None
    book: Text | None = None
