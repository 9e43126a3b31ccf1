"""What every table of a scenario file is: frozen, and closed to keys that it does not know."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of the file; keys that it does not know are problems."""

    model_config = ConfigDict(extra="forbid", frozen=True)
