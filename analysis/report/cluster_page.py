"""The report of a cluster as one HTML file that needs nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.report.exhibits import Exhibit, written
from analysis.report.page import data_uri, filled
from analysis.report.tables import Table
from simulator import __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A section of the page: its key, which its pictures name as their section, its words and its tables."""

    key: str
    title: str
    text: Sequence[str] = ()
    tables: Sequence[Table] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterPage:
    """What the page says.

    Parameters
    ----------
    title, answer, rows_read : str
        Head of the page: what was simulated, the answer in a sentence, and what became of the rows of the log.
    parts : sequence of Part
        In order.
    exhibits : sequence of Exhibit
        Pictures, each in the part that it names.
    policy, shown : str
        Whose schedule the pictures show, and of which jobs, such as ``the log as it is``.
    seed, replications : int
        Of the run.
    facts : str
        The answer for programs, as JSON, for download.
    """

    title: str
    answer: str
    rows_read: str
    parts: Sequence[Part]
    exhibits: Sequence[Exhibit]
    policy: str
    shown: str
    seed: int
    replications: int
    facts: str

    def html(self) -> str:
        """Return the page."""
        return filled(
            "cluster_page.html",
            written(self.exhibits),
            title=self.title,
            answer=self.answer,
            rows_read=self.rows_read,
            parts=self.parts,
            policy=self.policy,
            shown=self.shown,
            seed=self.seed,
            replications=self.replications,
            version=__version__,
            facts_data=data_uri(self.facts + "\n", "application/json"),
        )
