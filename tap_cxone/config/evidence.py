"""What is publicly known of the API of a family, and what follows from it."""

from __future__ import annotations

from enum import Enum

NOT_TRIED = "None of the APIs was tried on a live tenant."


class Evidence(Enum):
    """How well an API is documented. The value completes the sentence 'The API is …'."""

    NICE_AND_CLIENTS = "documented by NICE and used by public clients"
    NICE_ONLY = "documented by NICE only"
    TUTORIAL_ONLY = "known from one third-party tutorial only"

    @property
    def label(self) -> str:
        """Return the evidence as a part of a sentence, or as a cell of a table."""
        return self.value

    @property
    def sentence(self) -> str:
        """Return the evidence as a sentence on one API."""
        return f"Its API is {self.label}. It was not tried on a live tenant."

    @property
    def opt_in(self) -> bool:
        """Return True if a family runs only with its own settings object.

        Credentials alone must not send requests to an API that may not exist.
        """
        return self is Evidence.TUTORIAL_ONLY
