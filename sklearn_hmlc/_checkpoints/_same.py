"""Whether a checkpoint is of the same training, and what is other if it is not.

Stage: when a checkpoint is found. In: the facts of its training and of this one, see
`_fingerprint`. Out: nothing, an error or a warning that says what differs.
"""

from __future__ import annotations

import warnings

from ._file import HOW_TO_BEGIN

# What has digests, and the quotes around the names in it.
DIGESTED = {"parameters": "`", "data": ""}


def check_same_facts(before, now, path):
    """Raise where the training of a checkpoint is another one than this."""
    wrong = [*_other_versions(before, now), *_others(before, now)]
    if wrong:
        more = f" (and {len(wrong) - 3} more)" if len(wrong) > 3 else ""
        raise ValueError(
            f"{path} is the checkpoint of another training: {'; '.join(wrong[:3])}"
            f"{more}. With all as it was, `fit` goes on there. {HOW_TO_BEGIN}"
        )


def _other_versions(before, now):
    for name in {**before["versions"], **now["versions"]}:
        was, is_now = (facts["versions"].get(name, "absent") for facts in (before, now))
        if was != is_now:
            yield f"{name} was of version {was}, and is {is_now}"


def _others(before, now):
    for kind, quotes in DIGESTED.items():
        for name in {**before[kind], **now[kind]}:
            was = before[kind].get(name, (None, "absent"))
            is_now = now[kind].get(name, (None, "absent"))
            if was[0] == is_now[0]:
                continue
            what = f"{quotes}{name}{quotes}"
            if was[1] == is_now[1]:
                yield f"{what} differs (both: {was[1]})"
            else:
                yield f"{what} was {was[1]}, and is {is_now[1]}"
    if before["start"] != now["start"]:
        yield "it went on from another net"


def warn_of_machine(before, now):
    other = [
        f"{name} {before[name]!r}, now {now[name]!r}"
        for name in now
        if before.get(name, now[name]) != now[name]
    ]
    if other:
        warnings.warn(
            f"Training goes on with other rounding than it began: {'; '.join(other)}. "
            "The model is as good, but not the same to the last bit.",
            UserWarning,
            stacklevel=2,
        )
