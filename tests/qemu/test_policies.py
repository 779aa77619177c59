# SPDX-License-Identifier: MIT
"""tests/qemu/test_policies.py: what each policy makes of each form of store, and with which exit status."""
import pytest
from injection import FORMS, KINDS, READ_MODIFY_WRITE, SIZES, WORD, apply, value_for, written
from runner import boot, boot_shared, start

STEP = 0x80  # distance of the targets in lab_sealed_page


def one_of_each(context=""):
    """Every form once, at places of their own in lab_sealed_page."""
    parts = [f"lab_sealed_page+{i * STEP:#x}:{form}:{value_for(form):#x}{context}" for i, form in enumerate(FORMS)]
    return "lab=on inject=" + ";".join(parts)


def before(form):
    return b"\x11" * SIZES[form]


def after(form):
    return written(form, before(form), value_for(form))


def record_of(guest, number):
    base = guest.symbol("lab_sealed_page") + number * STEP
    found = [v for v in guest.violations if base <= int(v["addr"], 16) < base + STEP]
    assert len(found) == 1, guest.explain(f"{len(found)} records for {FORMS[number]}")
    return found[0], base


def check_record(guest, number, verdict):
    record, base = record_of(guest, number)
    form = FORMS[number]
    assert record["class"] == "data" and record["verdict"] == verdict
    assert record["thread"] == "inject" and record["context"] == "thread" and record["cpu"] == 0
    assert apply(record, base, before(form)) == after(form)
    assert bytes.fromhex(record["old"]) == b"\x11" * len(record["old"][::2])
    assert record["redundant"] is False
    assert record["symbol"] == f"lab_sealed_page+{int(record['addr'], 16) - guest.symbol('lab_sealed_page'):#x}"
    if form not in READ_MODIFY_WRITE:
        assert record["size"] == SIZES[form] and record["size_exact"] is True
        assert int(record["addr"], 16) == base
    if form in KINDS:
        assert record["kind"] == KINDS[form]
    if form == "fill":
        expected = ("string", 1) if guest.machine.name == "x86_64" else ("store", 8)
        assert (record["kind"], record["count"]) == expected


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("policy", ["ignore", "once"])
def test_ignore_and_once(machine, policy, form):
    guest = boot_shared(machine, f"ro_fault={policy} " + one_of_each())
    number = FORMS.index(form)
    check_record(guest, number, policy)
    report = guest.named("inject")[number]
    assert report["result"] == "resumed"
    assert bytes.fromhex(report["after"]) == (after(form) if policy == "once" else before(form))


@pytest.mark.parametrize("policy", ["ignore", "once"])
def test_memory_behind_it(machine, policy):
    """The same, read from outside: nothing else of the page has changed."""
    guest = boot(machine, f"ro_fault={policy} " + one_of_each(), memory_file=True, keep=True)
    expected = bytearray(b"\x11" * 4096)
    if policy == "once":
        for i, form in enumerate(FORMS):
            expected[i * STEP:i * STEP + SIZES[form]] = after(form)
    page = guest.read_symbol("lab_sealed_page", 4096)
    guest.close()
    assert page == bytes(expected)


@pytest.mark.parametrize("form", FORMS)
def test_oops(machine, form):
    guest = boot_shared(machine, "ro_fault=oops " + one_of_each())
    number = FORMS.index(form)
    report = guest.named("inject")[number]
    assert report["result"] == "killed"
    assert bytes.fromhex(report["after"]) == before(form)
    oopses = guest.named("oops")
    assert len(oopses) == len(FORMS) and all(o["thread"] == "inject" for o in oopses)
    record = [v for v in guest.violations if v["symbol"].startswith("lab_sealed_page")][number]
    assert record["verdict"] == "oops"


@pytest.mark.parametrize("form", FORMS)
def test_panic(machine, form):
    line = f"lab=on inject=lab_sealed_page:{form}:{value_for(form):#x};lab_sealed_word:store8:1"
    guest = boot(machine, line, "sealed", memory_file=True, keep=True)
    page, word = guest.read_symbol("lab_sealed_page", 4096), guest.read_symbol("lab_sealed_word", 8)
    guest.close()
    assert page == b"\x11" * 4096 and word == WORD
    record = guest.one("violation")
    assert record["verdict"] == "panic" and record["chain"] == "panic" and record["asked"] == ["panic"]
    assert guest.named("inject") == []
    assert guest.said("sealed memory is unchanged")


@pytest.mark.parametrize("name", ["log-and-unprotect", "unprotect"])
def test_unprotect(machine, name):
    """The first store opens its page for good; the others don't even fault."""
    guest = boot(machine, f"ro_fault={name} " + one_of_each())
    record = guest.one("violation")
    assert record["verdict"] == "unprotect"
    for report, form in zip(guest.named("inject"), FORMS, strict=True):
        assert report["result"] == "resumed" and bytes.fromhex(report["after"]) == after(form)
    assert guest.one("exit")["unprotected_pages"] == 1


def test_unprotect_opens_that_page_only(machine):
    guest = boot(machine, "ro_fault=unprotect:1,ignore lab=on inject=lab_sealed_page:store8:1;lab_sealed_next:store8:2;"
                 "lab_sealed_page+8:store8:3")
    assert [v["verdict"] for v in guest.violations] == ["unprotect", "ignore"]
    assert [r["after"] for r in guest.named("inject")] == ["0100000000000000", "22" * 8, "0300000000000000"]


