# SPDX-License-Identifier: MIT
"""tools/story/replay.py: the event `violation` as a line for build/host/replay (its keys: tests/unit/README.md)."""
import re

BYTES_RECORDED = 64


def one_word(text):
    return re.sub(r"[^!-~]", "_", text)


def values(event, known):
    """size, old and new, if they fit together; without a dry run there are 8 old bytes, of class core."""
    size, old, new = event["size"], event["old"], event["new"]
    if known and size and old and new and len(old) == len(new) == 2 * min(size, BYTES_RECORDED):
        return {"size": size, "size_exact": int(bool(event["size_exact"])), "old": old, "new": new}
    return {"old": old} if not size and not new and old and len(old) == 16 else {}


def line(event):
    """What the event doesn't know is left out. Only the kernel knows whether a thread may be killed; mostly it may."""
    known = event["redundant"] is not None
    fields = {key: event[key] for key in ("seq", "class", "context", "thread", "kind", "addr", "pc", "count")}
    fields |= {"time_us": event["time"], "has_dry_run": int(known), "redundant": int(bool(event["redundant"])),
               "can_oops": int(event["context"] == "thread"), "several_chains": int(event["class"] == "data" and not event["asked"])}
    fields |= values(event, known)
    return " ".join(f"{key}={one_word(str(value))}" for key, value in fields.items() if value not in (None, ""))
