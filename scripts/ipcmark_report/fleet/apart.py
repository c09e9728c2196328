"""In what a host is set apart from those that are alike: facts that may be why, and never a proof."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from ..compare.facts import Kind, kind_of
from ..text import one_line, shorten
from .model import Host, Measured

# A fact that more peers than this share of all have too sets nobody apart.
MOST_PEERS = 0.25
# Readings worth telling, where they are so many times those of the peers, and no less than this.
READINGS = {("load", "average"): 0.2, ("load", "cpu_pressure_percent"): 2.0, ("load", "steal_percent"): 1.0,
            ("load", "memory_pressure_percent"): 2.0, ("load", "io_pressure_percent"): 2.0}
TIMES = 2.0
_LONG = 60
Facts = dict[tuple[str, str], str]
_OF_THE_IMAGE = ("BOOT_IMAGE=", "initrd=", "root=")


@dataclass(frozen=True)
class Apart:
    """`like` of the `peers` that say anything of it have it as this host does; `usual` is what most of them have."""

    what: str
    own: str
    usual: str
    like: int
    peers: int


def apart_of(host: Host, peers: Sequence[Host], facts: Mapping[str, Facts]) -> tuple[Apart, ...]:
    """What disturbed it first, then settings, then traits; of one kind those that fewest peers share. `facts` are facts_of()
    each, by the name of the host."""
    if not peers:
        return ()
    found = [(0, one) for one in (*_labels(host, peers), *_readings(host, peers))]
    theirs = [facts[peer.name] for peer in peers]
    for name, own in facts[host.name].items():
        kind = kind_of(*name)
        if kind in (Kind.SETTING, Kind.TRAIT) and (one := _fact(name, own, theirs)) is not None:
            found.append((1 if kind is Kind.SETTING else 2, one))
    return tuple(one for _, one in sorted(found, key=lambda item: (item[0], item[1].like / item[1].peers, item[1].what)))


def _labels(host: Host, peers: Sequence[Host]) -> Iterator[Apart]:
    labels = [label for run in host.runs for label in run.labels]
    like = sum(bool(peer.contaminated) for peer in peers)
    if labels and like <= MOST_PEERS * len(peers):
        yield Apart("contaminated", shorten(labels[0], 2 * _LONG), "no label", like, len(peers))


def _readings(host: Host, peers: Sequence[Host]) -> Iterator[Apart]:
    for name, least in READINGS.items():
        own = _reading(host, name)
        others = [value for peer in peers if (value := _reading(peer, name)) is not None]
        if own is not None and others and own >= least and own > TIMES * max(median(others), least / TIMES):
            like = sum(value >= own for value in others)
            if like <= MOST_PEERS * len(others):
                yield Apart(".".join(name), f"{own:g}", f"{median(others):g}", like, len(others))


def _reading(host: Host, name: tuple[str, str]) -> float | None:
    """The first number of the fact, the largest of the runs."""
    found = []
    for run in host.runs:
        for fact in run.facts:
            if (fact.group, fact.key) == name and not fact.unknown:
                try:
                    found.append(float(fact.text.split(",")[0]))
                except ValueError:
                    continue
    return max(found, default=None)


def _fact(name: tuple[str, str], own: str, theirs: Sequence[Facts]) -> Apart | None:
    known = [facts[name] for facts in theirs if name in facts]
    if not known:
        return None
    like = known.count(own)
    usual, _ = Counter(known).most_common(1)[0]
    if own == usual or like > MOST_PEERS * len(known):
        return None
    mine, common = short(own, usual)
    return Apart(".".join(name), mine, common, like, len(known))


def facts_of(runs: Sequence[Measured]) -> Facts:
    """What is known of a host, in all these runs."""
    texts: dict[tuple[str, str], dict[str, None]] = {}
    for run in runs:
        for fact in run.facts:
            if not fact.unknown:
                texts.setdefault((fact.group, fact.key), {})[_comparable(fact.key, fact.text)] = None
        texts.setdefault(("run", "build"), {})[run.build] = None
        texts.setdefault(("run", "settings"), {})[run.settings] = None
    return {name: "; ".join(values) for name, values in texts.items()}


def _comparable(key: str, text: str) -> str:
    if key != "cmdline":
        return text
    return " ".join(word for word in text.split() if not word.startswith(_OF_THE_IMAGE))


def short(own: str, usual: str) -> tuple[str, str]:
    """Of long lists what one has and the other has not."""
    if max(len(own), len(usual)) <= _LONG:
        return one_line(own), one_line(usual)
    separator = ", " if ", " in own and ", " in usual else " "
    mine, common = own.split(separator), usual.split(separator)
    more, less = [word for word in mine if word not in common], [word for word in common if word not in mine]
    if not more and not less:
        return shorten(own, _LONG), shorten(usual, _LONG)
    return (shorten(separator.join(more) or "without them", _LONG), shorten(separator.join(less) or "without them", _LONG))
