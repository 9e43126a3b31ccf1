"""What the words of a report mean."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

GLOSSARY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "accelerator": "One GPU or one TPU chip.",
        "accelerator-hour": "One accelerator held for one hour, busy or not.",
        "checkpoint": "A copy of the state of the training on storage; after a stop, work goes on from the last one.",
        "effective MFU": "MFU over the whole wall-clock time, losses included.",
        "ETTR": "Effective training time ratio: productive time over wall-clock time. Here it is called goodput.",
        "FLOP": "One floating-point operation; a model needs a known number of them for each token.",
        "goodput": "Share of the job's accelerator-hours in which the model learned something that was kept.",
        "interruption": "A stop of the job, whatever the cause, after which it starts again from a checkpoint.",
        "ledger": "The list of all accelerator-hours and dollars by what they went to; it sums to the totals.",
        "lost work": "Training since the last usable checkpoint, thrown away by a stop and done again.",
        "MFU": "Model FLOP utilisation: FLOPs that the model needs, over what the accelerators could do at their peak.",
        "MTBF": "Mean time between failures of the job, all its machines together.",
        "net, gross": "Net hours contain training only; gross hours contain every stop, save and repeated step too.",
        "node": "A machine with several accelerators; it is what fails and what is replaced.",
        "p10, p50, p90": "One run in ten ends below p10, half below p50 (the median), nine in ten below p90.",
        "replica": "One simulated run; replicas differ in their luck and in nothing else.",
        "seed": "The number that all random draws come from; equal seeds give equal results.",
        "spare": "A node held ready beside the job, billed while it waits.",
        "stage": "A stretch of the run on one set of machines and with one batch size.",
        "start delay": "Time from the submission to a shared cluster until the run has its machines.",
        "token": "A piece of text, the unit in which training data is counted.",
    }
)
