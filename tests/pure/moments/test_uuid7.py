"""Minted identities: RFC 9562 version 7, ascending with time, the same for the same row."""

from uuid import UUID

from moments.uuid7 import uuid7_from_bits, uuid7_of


def test_the_layout_is_that_of_rfc_9562() -> None:
    # Appendix A.6: 2022-02-22T19:22:22Z, rand_a CC3, rand_b 18C4DC0C0C07398F
    minted = uuid7_from_bits(0x017F22E279B0, (0xCC3 << 62) | 0x18C4DC0C0C07398F)

    assert minted == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


def test_an_id_begins_with_its_time_and_is_a_function_of_its_row() -> None:
    first, later = uuid7_of(1_000, "a", 1), uuid7_of(1_001, "a", 1)

    assert UUID(first).version == 7
    assert first < later
    assert first == uuid7_of(1_000, "a", 1)
    assert len({first, uuid7_of(1_000, "a", 2), uuid7_of(1_000, "a1"), later}) == 4
