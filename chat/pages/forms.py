"""What a person may write besides messages."""

from typing import Any

from django import forms

from chat.models import Conversation


class ParametersForm(forms.Form):
    """How the next answers are wanted; empty fields leave it to the engine."""

    system_prompt = forms.CharField(
        label="System prompt",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"class": "input", "rows": 4}),
        help_text="Goes before every question of this conversation.",
    )
    temperature = forms.DecimalField(
        label="Temperature",
        required=False,
        help_text="0 to 2. Low is steady, high is varied. Empty: the engine’s own.",
        widget=forms.NumberInput(attrs={"class": "input", "min": 0, "max": 2, "step": "0.01"}),
    )
    top_p = forms.DecimalField(
        label="Top-p",
        required=False,
        help_text="Above 0, at most 1. Empty: the engine’s own.",
        widget=forms.NumberInput(attrs={"class": "input", "min": 0.001, "max": 1, "step": "0.001"}),
    )
    max_tokens = forms.IntegerField(
        label="Most tokens of an answer",
        required=False,
        help_text="Thinking counts. Empty: until it is done.",
        widget=forms.NumberInput(attrs={"class": "input", "min": 1, "step": 1}),
    )
    reasoning = forms.BooleanField(label="Think before answering", required=False)


def parameters_of(conversation: Conversation | None) -> dict[str, Any]:
    """What the form shows first."""
    if conversation is None:
        return {"reasoning": True}
    names = ("system_prompt", "temperature", "top_p", "max_tokens", "reasoning")
    return {name: getattr(conversation, name) for name in names}
