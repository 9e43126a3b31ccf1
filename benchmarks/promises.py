"""What every benchmark here shares: how a promise is told, and how a benchmark ends."""

import os
import sys
from collections.abc import Callable


def promise(what: str, measured: float, detail: str, bound: float, *, least: bool = False) -> bool:
    """Print one promise, and return whether it is kept: `bound` is the most that was promised, or the least."""
    kept = measured >= bound if least else measured <= bound
    said = f"promised: at {'least' if least else 'most'} {bound:,g}"
    print(f"{'kept' if kept else 'BROKEN':6}  {measured:9,.2f} ({said})  {what}  {detail}".rstrip(), flush=True)
    return kept


def finish(main: Callable[[], int]) -> None:
    """Run a benchmark and exit with its code; 1 without a word where whoever read the output has gone."""
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left is flushed at the exit
        code = 1
    sys.exit(code)
