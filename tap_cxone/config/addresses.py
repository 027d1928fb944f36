"""Check addresses of files that fsspec reads or writes; no network is used."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import fsspec
from fsspec.utils import get_protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

_URL_WITH_LOGIN = r"[\w+.-]+://[^/]*:[^/]*@"


def address_problems(address: str, setting: str, params_setting: str) -> Iterator[str]:
    """Yield the problems of an address or path.

    Args:
        address: The address.
        setting: Full path of its setting.
        params_setting: Full path of the setting with the parameters of its file system.
    """
    protocol = get_protocol(address)
    if "::" in address:
        yield f"{setting} is a chain of addresses (::), which other programs cannot read; set one"
        return
    if re.match(_URL_WITH_LOGIN, address):
        yield (
            f"{setting} contains a password, and messages show the address; move the password to "
            f"{params_setting}"
        )
    if "?" in address:
        yield (
            f"{setting} contains a question mark, where programs end the path; use a folder "
            f"without one, and move options to {params_setting}"
        )
    try:
        fsspec.get_filesystem_class(protocol)
    except ValueError:
        yield f"{setting} begins with {protocol}://, which fsspec does not support; correct it"
    except ImportError as error:
        yield f"{setting} needs a further package for {protocol}:// ({error}); install it"
