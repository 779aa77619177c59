# SPDX-License-Identifier: MIT
"""tests/tree/test_recordings.py: each recording that tools/recordings.py knows is there, whole, and shows each thing that it types."""
import json
import os

import pytest
import recordings
from source import read


def shown(name):
    head, *events = read(f"docs/recordings/{name}.cast").splitlines()
    head = json.loads(head)
    assert (head["version"], head["width"], head["height"]) == (2, recordings.COLUMNS, recordings.ROWS)
    return "".join(json.loads(event)[2] for event in events)


def test_all_are_there():
    assert sorted(f"{name}.cast" for name in recordings.RECORDINGS) == sorted(os.listdir(recordings.FOLDER))


@pytest.mark.parametrize("name", recordings.RECORDINGS)
def test_a_recording_shows_what_it_types(name):
    text, at = shown(name), 0
    for typed, behind in recordings.RECORDINGS[name]:
        if typed.startswith("\x01"):
            continue
        assert typed in text[at:], typed
        at = text.index(typed, at)
        assert not behind or behind in text[at:], typed