@pytest.mark.parametrize("form", [f for f in FORMS if f != "fill"])
def test_same_lets_a_redundant_store_pass(machine, form):
    value = "same" if form not in ("or",) else "0"
    guest = boot(machine, f"ro_fault=same lab=on inject=lab_sealed_word:{form}:{value}")
    record = guest.one("violation")
    assert record["redundant"] is True and record["verdict"] == "once" and record["asked"] == ["same"]
    assert bytes.fromhex(guest.one("inject")["after"]) == WORD[:SIZES[form]]
    if form in ("store1", "store2", "store4", "store8", "swap"):
        assert record["size"] == SIZES[form] and record["old"] == record["new"] == WORD[:SIZES[form]].hex()


def test_same_hands_over_what_changes_bytes(machine):
    guest = boot(machine, "ro_fault=same,ignore lab=on inject=lab_sealed_word:store8:1")
    record = guest.one("violation")
    assert record["verdict"] == "ignore" and record["redundant"] is False
    assert len(record["asked"]) == 2 and record["asked"][0].startswith("same: ") and record["asked"][1] == "ignore"


def test_same_alone_runs_out(machine):
    guest = boot(machine, "ro_fault=same lab=on inject=lab_sealed_word:store8:1", "sealed")
    assert guest.one("violation")["verdict"] == "panic"


@pytest.mark.parametrize("context", ["irq", "commit"])
def test_oops_has_no_victim_there(machine, context):
    guest = boot(machine, f"ro_fault=oops,ignore lab=on inject=lab_sealed_word:store8:1@{context}")
    record = guest.one("violation")
    assert record["context"] == context and record["verdict"] == "ignore"
    assert record["asked"][0].startswith("oops: ") and record["asked"][1] == "ignore"
    boot(machine, f"ro_fault=oops lab=on inject=lab_sealed_word:store8:1@{context}", "sealed")


@pytest.mark.parametrize("context", ["thread", "irq", "commit"])
@pytest.mark.parametrize("policy", ["ignore", "once", "unprotect"])
def test_contexts(machine, policy, context):
    guest = boot(machine, f"ro_fault={policy} lab=on inject=lab_sealed_word:store8:0xdead@{context}")
    record = guest.one("violation")
    assert record["context"] == context and record["verdict"] == policy
    assert (record["old"], record["new"]) == (WORD.hex(), "adde000000000000")
    report = guest.one("inject")
    assert report["result"] == "resumed"
    assert report["after"] == (WORD.hex() if policy == "ignore" else "adde000000000000")


CHAINS = [
    ("ignore:1,once:1,ignore", ["ignore", "once", "ignore", "ignore"], "ok"),
    ("ignore:2", ["ignore", "ignore", "panic"], "sealed"),
    ("once:4294967295", ["once"] * 4, "ok"),
    ("same,ignore:3,panic", ["ignore", "ignore", "ignore", "panic"], "sealed"),
    ("oops:1,ignore", ["oops", "ignore", "ignore", "ignore"], "ok"),
    ("same:1,same:1,once", ["once"] * 4, "ok"),
]


@pytest.mark.parametrize("chain, verdicts, status", CHAINS, ids=[c[0] for c in CHAINS])
def test_chains_and_budgets(machine, chain, verdicts, status):
    stores = ";".join(f"lab_sealed_page+{0x100 * i:#x}:store8:{i + 1}" for i in range(4))
    guest = boot(machine, f"ro_fault={chain} lab=on inject={stores}", status)
    assert [v["verdict"] for v in guest.violations] == verdicts
    assert all(v["chain"] == chain for v in guest.violations)


def test_an_object_of_its_own_chain(machine):
    guest = boot(machine, "ro_fault=ignore ro_fault.lab_sealed_page=once lab=on "
                 "inject=lab_sealed_word:store8:1;lab_sealed_page+64:store8:2;lab_sealed_next:store8:3")
    assert [v["verdict"] for v in guest.violations] == ["ignore", "once", "ignore"]
    assert [v["chain"] for v in guest.violations] == ["ignore", "once", "ignore"]


def test_rodata_off(machine):
    guest = boot(machine, "rodata=off " + one_of_each() + ";lab_sealed_word:store8:0xdead")
    seal = guest.one("seal")
    assert seal["state"] == "off" and guest.violations == []
    assert [bytes.fromhex(r["after"]) for r in guest.named("inject")][:-1] == [after(f) for f in FORMS]
    assert seal["pages"] > 0 and seal["objects"] > 0


def test_exit_counts(machine):
    guest = boot(machine, "ro_fault=ignore:1,once:2,oops lab=on inject=" +
                 ";".join(f"lab_sealed_page+{0x100 * i:#x}:store8:{i + 1}" for i in range(5)))
    last = guest.one("exit")
    assert last["violations"] == last["stores"] == 5
    assert {k: v for k, v in last["by_verdict"].items() if v} == {"ignore": 1, "once": 2, "oops": 2}


@pytest.mark.parametrize("policy", ["once", "log-and-unprotect"])
def test_a_kernel_that_can_not_print_any_more(machine, policy):
    """Where the write that was let through took the serial line away, it ends all the same."""
    if machine.name != "aarch64":
        return  # there the serial line is behind ports
    with start(machine, f"lab=on ro_fault={policy} inject=boot_tables_live:store1:1") as guest:
        guest.wait_end()
        assert guest.status == machine.statuses["panic"] and not guest.named("exit"), guest.explain("another end")
