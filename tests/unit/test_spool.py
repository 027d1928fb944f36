from __future__ import annotations

import errno
import gzip
import hashlib
import os
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_cxone.errors import DownloadError
from tap_cxone.spool import spool_chunks
from tests.support.properties import many

FULL_DEVICE = Path("/dev/full")


@many
@given(st.lists(st.binary(max_size=50), max_size=6))
def test_spool_holds_every_byte(chunks):
    """What went in comes out, with its number of bytes and its digest."""
    data = b"".join(chunks)

    with spool_chunks(chunks, expected_size=len(data), description="f") as spool:
        with spool.open() as reader:
            assert reader.read() == data
        assert spool.size == len(data)
        assert spool.sha256 == hashlib.sha256(data).hexdigest()


def test_gzip_stays_gzip():
    """The bytes are kept as they came over the wire."""
    data = gzip.compress(b"a,b\n")

    with spool_chunks([data], expected_size=None, description="f") as spool, spool.open() as reader:
        assert reader.read() == data


def test_spool_opens_again():
    """A spool is read from its beginning as often as it is opened."""
    with spool_chunks([b"abc"], expected_size=None, description="f") as spool:
        for _ in range(3):
            with spool.open() as reader:
                assert reader.read() == b"abc"


def test_readers_do_not_disturb_each_other():
    """A reader continues where it was, also when another one was opened meanwhile."""
    data = bytes(range(256)) * 1000

    with spool_chunks([data], expected_size=None, description="f") as spool, spool.open() as one:
        begin = one.read(1000)
        with spool.open() as other:
            assert other.read() == data
        assert begin + one.read() == data


@pytest.mark.posix
def test_spool_is_private():
    """The file has no name and no permission for others."""
    with spool_chunks([b"x"], expected_size=None, description="f") as spool:
        found = os.fstat(spool.file.fileno())

    assert found.st_nlink == 0
    assert stat.S_IMODE(found.st_mode) & 0o177 == 0


def test_file_goes_with_the_block():
    """At the end of its block the file is closed, also after an error."""
    spool = spool_chunks([b"x"], expected_size=None, description="f")
    with pytest.raises(KeyError), spool:
        raise KeyError

    assert spool.file.closed


def test_closed_spool_leaves_no_file(tmp_path, monkeypatch):
    """The directory for temporary files is as empty as before."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with spool_chunks([b"x"], expected_size=None, description="f"):
        during = list(tmp_path.iterdir())

    assert during == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("announced", [2, 4], ids=["longer", "shorter"])
def test_length_is_checked(announced):
    """A file of another length than announced is refused, with both numbers."""
    with pytest.raises(DownloadError, match=rf"qm.*3.*{announced}"):
        spool_chunks([b"abc"], expected_size=announced, description="qm")


def test_empty_file_where_none_was_announced():
    """An empty file without an announced length is a file."""
    with spool_chunks([], expected_size=None, description="f") as spool:
        assert spool.size == 0


def test_broken_source_is_passed_on():
    """What breaks the source is its own matter, and no file is left open."""

    def chunks():
        yield b"abc"
        raise KeyError

    with pytest.raises(KeyError):
        spool_chunks(chunks(), expected_size=None, description="f")


@pytest.mark.skipif(not FULL_DEVICE.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("size", [10, 1_000_000], ids=["small", "large"])
def test_full_disk(monkeypatch, size):
    """A full disk is reported as such, with the remedy."""
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: FULL_DEVICE.open("w+b"))

    with pytest.raises(DownloadError, match=r"qm.*TMPDIR") as raised:
        spool_chunks([b"x" * size], expected_size=size, description="qm")
    assert os.strerror(errno.ENOSPC) in str(raised.value)


def test_no_directory_for_temporary_files(tmp_path, monkeypatch):
    """A missing directory is reported like a full disk."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))

    with pytest.raises(DownloadError, match="TMPDIR"):
        spool_chunks([b"x"], expected_size=None, description="f")
