from __future__ import annotations

from itertools import product

import pytest

from heyx_bulk.models.contacts import Contact, Field
from heyx_bulk.planning.contact_lookup import NotFound
from heyx_bulk.planning.matching import Matching, Mode
from heyx_bulk.planning.reconcile import SentCreate, Verdict, reconcile, uncertainty

PHONE, NAME, MARK = Field("phone", "+441234567"), Field("firstName", "Ann"), Field("mark", "run-2")
EMAIL = Field("email", "ann@x.org")
SENT_AT = 100.5

UPSERT, NO_MATCH, CREATE_ONLY = Matching(), Matching(no_match=True), Matching(mode=Mode.CREATE)

WITH_KEY = SentCreate((PHONE, NAME), keys=(PHONE,), sent_at=SENT_AT)
MARKED = SentCreate((PHONE, NAME, MARK), keys=(PHONE,), tracking_field=MARK, sent_at=SENT_AT)
MARKED_WITHOUT_KEY = SentCreate((NAME, MARK), tracking_field=MARK, sent_at=SENT_AT)

NOBODY = NotFound()
OLDER = Contact("7", {"phone": "+441234567", "firstName": "Ann"}, created_at=99)
NEW_AND_AS_SENT = Contact("7", {"phone": "+441234567", "firstName": "Ann"}, created_at=101)
NEW_AND_OTHERWISE = Contact("7", {"phone": "+441234567", "firstName": "Bob"}, created_at=101)
OF_UNKNOWN_AGE = Contact("7", {"phone": "+441234567", "firstName": "Ann"})
WITH_MARK = Contact("7", {"phone": "+441234567", "Mark shown otherwise": "run-2"}, created_at=99)


@pytest.mark.parametrize(
    ("create", "found", "matching", "tracking_works", "verdict"),
    [
        # A run that matches takes whoever has the key: the contact is the row's, whoever made it.
        (WITH_KEY, NOBODY, UPSERT, None, Verdict.NOT_CREATED),
        (WITH_KEY, OLDER, UPSERT, None, Verdict.MATCHED),
        (WITH_KEY, NEW_AND_OTHERWISE, UPSERT, None, Verdict.CREATED),
        # A run that must spare others needs proof: HeyX's clock and every value, or the mark.
        (WITH_KEY, NOBODY, NO_MATCH, None, Verdict.NOT_CREATED),
        (WITH_KEY, NEW_AND_AS_SENT, NO_MATCH, None, Verdict.CREATED),
        (WITH_KEY, NEW_AND_AS_SENT, CREATE_ONLY, None, Verdict.CREATED),
        (WITH_KEY, OLDER, NO_MATCH, None, Verdict.UNCERTAIN),
        (WITH_KEY, OLDER, CREATE_ONLY, None, Verdict.UNCERTAIN),
        (WITH_KEY, NEW_AND_OTHERWISE, NO_MATCH, None, Verdict.UNCERTAIN),
        (WITH_KEY, OF_UNKNOWN_AGE, NO_MATCH, None, Verdict.UNCERTAIN),
        # The mark proves it, also where HeyX shows the field under another name.
        (MARKED, WITH_MARK, NO_MATCH, None, Verdict.CREATED),
        (MARKED, WITH_MARK, CREATE_ONLY, False, Verdict.CREATED),
        (MARKED_WITHOUT_KEY, WITH_MARK, NO_MATCH, None, Verdict.CREATED),
        # That no contact has the mark proves something once HeyX has found another by it.
        (MARKED, OLDER, NO_MATCH, None, Verdict.CHECK_TRACKING),
        (MARKED, OLDER, NO_MATCH, False, Verdict.UNCERTAIN),
        (MARKED, OLDER, NO_MATCH, True, Verdict.NOT_CREATED),
        (MARKED, OLDER, CREATE_ONLY, True, Verdict.MATCHED),
        (MARKED_WITHOUT_KEY, NOBODY, NO_MATCH, None, Verdict.CHECK_TRACKING),
        (MARKED_WITHOUT_KEY, NOBODY, NO_MATCH, False, Verdict.UNCERTAIN),
        (MARKED_WITHOUT_KEY, NOBODY, NO_MATCH, True, Verdict.NOT_CREATED),
        # A key that finds nobody is proof without the mark.
        (MARKED, NOBODY, NO_MATCH, None, Verdict.NOT_CREATED),
    ],
)
def test_what_is_found_says_what_became_of_an_unanswered_create(
    create: SentCreate,
    found: Contact | NotFound,
    matching: Matching,
    tracking_works: bool | None,
    verdict: Verdict,
) -> None:
    assert reconcile(create, found, matching, tracking_works=tracking_works) is verdict


