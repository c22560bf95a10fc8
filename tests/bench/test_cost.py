"""The ledger: CPU time of a whole family of processes, energy counters that wrap, and prices from a file."""

from __future__ import annotations

import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from translate.bench.cost import table
from translate.cli.bench import bench
from translate.cost import Cost, Meter, load_prices
from translate.errors import ConfigError

BUSY = "import time\nwhile time.process_time() < 0.6: pass\n"
GRANDPARENT = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BUSY!r}])\nprint(flush=True)\ninput()\n"


def zone(rapl: Path, name: str, energy_uj: int) -> None:
    (rapl / name).mkdir(parents=True, exist_ok=True)
    (rapl / name / "energy_uj").write_text(f"{energy_uj}\n")
    (rapl / name / "max_energy_range_uj").write_text("1000000000\n")


def test_cpu_time_of_a_living_child_and_its_ended_children_counts(tmp_path: Path) -> None:
    meter = Meter(tmp_path)
    with subprocess.Popen([sys.executable, "-c", GRANDPARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        while_alive_s, joules = meter.read()
        child.communicate(b"\n")
    after_s, _ = meter.read()
    assert 0.5 < while_alive_s <= after_s < 5
    assert joules is None


def test_energy_is_that_of_the_packages_and_their_counters_may_begin_again(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", 999_000_000)
    zone(tmp_path, "intel-rapl:0:0", 5)  # a part of the first: contained in it
    zone(tmp_path, "intel-rapl:1", 100_000_000)
    meter = Meter(tmp_path)
    zone(tmp_path, "intel-rapl:0", 2_000_000)
    zone(tmp_path, "intel-rapl:0:0", 500_000_000)
    zone(tmp_path, "intel-rapl:1", 107_000_000)
    assert meter.read()[1] == pytest.approx(3.0 + 7.0)


def test_an_hour_is_reckoned_from_what_was_measured_else_from_a_stated_power() -> None:
    measured = Cost(speech_s=60, cpu_s=30, measured_j=1200, watts_per_core=10, languages=2)
    assert (measured.cpu_s_per_hour, measured.wh_per_hour) == (1800, 20)  # 72,000 J an hour
    stated = Cost(speech_s=60, cpu_s=30, measured_j=None, watts_per_core=10, languages=2)
    assert stated.wh_per_hour == 5  # half a core


def test_prices_come_from_a_file_that_anybody_can_edit(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(
        '[[service]]\nname = "Our cloud"\ncurrency = "EUR"\nper_hour = 1\nper_language = 0.5\nsource = "bill"\n'
    )
    (price,) = load_prices(path)
    assert price.hour(3) == 2.5
    out = StringIO()
    cost = Cost(speech_s=60, cpu_s=30, measured_j=None, watts_per_core=10, languages=3)
    Console(file=out, width=120).print(table(cost, [price]))
    assert "1800 CPU s" in out.getvalue()
    assert "2.50 EUR" in out.getvalue()
    assert "10 W a core" in out.getvalue()


def test_the_examples_that_ship_say_where_they_are_from() -> None:
    prices = load_prices()
    assert len(prices) >= 3
    assert all(price.source and price.seen for price in prices)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[[service]]\nname = 'x'", "service 1 needs currency"),
        ("[[service]]\nname='x'\ncurrency='E'\nsource='s'\nper_hour=-1\nper_language=0", "needs per_hour, a price"),
        ("[[service]]\nname='x'\ncurrency='E'\nsource='s'\nper_hour=nan\nper_language=0", "needs per_hour, a price"),
        ("[[service]]\nname='x'\ncost=1", "unknown key cost"),
        ("service = 1", "written as [[service]]"),
        ("service = [1]", "written as [[service]]"),
        ("[[", "is not TOML"),
    ],
)
def test_a_bad_price_file_is_refused_in_one_line(tmp_path: Path, text: str, part: str) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_prices(path)
    assert part in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_missing_price_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read .*none\.toml: no such file"):
        load_prices(tmp_path / "none.toml")


@pytest.mark.parametrize("other", ["quality", "load", "all"])
def test_cost_is_not_measured_beside_what_uses_more(other: str) -> None:
    refused = CliRunner().invoke(bench, ["cost", other])
    assert isinstance(refused.exception, ConfigError)
    assert "run it alone" in str(refused.exception)
