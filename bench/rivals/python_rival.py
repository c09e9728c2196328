"""CPython's multiprocessing as a rival: times one operation and prints the ns that it takes.

usage: python_rival.py OPERATION WARMUP_MS WINDOW_MS [CPU,CPU...]

Peers are bound to the CPUs in turn, where any are given. Like the bench binaries it warms up, then
measures: single operations by their median, a stream by what its receiver counts.
"""

import multiprocessing
import os
import statistics
import sys
import time

context = multiprocessing.get_context("fork")
LAST = -1
QUEUE_DEPTH = 1024
POOL_WORKERS = 2
POOL_ITEMS = 100
PAIRS_A_SAMPLE = 10


class Window:
    def __init__(self, warmup_ms: float, window_ms: float, cpus: list[int]) -> None:
        self.warmup_ns = int(warmup_ms * 1e6)
        self.window_ns = int(window_ms * 1e6)
        self.cpus = cpus

    def bind(self, peer: int) -> None:
        if self.cpus:
            os.sched_setaffinity(0, {self.cpus[peer % len(self.cpus)]})

    def median_ns(self, operation, each: int = 1) -> float:
        """The median of single calls, a call being `each` operations."""
        clock = time.perf_counter_ns
        warm_until = clock() + self.warmup_ns
        while clock() < warm_until:
            operation()
        samples = []
        last = clock()
        until = last + self.window_ns
        while last < until:
            operation()
            now = clock()
            samples.append(now - last)
            last = now
        return statistics.median(samples) / each


def peer(window: Window, function, *arguments):
    def run():
        window.bind(1)
        function(*arguments)

    process = context.Process(target=run)
    process.start()
    window.bind(0)
    return process


def queue_round_trip(window: Window) -> float:
    there, back = context.Queue(QUEUE_DEPTH), context.Queue(QUEUE_DEPTH)

    def echo():
        while (number := there.get()) != LAST:
            back.put(number)

    process = peer(window, echo)
    numbers = iter(range(sys.maxsize))

    def operation():
        number = next(numbers)
        there.put(number)
        if back.get() != number:
            raise RuntimeError("another number came back")

    ns = window.median_ns(operation)
    there.put(LAST)
    process.join()
    return ns


def queue_one_way(window: Window) -> float:
    queue, stop = context.Queue(QUEUE_DEPTH), context.Event()

    def produce():
        number = 0
        while True:
            for _ in range(64):
                queue.put(number)
                number += 1
            if stop.is_set():
                break
        queue.put(LAST)

    process = peer(window, produce)
    expected = 0

    def take_until(end: int) -> int:
        nonlocal expected
        first = expected
        while time.perf_counter_ns() < end:
            for _ in range(16):
                if queue.get() != expected:
                    raise RuntimeError("out of order")
                expected += 1
        return expected - first

    take_until(time.perf_counter_ns() + window.warmup_ns)
    start = time.perf_counter_ns()
    count = take_until(start + window.window_ns)
    ns = (time.perf_counter_ns() - start) / count
    stop.set()
    while queue.get() != LAST:
        pass
    process.join()
    return ns


def value_add(window: Window) -> float:
    window.bind(0)
    value = context.Value("q", 0)
    adds = 0

    def operation():
        nonlocal adds
        for _ in range(PAIRS_A_SAMPLE):
            with value.get_lock():
                value.value += 1
        adds += PAIRS_A_SAMPLE

    ns = window.median_ns(operation, PAIRS_A_SAMPLE)
    if value.value != adds:
        raise RuntimeError("an addition was lost")
    return ns


def twice(number: int) -> int:
    return 2 * number


def pool_map(window: Window) -> float:
    with context.Pool(POOL_WORKERS) as pool:
        items = range(POOL_ITEMS)

        def operation():
            if pool.map(twice, items, chunksize=1)[-1] != 2 * items[-1]:
                raise RuntimeError("wrong result")

        return window.median_ns(operation, POOL_ITEMS)


def pool_apply(window: Window) -> float:
    with context.Pool(POOL_WORKERS) as pool:

        def operation():
            if pool.apply(twice, (21,)) != 42:
                raise RuntimeError("wrong result")

        return window.median_ns(operation)


def nothing() -> None:
    pass


def process(window: Window) -> float:
    window.bind(0)

    def operation():
        child = context.Process(target=nothing)
        child.start()
        child.join()
        if child.exitcode != 0:
            raise RuntimeError("the child failed")

    return window.median_ns(operation)


OPERATIONS = {
    function.__name__: function
    for function in (queue_round_trip, queue_one_way, value_add, pool_map, pool_apply, process)
}


def main() -> None:
    if len(sys.argv) not in (4, 5) or sys.argv[1] not in OPERATIONS:
        sys.exit(f"usage: python_rival.py {'|'.join(OPERATIONS)} WARMUP_MS WINDOW_MS [CPU,CPU...]")
    cpus = [int(cpu) for cpu in sys.argv[4].split(",")] if len(sys.argv) == 5 else []
    window = Window(float(sys.argv[2]), float(sys.argv[3]), cpus)
    print(OPERATIONS[sys.argv[1]](window))


if __name__ == "__main__":
    main()
