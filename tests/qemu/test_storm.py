# SPDX-License-Identifier: MIT
"""tests/qemu/test_storm.py: a storm of writes to sealed memory under `ignore`: exact counts, bounded output, a machine that
works afterwards. The storm itself and what it must leave behind is kernel/selftest/storm_test.c."""
import re

import pytest
from runner import boot, boot_shared, kernel_elf

# Of a round in storm_test.c: 1,000 stores; 625 at one address are a record each, two runs are one record each.
STORES_IN_A_ROUND, RECORDS_IN_A_ROUND = 1000, 627
BURST, PER_SECOND = 256, 20
# A record in words and as an event, and the line about those left out.
BYTES_OF_A_RECORD = 1400
STORM = "test=storm_20_thousand ro_fault=ignore"
EXACT = ("-icount", "shift=0,sleep=off")


def check_storm(guest, stores):
    """One store more than the storm: the machine is tried with it afterwards."""
    last, rounds = guest.one("exit"), stores // STORES_IN_A_ROUND
    assert f"ok 1 {guest.cmdline.split('test=')[1].split()[0]}" in guest.people_lines, guest.explain("it did not pass")
    assert last["stores"] == stores + 1
    assert last["violations"] == last["by_verdict"]["ignore"] == rounds * RECORDS_IN_A_ROUND + 1
    assert guest.left_out == last["violations"] - len(guest.violations) > 0
    seconds = max(v["time"] for v in guest.violations) / 1e6 + 1
    assert BURST <= len(guest.violations) <= BURST + PER_SECOND * seconds + 2
    assert len(guest.raw) <= 20000 + BYTES_OF_A_RECORD * len(guest.violations)
    said = [int(m[1]) for x in guest.people_lines if (m := re.search(r"\] ro: (\d+) records were not printed \(too many at once\)$", x))]
    assert said and sum(said) <= guest.left_out


def test_the_storm(machine):
    check_storm(boot(machine, STORM, seconds=240), 20_000)


def test_its_counts_do_not_depend_on_the_clock(machine):
    """Under -icount time goes by instructions, so hardly any record may be printed behind the burst."""
    guest = boot_shared(machine, STORM, seconds=240, extra=EXACT)
    check_storm(guest, 20_000)
    assert len(guest.violations) < BURST + 40


def test_runs_are_one_record_each(machine):
    """Upwards and downwards: the record names where the run begins, and has its first 64 bytes."""
    up, down, *others = boot_shared(machine, STORM, seconds=240, extra=EXACT).violations
    page = kernel_elf(machine).symbol("lab_sealed_page")
    for record, offset, count, new in ((up, 0x40, 250, range(8)), (down, 0xC18, 125, range(125, 117, -1))):
        assert (record["count"], record["size"], record["symbol"]) == (count, 8 * count, f"lab_sealed_page+{offset:#x}")
        assert int(record["addr"], 16) == page + offset
        assert (record["old"], record["new"]) == ("11" * 64, b"".join(n.to_bytes(8, "little") for n in new).hex())
    assert {(v["count"], v["size"]) for v in others} <= {(1, 8), (250, 2000), (125, 1000)}


@pytest.mark.long
def test_a_million(machine):
    check_storm(boot(machine, "test=storm_1_million ro_fault=ignore", seconds=3000), 1_000_000)


def test_it_is_left_out_unless_named(machine):
    guest = boot(machine, "test=*_thousand ro_fault=ignore")
    assert "ok 1 storm_20_thousand # SKIP takes long: boot with test=storm_..." in guest.people_lines
    assert guest.one("exit")["stores"] == 0
