"""Tools fill the sites that they measure by SQL of their own, which must fit the tables."""

import pytest

from tests.support.site import Site
from tools import growth, pages, pictures, queue_filters

FEW = 40


def test_each_page_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DECIDED", "LINES", "MANY_LINES"):
        monkeypatch.setattr(pages, name, FEW)
    site = Site("fill-pages")
    with site.uvicorn() as server:
        served = pages.Served(server, pages.fill(site, server, FEW, 0))
        for path in pages.PAGES.values():
            served.request(path, 0)
    assert len(served.wall) == len(pages.PAGES)
    assert site.rows("SELECT count(*) FROM reviews_decision") == [(FEW,)]


def test_growth_of_each_cost_is_measured() -> None:
    with growth.filled_site(FEW) as filled:
        assert len(dict(growth.measured([filled], 1))) > len(growth.PAGES)
        entries = filled.site.rows("SELECT count(*) >= %s FROM audit_entry", FEW)
    assert entries == [(True,)]


def test_queue_is_timed_under_each_filter() -> None:
    with queue_filters.filled(FEW) as server:
        for text in (*queue_filters.FILTERS, queue_filters.COUNTS):
            queue_filters.milliseconds(server, text)


def test_pictures_show_decisions_of_a_month(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "DECIDED", 3)
    site = Site("fill-pictures")
    site.manage("seed_apvs", "--count", "5", "--seed", "1")
    with site.uvicorn() as server:
        pictures.decide_some(server)
    site.execute(pictures.SPREAD)
    site.execute(pictures.MAKE_A_MONTH_OF)
    sql = "SELECT count(*), max(decided_at) < now() FROM reviews_decision"
    assert site.rows(sql) == [(3, True)]
