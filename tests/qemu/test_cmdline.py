# SPDX-License-Identifier: MIT
"""tests/qemu/test_cmdline.py: the contract's chapter on boot options, seen from outside (units: tests/unit/)."""
import pytest
from machines import AARCH64
from runner import boot

INJECT = "lab=on inject=lab_sealed_word:store8:1"

COMPLAINTS = [
    ("x=y", "cmdline: x=y: unknown option; ignored"),
    ("x", "cmdline: x: unknown option; ignored"),
    ("'a b'", "cmdline: a b: unknown option; ignored"),
    ("smp=0", "cmdline: smp=0: value is not 1 to 8; using 8"),
    ("smp=9", "cmdline: smp=9: value is not 1 to 8; using 8"),
    ("break=alias", "cmdline: break=alias: unknown option; ignored"),
    ("loglevel=9", "cmdline: loglevel=9: "),
    ("rodata=maybe", "cmdline: rodata=maybe: "),
    ("ro_fault.no_such_object=ignore", "cmdline: ro_fault.no_such_object=ignore: "),
    ("nonce=a-b", "cmdline: nonce=a-b: "),
]


@pytest.mark.parametrize("word, complaint", COMPLAINTS, ids=[c[0] for c in COMPLAINTS])
def test_complaints(machine, word, complaint):
    guest = boot(machine, f"exit=debug ro_fault=ignore {INJECT} {word}", raw=True) if "nonce" not in word else None
    if guest is None:
        guest = boot(machine, f"ro_fault=ignore {INJECT} {word} nonce=zz", raw=True)
    found = [line.split("] ", 1)[1] for line in guest.people_lines if complaint in line]
    assert len(found) == 1 and found[0].startswith(complaint), guest.explain(f"no line {complaint!r}")


BAD_CHAINS = ["FOO", "ignore,FOO", "", "ignore:0", "ignore:4294967296", "ignore:x", "ignore:", ",ignore", "ignore,", "ignore,,once", "IGNORE"]


@pytest.mark.parametrize("chain", BAD_CHAINS)
def test_an_error_in_a_chain_makes_all_of_it_panic(machine, chain):
    guest = boot(machine, f"ro_fault={chain} {INJECT}", "sealed")
    assert guest.one("violation")["chain"] == "panic"
    assert guest.said(f"cmdline: ro_fault={chain}: ") and guest.said("; using panic")


def test_unknown_policy_in_full(machine):
    guest = boot(machine, f"ro_fault=FOO {INJECT}", "sealed")
    line = next(x for x in guest.people_lines if "ro_fault=FOO" in x).split("] ", 1)[1]
    assert line.startswith("cmdline: ro_fault=FOO: unknown policy 'FOO' (known: ") and line.endswith("); using panic")
    for name in ("panic", "oops", "log-and-unprotect", "ignore", "once", "same"):
        assert name in line


def test_the_last_of_two_wins_with_a_warning(machine):
    guest = boot(machine, f"ro_fault=panic {INJECT} ro_fault=ignore")
    assert guest.one("violation")["verdict"] == "ignore"
    assert any("cmdline: ro_fault=" in line for line in guest.people_lines)


QUOTES = [
    'ro_fault="ignore"', "ro_fault='ignore'", '"ro_fault=ignore"', "'ro_fault=ignore'", 'ro_fault=\\"ignore\\"', "  ro_fault=ignore  ",
    'note="a b" ro_fault=ignore', "ro_fault=ig'nor'e",
]


@pytest.mark.parametrize("words", QUOTES)
def test_quotes(machine, words):
    guest = boot(machine, f"{INJECT} {words}")
    assert guest.one("violation")["chain"] == "ignore"


def test_only_the_first_1023_bytes_count(machine):
    start = f"exit=debug ro_fault=ignore {INJECT} "
    pad = "y" * (1023 - len(start) - len(" ro_fault=once"))
    inside = boot(machine, start + pad + " ro_fault=once", raw=True)
    assert inside.one("violation")["verdict"] == "once"
    outside = boot(machine, start + pad + "y ro_fault=once", raw=True)
    assert outside.one("violation")["verdict"] == "ignore"
    assert len(outside.one("boot")["cmdline"]) == 1023


def test_bytes_outside_ascii(machine):
    guest = boot(machine, f"ro_fault=ignore {INJECT} a\x01b ro_fault\u00fc=once")
    assert guest.one("violation")["verdict"] == "ignore"
    assert "a\x01b" in guest.one("boot")["cmdline"]
    assert sum("cmdline: " in line for line in guest.people_lines) == 2


def test_no_command_line_at_all_is_fine(machine):
    from runner import start
    with start(machine, "", raw=True) as guest:
        guest.wait_ready()
        guest.check(None)
        assert guest.one("boot")["cmdline"] == ""


def test_nonce(machine):
    guest = boot(machine, f"exit=debug nonce=abcDEF0123456789abcDEF0123456789 ro_fault=ignore {INJECT}", raw=True)
    assert all(e["nonce"] == "abcDEF0123456789abcDEF0123456789" for e in guest.events)


@pytest.mark.parametrize("level, quiet", [("0", True), ("4", False)])
def test_loglevel(machine, level, quiet):
    guest = boot(machine, f"loglevel={level} ro_fault=ignore {INJECT}")
    usual = boot(machine, f"ro_fault=ignore {INJECT}")
    assert (len(guest.people_lines) < len(usual.people_lines)) if quiet else (len(guest.people_lines) > len(usual.people_lines))


def test_unknown_symbol_has_no_other_effect(machine):
    guest = boot(machine, f"ro_fault=ignore ro_fault.nothing=once {INJECT}")
    assert guest.one("violation")["verdict"] == "ignore"


def test_an_ambiguous_symbol_lists_where(machine):
    """Two static objects of one name, if this kernel has some."""
    from collections import Counter
    from runner import kernel_elf
    kernel = kernel_elf(machine)
    low, high = kernel.symbol("__ro_after_init_start"), kernel.symbol("__ro_after_init_end")
    counts = Counter(s.name for s in kernel.symbols if s.type == 1 and s.size)
    names = [s.name for s in kernel.symbols if s.type == 1 and counts[s.name] > 1 and low <= s.value < high and "." not in s.name]
    for name in names[:1]:
        guest = boot(machine, f"ro_fault=ignore ro_fault.{name}=once {INJECT}")
        assert guest.said(".c:" + name)


def test_exit_debug_is_off_by_default(machine):
    assert boot(machine, f"ro_fault=ignore {INJECT}", raw=True).status == (0 if machine is AARCH64 else 0)
