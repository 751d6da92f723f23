"""What the rest of the panel is told."""

import asyncio
import gc
import json
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import aiohttp
import psutil
import pytest

from controlpanel.models import User
from deployments.public import InFlightRow
from gateway.door.clock import Clock
from gateway.door.exchange import Exchange
from gateway.door.paths import Dialect
from gateway.door.usage_rows import write_usage
from gateway.models import ApiKey, Outcome, UsageRecord

from .house import SECRET, known, open_house, route, until
from .raw_engine import LAST, SSE, Heard, chunk, raw_engine, whole

AT = datetime(2026, 5, 1, tzinfo=UTC)
OTHER = "pl_" + "o" * 43


async def test_open_requests_are_told_and_their_end_too() -> None:
    go_on = asyncio.Event()

    async def slow(heard: Heard, writer: asyncio.StreamWriter) -> None:
        await go_on.wait()
        await whole(200, b"{}")(heard, writer)

    async with raw_engine(slow) as engine, open_house(route(engine.url)) as house:
        house.admit(known(key_id=8, owner_id=4, owner_name="Bert"), OTHER)
        asking = [asyncio.ensure_future(house.post()) for _ in range(2)]
        asking.append(asyncio.ensure_future(house.post(headers={"x-api-key": OTHER})))
        await until(lambda: len(engine.heard) == 3)
        await house.tick()
        assert sorted(house.panel.in_flight[-1], key=lambda row: row.count) == [
            InFlightRow(deployment_id=1, holder_name="Bert", key_id=8, count=1),
            InFlightRow(deployment_id=1, holder_name="Anna", key_id=7, count=2),
        ]
        go_on.set()
        await asyncio.gather(*asking)
        await until(lambda: not house.books.open)
        told = len(house.panel.in_flight)
        await house.tick()
        await house.tick()
        assert house.panel.in_flight[told:] in ([[]], [])  # once, by this tick or by the door's own
        assert house.panel.in_flight[-1] == []
        assert house.panel.uses == [1]


async def test_books_are_told_without_being_asked() -> None:
    async with raw_engine(whole(200, b"{}")) as engine, open_house(route(engine.url)) as house:
        async with house.post():
            pass
        await until(lambda: house.rows)
        assert house.panel.uses == [1]


async def test_counting_tokens_is_no_use() -> None:
    async with (
        raw_engine(whole(200, b'{"input_tokens":9}')) as engine,
        open_house(route(engine.url)) as house,
    ):
        async with house.post("/v1/messages/count_tokens") as answer:
            assert await answer.json() == {"input_tokens": 9}
        assert (await house.row()).outcome == Outcome.OK
        assert house.panel.uses == []
        assert not any(house.panel.in_flight)


async def test_failing_database_holds_nobody_up_and_loses_nothing() -> None:
    away = True
    written: list[UsageRecord] = []

    def write(rows: Sequence[UsageRecord]) -> None:
        if away:
            raise RuntimeError("database is locked")
        written.extend(rows)

    async with raw_engine(whole(200, b"{}")) as engine, open_house(route(engine.url), write=write) as house:
        for _ in range(3):
            async with house.post() as answer:
                assert answer.status == 200
        await until(lambda: not house.books.open)
        await house.tick()
        assert written == []
        away = False
        await house.tick()
        assert len({row.request_id for row in written}) == 3


async def test_rows_that_cannot_be_written_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.door.bookkeeper._MOST_ROWS", 5)

    def write(rows: Sequence[UsageRecord]) -> None:
        raise RuntimeError("database is locked")

    async with open_house(write=write) as house:
        for _ in range(8):
            async with house.post() as answer:
                assert answer.status == 404
        assert len(house.books._rows) == 5


@pytest.mark.slow
async def test_two_hundred_streams_at_once_leave_nothing_behind() -> None:
    streams = 200

    async def paced(heard: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(SSE)
        for number in range(20):
            writer.write(chunk(b"data: %d\n\n" % number))
            await writer.drain()
            await asyncio.sleep(0.01)
        writer.write(chunk(b'data: {"usage":{"prompt_tokens":2,"completion_tokens":20}}\n\n') + LAST)

    async with raw_engine(paced) as engine, open_house(route(engine.url)) as house:
        ports = {port_of(engine.url), port_of(house.url)}
        tasks, files = len(asyncio.all_tasks()), held(ports)
        key = {"x-api-key": SECRET}
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(house.url, connector=connector, headers=key) as http:

            async def one() -> bytes:
                async with http.post("/v1/chat/completions", json={"model": "glm-5.2-fp8"}) as answer:
                    return bytes(await answer.read())

            got = await asyncio.gather(*(one() for _ in range(streams)))
            assert held(ports) > files, "what is counted below is seen at all"
        assert len(set(got)) == 1
        assert got[0].startswith(b"data: 0\n\n")
        await until(lambda: not house.books.open)
        await house.tick()
        assert len(house.rows) == streams
        assert {(row.prompt_tokens, row.completion_tokens) for row in house.rows} == {(2, 20)}
        await house.door._upstream.close()
        await until(lambda: len(asyncio.all_tasks()) <= tasks)
        await until(lambda: gc.collect() >= 0 and held(ports) <= files, within_s=20)


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def held(ports: set[int]) -> int:
    """Open files of this process, without the connections that lead elsewhere than to or from `ports`: a
    browser's or a database's, of other tests, come and go at any time."""
    elsewhere = {
        str(line.fd)
        for line in psutil.Process().net_connections("inet")
        if not ports & {end.port for end in (line.laddr, line.raddr) if end}
    }
    return sum(name not in elsewhere for name in os.listdir("/proc/self/fd"))


def usage(**changes: Any) -> UsageRecord:
    fields: dict[str, Any] = {
        "request_id": "req_1",
        "path": "/v1/completions",
        "status": 200,
        "started_at": AT,
        "duration_s": 0.5,
        "outcome": Outcome.OK,
    }
    return UsageRecord(**fields | changes)


@pytest.mark.django_db(transaction=True)
def test_row_written_twice_is_there_once() -> None:
    for _ in range(2):
        write_usage([usage(), usage(request_id="req_2")])
    assert UsageRecord.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_model_that_no_row_can_hold_keeps_no_usage_from_being_written() -> None:
    """Half a pair of UTF-16 is no text for a database, and a NUL none for PostgreSQL: nothing would be
    written any more, for it is tried again for ever."""
    exchange = Exchange("/v1/completions", Dialect.OPENAI, Clock(), None)
    exchange.model = json.loads(r'"a\ud800b\u0000"')
    write_usage([exchange.row(), usage()])
    assert UsageRecord.objects.get(request_id=exchange.request_id).model == "a?b"


@pytest.mark.django_db(transaction=True)
def test_usage_of_a_deleted_key_is_kept(person: Callable[..., User]) -> None:
    key = ApiKey.objects.create(owner=person(), name="x", prefix="pl_x", secret_hash="y", created_at=AT)
    write_usage(
        [
            usage(key_id=key.pk, user_id=key.owner_id),
            usage(request_id="req_2", key_id=999_999, user_id=key.owner_id),
            usage(request_id="req_3", key_id=999_999, user_id=999_999),
        ]
    )
    rows = UsageRecord.objects.order_by("request_id").values_list("key_id", "user_id")
    assert list(rows) == [(key.pk, key.owner_id), (None, key.owner_id), (None, None)]


@pytest.mark.django_db(transaction=True)
def test_usage_outlives_the_person(person: Callable[..., User]) -> None:
    anna = person()
    write_usage([usage(user_id=anna.pk)])
    anna.delete()
    assert UsageRecord.objects.get().user_id is None
