"""What the resolver finds out on its way: facts with sources, problems with places, warnings."""

from collections.abc import Sequence

from simulator.foundation.issues import Issue, ScenarioError
from simulator.foundation.units import show
from simulator.scenario.lines import Path, dotted
from simulator.scenario.load import Loaded
from simulator.scenario.values import Assumption


def about(value: float, dimension: str) -> str:
    """Write a quantity for a person, to six digits.

    Examples
    --------
    >>> about(53665.5, "time"), about(1.4e12, "tokens"), about(0.1 + 0.2, "ratio")
    ('14.9071 h', '1.4T tokens', '0.3')
    """
    text = show(value, dimension)
    digits = len(text) - len(text.lstrip("$0123456789.e+-"))
    money = "$" if text.startswith("$") else ""
    return f"{money}{float(text[len(money) : digits]):.6g}{text[digits:]}"


class Findings:
    """Collects while the parts of a scenario are resolved; the last word is `close`.

    Parameters
    ----------
    loaded : Loaded
        Knows where each path was written.
    """

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded
        self.facts: list[Assumption] = []
        self.issues: list[Issue] = []
        self.warnings: list[str] = []

    def fact(self, path: Path, value: str, source: str, evidence: str = "") -> None:
        """Note a value that was looked up or derived."""
        self.facts.append(Assumption(path=dotted(path), value=value, source=source, evidence=evidence))

    def amount(self, path: Path, value: float, dimension: str, source: str, evidence: str = "") -> float:
        """Note a quantity that was looked up or derived, and hand it back."""
        self.fact(path, about(value, dimension), source, evidence)
        return value

    def problem(self, path: Path, message: str) -> None:
        """Note a reason why the scenario cannot be used."""
        self.issues.append(self.loaded.issue(path, message))

    def lacks_model(self, path: Path, message: str) -> None:
        """Note a problem that comes of having no model, unless the model itself is the problem."""
        if not self.is_problem("model.architecture"):
            self.problem(path, message)

    def is_problem(self, path: str) -> bool:
        """Tell whether a problem of a path is noted, so that what comes of it need not be."""
        return any(issue.path == path for issue in self.issues)

    def warn(self, message: str) -> None:
        """Note what the reader of a result should know."""
        if message not in self.warnings:
            self.warnings.append(message)

    def close(self) -> Sequence[Assumption]:
        """Return the facts, or raise every problem at once."""
        if self.issues:
            raise ScenarioError(dict.fromkeys(self.issues))
        return tuple(self.facts)
