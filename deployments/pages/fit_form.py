"""What somebody wants a model to serve, and with which memory."""

from decimal import Decimal
from typing import Any

from django import forms

from deployments.planning.memory.devices import DEVICES
from deployments.planning.memory.fit import Setting
from deployments.services.model_sizes import LARGEST_BYTES

LONGEST = 10_485_760
_CACHES = {"": "16 bits, as the model", "fp8": "FP8, half of it"}


class FitForm(forms.Form):
    """Whatever is wrong or left out is taken from what the form began with."""

    context = forms.IntegerField(
        label="Tokens of one request", min_value=1, max_value=LONGEST, required=False
    )
    requests = forms.DecimalField(
        label="Such requests at once", min_value=Decimal("0.1"), max_value=4096, required=False
    )
    share = forms.DecimalField(
        label="Memory share", min_value=Decimal("0.1"), max_value=1, max_digits=6, required=False
    )
    cache = forms.ChoiceField(label="Cache", required=False)

    numbers: tuple[str, ...] = ("context", "requests", "share")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = self.initial.get("cache") or ""
        choices = _CACHES if own in _CACHES else {own: own, **_CACHES}
        cache: Any = self.fields["cache"]
        cache.choices = list(choices.items())

    def asked(self, name: str) -> Any:
        """The value to compute with."""
        if not self.is_bound:
            return self.initial.get(name)
        self.is_valid()
        found = self.cleaned_data.get(name)
        sent = name in self.data and name == "cache"  # an empty one is a choice
        return self.initial.get(name) if found is None or (found == "" and not sent) else found

    def rows(self) -> list[tuple[Any, Any]]:
        """Each number's field with the value it is computed with, for the page."""
        return [(self[name], self.asked(name)) for name in self.numbers]

    def setting(self, base: Setting) -> Setting:
        """The setting that is asked for."""
        return Setting(
            ranks=base.ranks,
            memory_share=float(self.asked("share")),
            max_model_len=int(self.asked("context")),
            kv_cache_dtype=self.asked("cache") or None,
            drafting=base.drafting,
            eager=base.eager,
            checkpoint_gib=base.checkpoint_gib,
        )


class ModelForm(FitForm):
    """The same for a model that somebody brings along."""

    numbers = ("gpus", *FitForm.numbers)

    config = forms.CharField(required=False, max_length=LARGEST_BYTES, strip=True)
    file = forms.FileField(required=False, allow_empty_file=True)
    gpu = forms.ChoiceField(label="GPU", required=False, choices=[(name, name) for name in DEVICES])
    gpus = forms.IntegerField(label="GPUs", min_value=1, max_value=8, required=False)
    drafting = forms.BooleanField(required=False)
    eager = forms.BooleanField(required=False)
    deployment = forms.CharField(required=False, max_length=48)

    def text(self) -> str:
        """The config.json: a file goes before what was typed."""
        return sent_text(self.files.get("file"), str(self.data.get("config", "")))

    def base(self) -> Setting:
        """What of the setting is not asked in numbers."""
        sent = self.data.get
        return Setting(
            ranks=int(self.asked("gpus")), memory_share=0.92, drafting=sent("drafting") == "on",
            eager=sent("eager") == "on",
        )  # fmt: skip


def sent_text(file: Any, typed: str) -> str:
    """The text of an uploaded file, read no further than the service will take; else what was typed."""
    return typed if file is None else str(file.read(LARGEST_BYTES + 1), errors="replace")
