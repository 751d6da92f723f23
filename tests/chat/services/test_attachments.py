"""Files: text alone, whole, refused in words that help."""

import codecs

import pytest

from chat.models import Attachment, Conversation
from chat.services import attachments
from chat.services.errors import ChatRefused
from controlpanel.models import User


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("grün\r\nblau\r".encode(), "grün\nblau\n"),
        (codecs.BOM_UTF8 + b"a = 1", "a = 1"),
        ("日本".encode("utf-16"), "日本"),
        (codecs.BOM_UTF16_BE + "ab".encode("utf-16-be"), "ab"),
    ],
)
def test_text_is_read(talk: Conversation, anna: User, data: bytes, text: str) -> None:
    row = attachments.attach(anna, talk.public_id, "C:\\work\\a.txt", data)
    assert (row.name, row.text, row.size_bytes, row.message) == ("a.txt", text, len(data), None)
    assert row.token_estimate > 0


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.png", b"\x89PNG\r\n\x1a\n\x00\x00", "not_text"),
        ("a.bin", b"a\x00b", "not_text"),
        ("a.txt", "grün".encode("latin-1"), "not_text"),
        ("a.txt", codecs.BOM_UTF16_LE + b"a", "not_text"),
        ("a.txt", b" \n", "empty"),
        ("a.txt", b"x" * (attachments.MAX_BYTES + 1), "too_large"),
        ("/", b"x", "invalid"),
        ("\x07", b"x", "invalid"),
    ],
)
def test_what_cannot_be_read_is_refused(
    talk: Conversation, anna: User, name: str, data: bytes, code: str
) -> None:
    with pytest.raises(ChatRefused) as refused:
        attachments.attach(anna, talk.public_id, name, data)
    assert refused.value.code == code
    assert not Attachment.objects.exists()


def test_more_than_the_model_takes_is_refused(
    talk: Conversation, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.services.attachments.context_window", lambda slug: 100)
    with pytest.raises(ChatRefused, match="takes 100 in all"):
        attachments.attach(anna, talk.public_id, "a.txt", b"word " * 200)


def test_number_of_files_is_bounded(talk: Conversation, anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.services.attachments.MAX_FILES", 1)
    first = attachments.attach(anna, talk.public_id, "a.txt", b"a")
    with pytest.raises(ChatRefused, match="At most 1 files"):
        attachments.attach(anna, talk.public_id, "b.txt", b"b")
    attachments.detach(anna, first.public_id)
    attachments.attach(anna, talk.public_id, "b.txt", b"b")
