"""Decodes that run at the same time share one cap: small ones together, large ones alone, each in its turn."""

import threading
import time

import pytest

from recipe_assets.errors import UnreadablePhotoError
from recipe_assets.studio.decoding.limits import MemoryGate


def test_the_gate_lets_small_decodes_run_together_and_large_ones_one_at_a_time() -> None:
    gate, held, most = MemoryGate(100), 0, 0
    lock, both = threading.Lock(), threading.Barrier(2, timeout=10)

    def decode(amount: int, together: bool) -> None:
        nonlocal held, most
        with gate.reserve(amount):
            with lock:
                held += amount
                most = max(most, held)
            if together:
                both.wait()  # breaks unless another one is inside at the same time
            time.sleep(0.002)
            with lock:
                held -= amount

    threads = [threading.Thread(target=decode, args=(70, False)) for _ in range(8)]
    threads += [threading.Thread(target=decode, args=(30, False)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert 70 <= most <= 100
    pair = [threading.Thread(target=decode, args=(40, True)) for _ in range(2)]
    for thread in pair:
        thread.start()
    for thread in pair:
        thread.join(10)
    assert not both.broken


def test_a_large_decode_is_not_overtaken_for_ever() -> None:
    gate, order = MemoryGate(100), []
    first_in, large_waits = threading.Event(), threading.Event()

    def hold() -> None:
        with gate.reserve(60):
            first_in.set()
            large_waits.wait(10)
            time.sleep(0.05)  # so that the large one stands at the gate before the small one comes

    def come(amount: int) -> None:
        with gate.reserve(amount):
            order.append(amount)

    holder, large, small = (
        threading.Thread(target=hold),
        threading.Thread(target=come, args=(90,)),
        threading.Thread(target=come, args=(10,)),
    )
    holder.start()
    first_in.wait(10)
    large.start()
    time.sleep(0.02)
    small.start()
    large_waits.set()
    for thread in (holder, large, small):
        thread.join(10)
    assert order == [90, 10]


def test_the_gate_gives_back_what_a_failed_decode_held() -> None:
    gate = MemoryGate(100)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), gate.reserve(100):
            raise ZeroDivisionError
    with pytest.raises(UnreadablePhotoError, match="needs"), gate.reserve(101):
        pass
