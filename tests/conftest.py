# SPDX-License-Identifier: MIT
"""tests/conftest.py: how tests/run.py's workers share the tests.

Every worker collects the same tests; one file on one machine is a group, and a worker claims the next group by
making a directory. Results go to a file of JSON lines, which tests/run.py adds up. Without --claims (a person
running pytest) it is plain pytest.
"""
import fcntl
import fnmatch
import json
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
for folder in ("qemu", os.path.join("..", "tools"), "tree"):
    sys.path.insert(0, os.path.normpath(os.path.join(HERE, folder)))

from machines import MACHINES  # noqa: E402  (needs the path above)

SLOWEST_FIRST = ("test_iso", "test_clang", "test_build")


def pytest_addoption(parser):
    parser.addoption("--arch", default="", help="only this machine")
    parser.addoption("--match", default="", help="only tests with this in their name; * and ? are wild")
    parser.addoption("--claims", default="", help="folder in which workers claim groups of tests")
    parser.addoption("--results", default="", help="file for the results")
    parser.addoption("--long", action="store_true", help="also the tests marked `long`")


configs = []


@pytest.fixture
def make_debug():
    """Whoever has it may run `make debug`: in build/ARCH there is one at a time, and one log; the other worker waits."""
    with open(os.path.join(HERE, "..", "build", "make-debug.lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def pytest_configure(config):
    configs.append(config)
    config.addinivalue_line("markers", "long: only in make check-all")


def pytest_generate_tests(metafunc):
    if "machine" in metafunc.fixturenames and not ("name" in metafunc.fixturenames and hasattr(metafunc.module, "pytest_generate_tests")):
        arch = metafunc.config.getoption("--arch")
        only = getattr(metafunc.module, "ONLY_MACHINES", list(MACHINES))
        chosen = [MACHINES[name] for name in only if arch in ("", name)]
        metafunc.parametrize("machine", chosen, ids=str, scope="session")


def matches(name, pattern):
    """Is the pattern in the name? Brackets mean themselves: they are part of tests' names."""
    return fnmatch.fnmatchcase(name, "*" + pattern.replace("[", "[[]") + "*")


def pytest_collection_modifyitems(config, items):
    pattern, long = config.getoption("--match"), config.getoption("--long")
    kept = [i for i in items if matches(i.nodeid, pattern) and (long or not i.get_closest_marker("long"))
            and not (hasattr(i, "callspec") and "NOTSET" in i.name)]
    config.hook.pytest_deselected(items=[i for i in items if i not in kept])
    items[:] = kept


def group_of(item):
    machine = item.callspec.params.get("machine") if hasattr(item, "callspec") else None
    return f"{item.path.stem}-{machine}" if machine else item.path.stem


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session):
    claims = session.config.getoption("--claims")
    if not claims or session.config.option.collectonly:
        return None
    groups = {}
    for item in session.items:
        groups.setdefault(group_of(item), []).append(item)
    order = sorted(groups, key=lambda g: (not g.startswith(SLOWEST_FIRST), -len(groups[g]), g))
    for name in order:
        try:
            os.mkdir(os.path.join(claims, name))
        except FileExistsError:
            continue
        run_group(session, groups[name])
        write_result(session.config, {"group": name, "tests": len(groups[name])})
    return True


def run_group(session, items):
    for index, item in enumerate(items):
        following = items[index + 1] if index + 1 < len(items) else None
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


def write_result(config, result):
    path = config.getoption("--results")
    if path:
        with open(path, "a", encoding="utf-8") as f:
            f.write(json.dumps(result) + "\n")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.when == "call" or report.failed:
        write_result(item.config, {"test": item.nodeid, "passed": report.passed, "seconds": round(call.duration, 2),
                                   "text": "" if report.passed else report.longreprtext})


def pytest_collectreport(report):
    if report.failed and report.longrepr:
        for config in configs:
            write_result(config, {"test": report.nodeid, "passed": False, "seconds": 0, "text": report.longreprtext})
