"""What the stand-in says."""

import json
import re
from typing import Any

import pytest

from sandbox.engine.answers import Answer, make_answer
from sandbox.engine.conversation import Conversation, Message, Tool

WEATHER = Tool("get_weather", "", {"type": "object", "properties": {"city": {"type": "string"}}})
SAVE = Tool("saveFile", "", {"type": "object", "properties": {"name": {"type": "string"}}})


@pytest.mark.parametrize(
    ("said", "pattern"),
    [
        ("Show me some Markdown", r"(?s)^# A Markdown tour.*\| part \|"),
        ("Write Python code that counts words", r"```python\n"),
        ("Make a table of formats", r"\|---\|---:\|"),
        ("Build a Flappy Bird game in one HTML file", r"```html\n<!DOCTYPE html>"),
        ("Hello", r"(?s)^Hello!.*messages: 1.*prompt: 7 tokens.*your last words: “Hello”"),
    ],
)
def test_wishes_are_granted(said: str, pattern: str) -> None:
    assert re.search(pattern, _answer(said).content)


@pytest.mark.parametrize("said", ["Hello", "markdown", "python code", "a table", "an html game", "300 words"])
def test_every_answer_says_that_it_is_no_model(said: str) -> None:
    assert "the stand-in engine" in _answer(said).content
    assert "no model" in _answer(said).content


@pytest.mark.parametrize("words", [300, 5000])
def test_long_answers_are_as_long_as_asked_for(words: int) -> None:
    counted = len(_answer(f"Write {words} words about lamps").content.split())
    assert words <= counted <= words + 120


def test_game_is_one_page_with_keyboard_storage_and_sound() -> None:
    page = _answer("html game").content
    for part in ("<canvas", "keydown", "localStorage", "AudioContext", "</html>"):
        assert part in page
    assert "http://" not in page
    assert "https://" not in page


def test_description_repeats_the_parameters() -> None:
    assert "`temperature=0.5`" in _answer("Hello", parameters={"temperature": 0.5}).content


def test_tool_named_by_the_words_is_called_with_what_they_name() -> None:
    answer = _answer("What is the weather in Paris?", tools=[SAVE, WEATHER], tool_choice="auto")
    assert answer.calls == (("get_weather", '{"city": "Paris"}'),)
    assert answer.content == ""


def test_tool_not_spoken_of_is_not_called() -> None:
    assert _answer("Hello", tools=[WEATHER], tool_choice="auto").calls == ()


def test_required_tool_is_called_whatever_was_said() -> None:
    assert _answer("Hello", tools=[WEATHER, SAVE], tool_choice="required").calls[0][0] == "get_weather"


def test_named_tool_is_the_one_called() -> None:
    assert _answer("the weather", tools=[WEATHER, SAVE], tool_choice="=saveFile").calls[0][0] == "saveFile"


def test_tool_result_is_repeated() -> None:
    messages = [Message("user", "the weather?"), Message("assistant", ""), Message("tool", "18 degrees")]
    answer = make_answer(Conversation(messages, tools=[WEATHER], tool_choice="auto"), 9)
    assert "18 degrees" in answer.content
    assert answer.calls == ()


def test_json_follows_the_schema() -> None:
    schema = {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "integer", "minimum": 2, "maximum": 5},
            "kind": {"enum": ["sun", "rain"]},
            "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2},
            "sure": {"type": "boolean"},
            "note": {"anyOf": [{"type": "null"}, {"type": "string"}]},
        },
    }
    said = "Rain for 9 days in Oslo"
    value = json.loads(_answer(said, json_schema=schema).content)
    assert value == {
        "city": "Oslo",
        "days": 5,
        "kind": "rain",
        "tags": ["Oslo", "Oslo"],
        "sure": True,
        "note": None,
    }


def test_file_of_a_tool_call_has_the_name_that_was_given() -> None:
    parameters = {"properties": {"content": {"type": "string"}, "filePath": {"type": "string"}}}
    write = Tool("write", "Write a file.", parameters)
    answer = _answer("write “two and two” to docs/answer.txt", tools=[write], tool_choice="auto")
    assert json.loads(answer.calls[0][1]) == {"content": "two and two", "filePath": "docs/answer.txt"}


def test_any_json_object_will_do_without_a_schema() -> None:
    assert json.loads(_answer("Hello", json_schema={}).content)["you_said"] == "Hello"


def test_schema_that_contains_itself_ends() -> None:
    node: dict[str, Any] = {"type": "object", "properties": {}}
    node["properties"]["next"] = node
    assert json.loads(_answer("Hello", json_schema=node).content)


def test_reasoning_is_there_unless_turned_off() -> None:
    assert _answer("Hello").reasoning
    assert _answer("Hello", thinking=False).reasoning == ""
    assert len(_answer("Hello", effort="low").reasoning) < len(_answer("Hello").reasoning)


def _answer(said: str, **fields: Any) -> Answer:
    return make_answer(Conversation([Message("user", said)], **fields), prompt_tokens=7)
