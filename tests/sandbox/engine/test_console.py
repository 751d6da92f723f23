"""The log's form."""

from sandbox.engine.console import API, CORE
from sandbox.engine.timeline import bar_text
from tests.sandbox.engine.making import make_console


def test_line_has_process_level_date_and_source() -> None:
    console, stream = make_console()
    console.line(API, "api.py:1", "hello")
    assert stream.getvalue() == "(APIServer pid=100) INFO 11-23 07:18:01 [api.py:1] hello\n"


def test_every_line_of_a_text_is_prefixed() -> None:
    console, stream = make_console()
    console.line(CORE, "core.py:1", "a\nb", "ERROR")
    assert [line[-1] for line in stream.getvalue().splitlines()] == ["a", "b"]
    assert stream.getvalue().count("(EngineCore pid=187) ERROR 11-23") == 2


def test_bars_return_the_carriage_and_end_with_a_newline() -> None:
    console, stream = make_console()
    console.bar(CORE, "0%", first=True)
    console.bar(CORE, "100%", last=True)
    assert stream.getvalue() == "(EngineCore pid=187) \r0%\r100%\n"


def test_bar_text_is_in_the_form_of_the_recorded_ones() -> None:
    # Recorded: DeepGEMM warmup:  71%|███████   | 1524/2161 [03:55<00:46, 13.66it/s]
    assert bar_text("DeepGEMM warmup", 1524, 2161, 235) == (
        "DeepGEMM warmup:  70%|███████   | 1524/2161 [03:55<01:38,  6.49it/s]"
    )
    assert bar_text("W", 0, 4, 0) == "W:   0%|          | 0/4 [00:00<?, ?it/s]"
