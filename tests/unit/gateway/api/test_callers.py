"""Callers are told apart by the address the edge has seen and by their program."""

from gateway.api.callers import caller_of, sharer_in, sharer_of

BROWSER = ("user-agent", "Mozilla/5.0")


def test_the_edge_says_where_a_call_comes_from() -> None:
    one = caller_of([("x-forwarded-for", "192.0.2.1"), BROWSER], "ipv4:10.0.0.9:4000")
    assert one == caller_of([("x-forwarded-for", "192.0.2.1"), BROWSER], "ipv4:10.0.0.8:5000")
    assert one != caller_of([("x-forwarded-for", "192.0.2.2"), BROWSER], "ipv4:10.0.0.9:4000")
    # What a caller claims stands before what the edge adds.
    assert one == caller_of([("x-forwarded-for", "203.0.113.7, 192.0.2.1"), BROWSER], "ipv4:10.0.0.9:4000")


def test_without_an_edge_it_is_the_peer_whatever_its_port() -> None:
    assert caller_of([BROWSER], "ipv4:127.0.0.1:4000") == caller_of([BROWSER], "ipv4:127.0.0.1:4001")
    assert caller_of(None, "ipv4:127.0.0.1:4000") != caller_of(None, "ipv4:127.0.0.2:4000")


def test_two_programs_at_one_address_are_two_callers() -> None:
    assert caller_of([BROWSER], "ipv4:127.0.0.1:1") != caller_of(
        [("user-agent", "notreally-client/1")], "ipv4:127.0.0.1:1"
    )


def test_it_fits_its_column_and_names_no_address() -> None:
    caller = caller_of([("x-forwarded-for", "192.0.2.1")], "")
    assert len(caller) == 32
    assert "." not in caller


def test_programs_at_one_address_share_and_so_do_addresses_of_one_network() -> None:
    def sharer(address: str, program: str = "") -> str:
        metadata = [("x-forwarded-for", address), ("user-agent", program)]
        assert caller_of(metadata, "").startswith(sharer_of(metadata, ""))
        return sharer_in(caller_of(metadata, ""))

    assert sharer("192.0.2.1", "a") == sharer("192.0.2.1", "b") != sharer("192.0.2.2", "a")
    assert sharer("2001:db8::1") == sharer("2001:db8::2") != sharer("2001:db8:0:1::1")
