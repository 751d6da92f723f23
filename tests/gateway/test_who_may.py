"""Whose key opens the door."""

import hashlib
import logging
from datetime import UTC, datetime, timedelta

import pytest

from deployments.public import Scope, State

from .house import SECRET, Panel, build_house, known, open_house, route
from .raw_engine import raw_engine, whole

OTHER = "pl_" + "o" * 43


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer "},
        {"authorization": f"Basic {SECRET}"},
        {"authorization": "Bearer sk-of-somebody-else"},
        {"authorization": f"Bearer {SECRET}x"},
        {"authorization": f"Bearer {OTHER}"},
        {"x-api-key": OTHER},
        {"authorization": "Bearer pl_" + "x" * 5000},
        {"cookie": f"key={SECRET}"},
    ],
)
async def test_without_a_valid_key_nothing_is_forwarded(headers: dict[str, str]) -> None:
    async with raw_engine(whole(200, b"{}")) as engine, open_house(route(engine.url)) as house:
        async with house.post(headers=headers) as answer:
            assert answer.status == 401
            error = (await answer.json())["error"]
            assert (error["code"], error["type"], error["source"]) == (
                "invalid_key",
                "authentication_error",
                "panel",
            )
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.headers["x-pilotlight-request-id"]
        await house.tick()
        assert engine.heard == []
        assert house.rows == []


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {SECRET}"},
        {"authorization": f"bearer {SECRET}"},
        {"x-api-key": SECRET},
        {"x-api-key": SECRET, "authorization": "Bearer sk-left-in-the-client"},
        {"x-api-key": "sk-left-in-the-client", "authorization": f"Bearer {SECRET}"},
    ],
)
async def test_key_is_read_from_either_header(headers: dict[str, str]) -> None:
    async with (
        raw_engine(whole(200, b"{}")) as engine,
        open_house(route(engine.url)) as house,
        house.post(headers=headers) as answer,
    ):
        assert answer.status == 200


async def test_key_that_only_reads_does_not_chat() -> None:
    async with open_house(route()) as house:
        house.admit(known(scopes=frozenset({Scope.READ})))
        async with house.post() as answer:
            assert answer.status == 403
            assert (await answer.json())["error"]["code"] == "not_allowed"
        assert (await house.row()).error_code == "not_allowed"
        async with house.http.get(house.url + "/v1/models", headers={"x-api-key": SECRET}) as listed:
            assert listed.status == 200


async def test_key_that_only_administers_lists_nothing() -> None:
    async with open_house(route()) as house:
        house.admit(known(scopes=frozenset({Scope.ADMIN})))
        async with house.http.get(house.url + "/v1/models", headers={"x-api-key": SECRET}) as listed:
            assert listed.status == 403


async def test_limited_key_knows_of_nothing_else() -> None:
    mine = route(slug="mine", model="m", deployment_id=2, state=State.ASLEEP)
    async with open_house(route(), mine) as house:
        house.admit(known(deployments=frozenset({"mine"})))
        for name in ("glm-5.2-fp8", "glm-5-2-fp8"):
            async with house.post(json={"model": name}) as answer:
                assert answer.status == 404
                text = await answer.text()
                assert '"model_not_found"' in text
                assert "glm-5.2-fp8" not in text.replace(f"{name!r}", "")
                assert "x-pilotlight-deployment" not in answer.headers
        async with house.http.get(house.url + "/v1/models", headers={"x-api-key": SECRET}) as listed:
            assert [model["id"] for model in (await listed.json())["data"]] == ["m"]


async def test_revocation_is_felt_within_five_seconds() -> None:
    async with raw_engine(whole(200, b"{}")) as engine, open_house(route(engine.url)) as house:
        async with house.post() as answer:
            assert answer.status == 200
        house.keys.clear()
        async with house.post() as answer:
            assert answer.status == 200  # from memory
        house.hands.ahead_s = 4.9
        async with house.post() as answer:
            assert answer.status == 401


async def test_new_key_is_felt_though_it_was_asked_for_before() -> None:
    async with open_house(route(state=State.ASLEEP)) as house:
        async with house.post(headers={"x-api-key": OTHER}) as answer:
            assert answer.status == 401
        house.admit(known(), OTHER)
        house.hands.ahead_s = 4.9
        async with house.post(headers={"x-api-key": OTHER}) as answer:
            assert answer.status == 403


async def test_key_ends_at_its_time_though_it_is_in_memory() -> None:
    async with open_house(route(state=State.ASLEEP)) as house:
        house.admit(known(expires_at=datetime.now(UTC) + timedelta(seconds=2)))
        async with house.post() as answer:
            assert answer.status == 403  # asleep
        house.hands.ahead_s = 2.1
        async with house.post() as answer:
            assert answer.status == 401
        assert house.lookups == 1


async def test_keys_are_asked_for_once_and_strangers_too() -> None:
    async with open_house(route(state=State.ASLEEP)) as house:
        for secret in (SECRET, OTHER, SECRET, OTHER):
            async with house.post(headers={"x-api-key": secret}):
                pass
        assert house.lookups == 2


async def test_memory_of_strangers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.door.key_cache._MOST_ENTRIES", 10)
    house = build_house(Panel())
    for number in range(100):
        assert await house.door._keys.get(f"pl_{number:043}".encode()) is None
    assert len(house.door._keys._entries) == 10
    await house.door.close()


async def test_database_that_fails_is_no_invalid_key() -> None:
    async with open_house(route()) as house:

        async def fails(secret_hash: str) -> None:
            raise RuntimeError("database is locked")

        house.door._keys._load = fails
        async with house.post() as answer:
            assert answer.status == 503
            assert (await answer.json())["error"]["code"] == "unavailable"
            assert answer.headers["retry-after"] == "5"


async def test_no_secret_reaches_the_logs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with open_house(route("http://127.0.0.1:1")) as house:
        for secret in (SECRET, OTHER):
            for path in ("/v1/chat/completions", "/v1/nothing", "/v1/messages"):
                async with house.post(path, headers={"authorization": f"Bearer {secret}"}) as answer:
                    assert secret not in await answer.text()
        house.panel.broken = True
        house.hands.ahead_s = 1.5
        async with house.post() as answer:
            assert answer.status == 503
        await house.tick()
    assert "gateway_blind" in caplog.text
    for secret in (SECRET, OTHER, "engine-secret", "ws-secret", hashlib.sha256(SECRET.encode()).hexdigest()):
        assert secret not in caplog.text
