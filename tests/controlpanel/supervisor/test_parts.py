"""The pieces of `up`, each alone."""

import io
import json
import os
import signal
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management.base import CommandError

from chat.runner.desk import STOP_WITHIN_S
from controlpanel.supervisor import broker, cloud, lock
from controlpanel.supervisor.console import Console
from controlpanel.supervisor.table import beat_program, runner_programs, web_program, worker_programs


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_names_are_coloured_on_a_terminal() -> None:
    terminal = Terminal()
    Console(terminal).line("web", "hello")
    assert terminal.getvalue() == "\x1b[36mweb     |\x1b[0m hello\n"


def test_a_closed_output_stops_nothing() -> None:
    stream = io.StringIO()
    stream.close()
    console = Console(Terminal())
    console._stream = stream
    console.say("nobody listens")


def test_a_second_lock_names_the_first_holder(tmp_path: Path) -> None:
    with lock.hold(tmp_path), pytest.raises(CommandError, match=rf"process {os.getpid()}"):
        lock.hold(tmp_path)
    lock.hold(tmp_path).close()


def test_tokens_are_made_once_and_kept_private(settings: object, tmp_path: Path) -> None:
    settings.PANEL_DATA_DIR = tmp_path
    first = cloud.sandbox_tokens()
    assert cloud.sandbox_tokens() == first
    assert (tmp_path / "sandbox-tokens.json").stat().st_mode & 0o077 == 0


def test_a_broken_token_file_says_what_to_do(settings: object, tmp_path: Path) -> None:
    settings.PANEL_DATA_DIR = tmp_path
    (tmp_path / "sandbox-tokens.json").write_text("{")
    with pytest.raises(CommandError, match="Remove it"):
        cloud.sandbox_tokens()


def test_tokens_are_on_no_command_line_and_in_no_repr(settings: object, tmp_path: Path) -> None:
    settings.PANEL_DATA_DIR = tmp_path
    program = cloud.sandbox_program(lambda credentials: None)
    for secret in cloud.sandbox_tokens().values():
        assert secret not in repr(program)
        assert secret not in " ".join(program.argv)
        assert secret in program.environment.values()


def test_the_first_account_is_told_where_the_sandbox_listens(settings: object, tmp_path: Path) -> None:
    settings.PANEL_DATA_DIR, settings.SANDBOX_SPEED = tmp_path, Decimal(50)
    told: list[cloud.Credentials] = []
    program = cloud.sandbox_program(told.append)
    assert program.before_start is not None
    assert program.on_ready is not None
    program.before_start()
    assert cloud.sandbox_endpoint(tmp_path / "sandbox") is None
    (tmp_path / "sandbox/endpoint.json").write_text(json.dumps({"grpc_url": "http://127.0.0.1:1"}))
    program.on_ready()
    assert (told[0].server_url, told[0].is_sandbox, told[0].speed) == (
        "http://127.0.0.1:1",
        True,
        Decimal(50),
    )
    assert told[0].token_secret not in repr(told[0])
    program.before_start()
    assert cloud.sandbox_endpoint(tmp_path / "sandbox") is None


@pytest.mark.parametrize("name", ["MODAL_SERVER_URL", "MODAL_TOKEN_ID"])
def test_a_named_cloud_means_no_sandbox(settings: object, name: str) -> None:
    assert cloud.uses_sandbox()
    setattr(settings, name, "x")
    assert not cloud.uses_sandbox()
    assert not cloud.modal_from_environment().is_sandbox


def test_a_folder_of_somebody_else_is_not_used(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "link").symlink_to(elsewhere)
    with pytest.raises(CommandError, match="belongs to somebody else"):
        broker._make_private(tmp_path / "link")


def test_the_servers_listen_on_this_machine_alone() -> None:
    assert "--host 127.0.0.1" in " ".join(web_program().argv)
    assert "--port 0 --unixsocket" in " ".join(broker.broker_program().argv)


def test_workers_serve_one_queue_each() -> None:
    queues = [program.argv[program.argv.index("--queues") + 1] for program in worker_programs()]
    assert queues == ["control", "deploy"]
    assert beat_program().stage > worker_programs()[0].stage > web_program().stage


def test_generator_runs_beside_the_rest_and_is_told_before_it_is_killed() -> None:
    (runner,) = runner_programs()
    assert worker_programs()[0].stage > runner.stage > web_program().stage
    assert runner.argv[-1] == "runner"
    assert runner.stop_limit_s > STOP_WITHIN_S
    assert runner.death_signal == signal.SIGTERM
