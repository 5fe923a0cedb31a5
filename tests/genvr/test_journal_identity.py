"""A journal that is not the one that was written here is noticed before anything is paid again."""

from __future__ import annotations

import shutil

import pytest
from genvr_depth.nodes.depthkit.genvr.retry import never_stop
from genvr_depth.nodes.depthkit.genvr.service_errors import JournalError


def _empty(journal):
    journal.write_bytes(b"")


def _remove(journal):
    journal.unlink()


def _old_copy(journal):
    shutil.copyfile(journal.with_name("early"), journal)


def _foreign(journal):
    shutil.copyfile(journal.parents[1] / "elsewhere" / journal.name, journal)


DAMAGES = {"emptied": _empty, "removed": _remove, "an old copy": _old_copy, "foreign": _foreign}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_journal_that_forgot_its_requests_pays_for_none_again(
    fake, make_runner, make_request, tmp_path, name
):
    journal = tmp_path / "private" / "journal.sqlite"
    make_runner().obtain(make_request(seed=1), never_stop)
    shutil.copyfile(journal, journal.with_name("early"))
    make_runner().obtain(make_request(seed=2), never_stop)
    (tmp_path / "private").rename(tmp_path / "kept")
    make_runner().obtain(make_request(seed=3), never_stop)
    (tmp_path / "private").rename(tmp_path / "elsewhere")
    (tmp_path / "kept").rename(tmp_path / "private")
    DAMAGES[name](journal)
    for _ in range(2):
        with pytest.raises(JournalError, match=r"backup.*delete") as raised:
            make_runner()
    assert str(tmp_path) not in str(raised.value)
    assert len(fake.charges) == 3


def test_a_journal_can_be_begun_anew_on_purpose(fake, make_runner, make_request, tmp_path):
    make_runner().obtain(make_request(), never_stop)
    for name in ("journal.sqlite", "journal.identity"):
        (tmp_path / "private" / name).unlink()
    assert make_runner().obtain(make_request(), never_stop).how == "paid"


@pytest.mark.parametrize("damage", ["removed", "damaged"])
def test_the_file_that_proves_it(fake, make_runner, make_request, tmp_path, damage):
    make_runner().obtain(make_request(), never_stop)
    proof = tmp_path / "private" / "journal.identity"
    if damage == "removed":
        proof.unlink()
        assert make_runner().obtain(make_request(), never_stop).how == "stored"
        assert proof.exists()
    else:
        proof.write_bytes(b"genvr")
        with pytest.raises(JournalError, match=r"journal\.identity"):
            make_runner()


def test_a_program_that_dies_while_it_makes_the_journal_does_no_harm(make_runner, tmp_path):
    make_runner()
    (tmp_path / "private" / "journal.sqlite").write_bytes(b"")
    make_runner()
