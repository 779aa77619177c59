# SPDX-License-Identifier: MIT
"""tests/qemu/test_replay.py: policies are pure: the records of a real boot, asked again on this computer.

build/host/replay (tests/unit/replay.c) links the kernel's own policies and chain.
"""
import os
import subprocess

import pytest
from machines import TOP
from runner import boot_shared

from story.replay import line

STORES = ("lab_sealed_word:store8:same;lab_sealed_page+64:store8:5;lab_sealed_page+128:store8:6@irq;lab_sealed_page+192:store4:7@commit;"
          "lab_sealed_page+256:fill:8;lab_sealed_word:store8:same;lab_sealed_page+512:swap:9;lab_sealed_next+8:store1:1")
CHAINS = ["same,oops,ignore:2,once", "ignore", "oops,ignore", "once:3,same,oops:1,unprotect:1,ignore", "same:1,ignore"]


def real_boot(machine, chain="ignore"):
    return boot_shared(machine, f"ro_fault={chain} lab=on inject={STORES}")


def replay(chain, records):
    return replay_lines(chain, "".join(line(r) + "\n" for r in records))


def replay_lines(chain, text):
    done = run_replay(chain, text)
    assert (done.returncode, done.stderr) == (0, "")
    return [answer.split(": ", 1) for answer in done.stdout.splitlines()]


def run_replay(chain, text, program=os.path.join(TOP, "build", "host", "replay")):
    return subprocess.run([program, chain], input=text, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("chain", [c for c in CHAINS if "unprotect" not in c])
def test_the_same_chain_says_the_same(machine, chain):
    """What the kernel decided in its fault handler, the host decides again."""
    records = real_boot(machine, chain).violations
    answers = replay(chain, records)
    assert [verdict for verdict, _ in answers] == [r["verdict"] for r in records]
    assert [asked for _, asked in answers] == ["; ".join(r["asked"]) for r in records]


@pytest.mark.parametrize("chain", CHAINS)
def test_another_chain_may_be_tried(machine, chain):
    records = real_boot(machine).violations
    answers = replay(chain, records)
    assert len(answers) == len(records)
    redundant = [verdict for (verdict, _), r in zip(answers, records, strict=True) if r["redundant"]]
    if chain.startswith("same,"):
        assert redundant == ["once"] * len(redundant)


def test_from_a_log_to_another_chain(machine):
    """tools/explain --replay run.log | build/host/replay CHAIN, as docs/add-a-policy.md says."""
    guest = real_boot(machine)
    done = subprocess.run([os.path.join(TOP, "tools", "explain"), "--replay", "-"], input=guest.raw, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode()
    assert text == "".join(line(r) + "\n" for r in guest.violations)
    assert replay_lines("same,panic", text) == replay("same,panic", guest.violations)
    first = dict(word.split("=") for word in text.split("\n")[1].split())
    record = guest.violations[1]
    assert (first["old"], first["new"], first["size"]) == (record["old"], record["new"], "8")
    assert (first["addr"], first["pc"], first["time_us"]) == (record["addr"], record["pc"], str(record["time"]))
    assert (first["thread"], first["kind"]) == ("inject", "store")


def test_thousands_a_second(machine):
    records = real_boot(machine).violations * 500
    assert len(replay("same,ignore", records)) == len(records)


# --- a policy that looks at everything: what the keys say reaches it --------------------------------------------

LOOKS = """
#include <amber/policy.h>
#include <amber/string.h>
static struct decision looks_decide(const struct violation *v, void *state)
{
	(void)state;
	if (v->time_us != 1234567)
		return policy_hand_over("time_us");
	if (v->pc != 0xffffffff80200010 || v->addr != 0xffffffff80238010)
		return policy_hand_over("pc or addr");
	if (!v->has_size || v->size_bytes != 2 || !v->size_exact)
		return policy_hand_over("size");
	if (!v->has_values || v->old[0] != 0x0a || v->old[1] != 0xff || v->new[0] != 1 || v->new[1] != 2)
		return policy_hand_over("values");
	if (v->kind != KIND_ZERO_BLOCK || v->seq != 7 || v->count != 3)
		return policy_hand_over("kind, seq or count");
	if (strcmp(v->thread, "worker"))
		return policy_hand_over("thread");
	return policy_decided(VERDICT_IGNORE);
}
static const struct policy policy_looks = { .name = "looks", .help = "x", .state_bytes = STATE, .decide = looks_decide };
POLICY(policy_looks);
"""
GOOD = {"time_us": "1234567", "pc": "0xffffffff80200010", "addr": "0xffffffff80238010", "size": "2", "size_exact": "1", "old": "0aff",
        "new": "0102", "kind": "zero-block", "seq": "7", "count": "3", "thread": "worker", "has_dry_run": "1"}


@pytest.fixture(scope="module")
def with_looks(tmp_path_factory):
    """A replay that has that policy, too, built by the Makefile's own command."""
    def build(state_bytes):
        folder = tmp_path_factory.mktemp("replay")
        (folder / "looks.c").write_text(LOOKS)
        words = next(text for text in subprocess.run(["make", "-n", "-B", "build/host/replay"], cwd=TOP, stdout=subprocess.PIPE, text=True,
                     check=True).stdout.splitlines() if text.startswith("gcc ")).split()
        words[words.index("-o"):] = ["-O0", f"-DSTATE={state_bytes}", str(folder / "looks.c"), "-o", str(folder / "replay")]
        subprocess.run(" ".join(words), shell=True, cwd=TOP, check=True)
        return str(folder / "replay")
    return build


def test_every_key_reaches_the_policy(with_looks):
    program = with_looks(0)

    def ask(**changes):
        return run_replay("looks,panic", " ".join(f"{k}={v}" for k, v in {**GOOD, **changes}.items() if v is not None) + "\n", program)

    assert ask().stdout == "ignore: looks\n"
    assert ask(has_dry_run="0", new=None, old=None, size=None).stdout == "panic: looks: size; panic\n"
    for key, value, why in (("time_us", "1", "time_us"), ("pc", "0", "pc or addr"), ("addr", "1", "pc or addr"), ("size_exact", "0", "size"),
                            ("old", "0afe", "values"), ("new", "0103", "values"), ("kind", "store", "kind, seq or count"),
                            ("seq", "8", "kind, seq or count"), ("count", "1", "kind, seq or count"), ("thread", "other", "thread")):
        assert ask(**{key: value}).stdout == f"panic: looks: {why}; panic\n", key
    for key, value in (("old", "0a"), ("old", "0aff1"), ("old", "0agg"), ("new", "01"), ("size", "3"), ("size", "x"), ("pc", "-1"),
                       ("kind", "big"), ("has_dry_run", "0"), ("size_exact", "2"), ("flavour", "1")):
        done = ask(**{key: value})
        assert done.returncode == 2 and done.stdout == "" and done.stderr.startswith("replay: line 1: ") and done.stderr.count("\n") == 1, key


def test_too_large_a_state_is_refused(with_looks):
    done = run_replay("panic", "", with_looks(480))
    assert (done.returncode, done.stderr) == (2, "replay: policy 'looks': state of 480 bytes, at most 256\n")