@pytest.mark.parametrize(
    ("found", "matching", "verdict"),
    [
        (NOBODY, UPSERT, Verdict.NOT_CREATED),
        (OLDER, UPSERT, Verdict.MATCHED),
        (NOBODY, NO_MATCH, Verdict.NOT_CREATED),
        (OLDER, NO_MATCH, Verdict.NOT_CREATED),
        (NEW_AND_AS_SENT, NO_MATCH, Verdict.CREATED),
        (OLDER, CREATE_ONLY, Verdict.MATCHED),
    ],
)
def test_of_a_create_that_was_refused_nothing_is_uncertain(
    found: Contact | NotFound, matching: Matching, verdict: Verdict
) -> None:
    assert reconcile(WITH_KEY, found, matching, unconfirmed=False) is verdict


CREATES = (WITH_KEY, MARKED, MARKED_WITHOUT_KEY)
FOUND = (NOBODY, OLDER, NEW_AND_AS_SENT, NEW_AND_OTHERWISE, OF_UNKNOWN_AGE, WITH_MARK)
MATCHINGS = (UPSERT, NO_MATCH, CREATE_ONLY)


@pytest.mark.parametrize(("create", "found", "matching"), [*product(CREATES, FOUND, MATCHINGS)])
@pytest.mark.parametrize("unconfirmed", [True, False])
def test_whether_heyx_finds_marks_is_asked_only_where_it_decides_and_then_never_again(
    create: SentCreate, found: Contact | NotFound, matching: Matching, *, unconfirmed: bool
) -> None:
    first, no, yes = (
        reconcile(create, found, matching, unconfirmed=unconfirmed, tracking_works=works)
        for works in (None, False, True)
    )
    assert Verdict.CHECK_TRACKING not in (no, yes)
    assert first in (no, Verdict.CHECK_TRACKING)
    assert (first is Verdict.CHECK_TRACKING) <= (no is Verdict.UNCERTAIN and yes is not Verdict.UNCERTAIN)


@pytest.mark.parametrize(
    ("create", "found", "what", "remedy"),
    [
        (
            WITH_KEY,
            OLDER,
            "contact 7 has the phone of this row, but may not come from its create",
            "Check the contact in HeyX. ",
        ),
        (
            SentCreate((PHONE, EMAIL), keys=(PHONE, EMAIL), sent_at=SENT_AT),
            Contact("7", {"email": "ann@x.org"}),
            "contact 7 has the email of this row, but may not come from its create",
            "Check the contact in HeyX. ",
        ),
        (
            WITH_KEY,
            Contact("7", {"phone": ""}),
            "contact 7 was found, but may not come from its create",
            "Check the contact in HeyX. ",
        ),
        (
            MARKED_WITHOUT_KEY,
            NOBODY,
            "HeyX finds no contact at all by mark, so the search for this one proves nothing",
            "Search HeyX for a contact with firstName Ann, mark run-2. ",
        ),
    ],
)
def test_what_is_uncertain_is_said_with_where_a_person_looks(
    create: SentCreate, found: Contact | NotFound, what: str, remedy: str
) -> None:
    failure = uncertainty(create, found)
    assert what in failure.what
    assert failure.remedy == f"{remedy}If it is not there, `heyx-bulk rerun` with --uncertain creates it."
