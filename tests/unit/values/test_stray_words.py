"""What spreadsheets show instead of a value."""

from __future__ import annotations

import pytest

from heyx_bulk.values.stray_words import is_error_word, may_hold_error_word


@pytest.mark.parametrize(
    "text",
    ["#N/A", "#REF!", "#DIV/0!", "#NV", "#BEZUG!", "#¡REF!", "#ССЫЛКА!", "#YOK", "####", "########", "Err:508"],
)
def test_an_error_word_is_known_in_many_languages(text: str) -> None:
    assert is_error_word(text)
    assert may_hold_error_word(text)


@pytest.mark.parametrize("text", ["#SALE!", "#1", "###", "N/A", "#N/A?", "#nv", "Apt. #5", "# N/A", "#", ""])
def test_other_texts_with_a_number_sign_are_not(text: str) -> None:
    assert not is_error_word(text)
