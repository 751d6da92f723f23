"""How the Hugging Face hub refuses, in its own words: for names that contain `gated` or `missing`."""

from __future__ import annotations

OFFLINE_TEXT = (
    "huggingface_hub.errors.LocalEntryNotFoundError: Cannot find an appropriate cached snapshot folder for "
    "the specified revision on the local disk and outgoing traffic has been disabled. To enable repo "
    "look-ups and downloads online, pass 'local_files_only=False' as input."
)
_REQUEST = "(Request ID: Root=1-00000000-000000000000000000000000)"


def hub_refusal(model: str, revision: str | None, *, has_token: bool) -> str | None:
    """Why this model cannot be downloaded; None where it can. A token opens what is gated."""
    url = f"https://huggingface.co/api/models/{model}/revision/{revision or 'main'}"
    if "missing" in model.lower():
        return (
            f"huggingface_hub.errors.RepositoryNotFoundError: 404 Client Error. {_REQUEST}\n\n"
            f"Repository Not Found for url: {url}.\n"
            "Please make sure you specified the correct `repo_id` and `repo_type`.\n"
            "If you are trying to access a private or gated repo, make sure you are authenticated."
        )
    if "gated" in model.lower() and not has_token:
        return (
            f"huggingface_hub.errors.GatedRepoError: 401 Client Error. {_REQUEST}\n\n"
            f"Cannot access gated repo for url {url}.\n"
            f"Access to model {model} is restricted. You must have access to it and be authenticated to "
            "access it. Please log in."
        )
    return None
