"""What an hour of speech costs, as operators are told: measured while somebody speaks, beside prices from a file."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from translate.config import Config, ServerConfig, ServiceConfig
from translate.errors import ConfigError
from translate.server import Server
from translate.server.metrics.cost_totals import CostTotals

PRICES = """
[[service]]
name = "Elsewhere"
currency = "EUR"
per_hour = 1.5
per_language = 0.25
source = "a contract"
"""


@dataclass
class Machine:
    """Counters of CPU seconds and joules, and meters that read them."""

    cpu_s: float = 0.0
    joules: float | None = None

    def meter(self) -> Reading:
        start = Machine(self.cpu_s, self.joules)
        return Reading(start, self)


@dataclass
class Reading:
    start: Machine
    machine: Machine

    def read(self) -> tuple[float, float | None]:
        start_j, now_j = self.start.joules, self.machine.joules
        return self.machine.cpu_s - self.start.cpu_s, None if start_j is None or now_j is None else now_j - start_j


@pytest.fixture
def prices(tmp_path):
    path = tmp_path / "prices.toml"
    path.write_text(PRICES)
    return path


def test_only_the_time_while_somebody_speaks_counts(prices) -> None:
    machine = Machine()
    totals = CostTotals(ServiceConfig(busy_core_w=20, prices=str(prices)), machine.meter)
    machine.cpu_s += 1000  # idle hours before
    assert totals.as_dict(0, 0) is None
    totals.began()
    machine.cpu_s += 6
    assert totals.as_dict(9.9, 1) is None, "too little to tell"
    totals.began()  # a second room
    machine.cpu_s += 6
    totals.ended(12)
    machine.cpu_s += 3
    totals.ended(18)
    machine.cpu_s += 5000  # idle hours after
    assert totals.as_dict(0, 2.2) == {
        "speech_s": 30,
        "cpu_s_per_hour": 1800,  # 15 s for 30 s of sound
        "wh_per_hour": 10,  # half a core of 20 W
        "is_measured": False,
        "languages": 2,
        "elsewhere": [{"name": "Elsewhere", "currency": "EUR", "per_hour": 2.0, "translates": True}],
    }
    totals.began()
    machine.cpu_s += 15
    assert totals.as_dict(30, 2)["cpu_s_per_hour"] == 1800, "a session that runs is in it"


def test_energy_is_the_processors_own_where_it_tells(prices) -> None:
    machine = Machine(joules=500.0)
    totals = CostTotals(ServiceConfig(prices=str(prices)), machine.meter)
    for _ in range(2):
        totals.began()
        machine.cpu_s, machine.joules = machine.cpu_s + 1, machine.joules + 300
        totals.ended(30)
    told = totals.as_dict(0, 0)
    assert (told["wh_per_hour"], told["is_measured"]) == (10, True)  # 600 J in a minute
    assert told["elsewhere"][0]["per_hour"] == 1.5


async def test_statistics_tell_the_cost_once_something_was_said(server) -> None:
    speaker = await server.client()
    await speaker.hello("speaker", source="en", targets=("de", "es"))
    assert server.server.stats()["cost"] is None
    await speaker.speak(24)
    await speaker.until(lambda m: getattr(m, "lang", "") == "es" and m.segment == 5 and m.final)
    cost = server.server.stats()["cost"]
    assert cost["speech_s"] == pytest.approx(24 * 0.512, abs=0.1)
    assert cost["languages"] == 2
    assert cost["cpu_s_per_hour"] > 0
    assert len(cost["elsewhere"]) >= 3, "the examples that ship"


def test_a_bad_price_file_is_named_at_the_start(backend, tmp_path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text('[[service]]\nname = "x"\ncurrency = "EUR"\nsource = "y"\nper_hour = "much"\nper_language = 0\n')
    config = Config(server=ServerConfig(port=0), service=ServiceConfig(prices=str(path)))
    with pytest.raises(ConfigError, match="service 1 needs per_hour, a price"):
        Server(config, backend)
