"""The archive's lists say which kernels there are."""

from ipcmark_kernels.debian.packages import Kernel, kernels_of, merged, newest, newest_first, packages_in


def stanza(name: str, version: str, size: int) -> bytes:
    return (f"Package: {name}\nSource: linux\nVersion: {version}\nDepends: kmod\nFilename: pool/{name}.deb\n"
            f"Size: {size}\nSHA256: {'a' * 64}\n").encode()


INDEX = b"\n".join([
    stanza("linux-image-6.1.0-56-cloud-amd64", "6.1.190-1", 26_000_000),
    stanza("linux-image-6.1.0-57-cloud-amd64-unsigned", "6.1.192-3", 26_000_000),
    stanza("linux-image-6.1.0-57-cloud-amd64", "6.1.192-3", 26_000_000),
    stanza("linux-image-6.1.0-57-cloud-amd64-dbg", "6.1.192-3", 900_000_000),
    stanza("linux-image-6.1-cloud-amd64", "6.1.192-3", 1_500),
    stanza("linux-image-6.1.0-57-rt-amd64", "6.1.192-3", 70_000_000),
    stanza("linux-image-6.1.0-57-amd64", "6.1.192-3", 70_000_000),
    stanza("linux-image-7.3.4+deb13-cloud-amd64", "7.3.4-1~bpo13+1", 1_928),
    stanza("linux-binary-7.3.4+deb13-cloud-amd64", "7.3.4-1~bpo13+1", 13_600_000),
    stanza("linux-base-7.3.4+deb13-cloud-amd64", "7.3.4-1~bpo13+1", 1_000_000),
    stanza("linux-binary-7.3-cloud-amd64", "7.3~rc7-1~exp1", 13_800_000),
    stanza("linux-image-4.19.0-1-amd64", "4.19.1-1", 40_000_000),
    stanza("linux-image-6.1.0-57-686", "6.1.192-3", 60_000_000),
    stanza("busybox-static", "1:1.35.0-4", 900_000),
])


def kernels() -> list[Kernel]:
    return kernels_of(packages_in(INDEX, "bookworm", "http://mirror"), "amd64")


def test_meta_packages_debug_symbols_other_machines_and_kernels_too_old_are_none() -> None:
    assert [k.release for k in kernels()] == [
        "6.1.0-56-cloud-amd64", "6.1.0-57-amd64", "6.1.0-57-cloud-amd64", "6.1.0-57-rt-amd64",
        "7.3-cloud-amd64", "7.3.4+deb13-cloud-amd64"]


def test_the_signed_package_is_taken_where_both_are_there() -> None:
    chosen = next(k for k in kernels() if k.release == "6.1.0-57-cloud-amd64")
    assert [p.name for p in chosen.packages] == ["linux-image-6.1.0-57-cloud-amd64"]


def test_a_kernel_that_is_split_takes_both_halves() -> None:
    chosen = newest_first(kernels(), "7.3-cloud")[0]
    assert [p.name for p in chosen.packages] == ["linux-binary-7.3.4+deb13-cloud-amd64", "linux-base-7.3.4+deb13-cloud-amd64"]


def test_a_series_means_its_newest_and_then_the_ones_before() -> None:
    assert [k.release for k in newest_first(kernels(), "6.1-cloud")] == ["6.1.0-57-cloud-amd64", "6.1.0-56-cloud-amd64"]
    assert [k.flavour for k in newest_first(kernels(), "6.1")] == ["generic"]
    assert [k.release for k in newest_first(kernels(), "7.3-cloud")] == ["7.3.4+deb13-cloud-amd64", "7.3-cloud-amd64"]


def test_one_version_is_named_whole_with_or_without_the_architecture() -> None:
    assert [k.version for k in newest_first(kernels(), "6.1.0-56-cloud")] == ["6.1.190-1"]
    assert [k.version for k in newest_first(kernels(), "7.3-cloud-amd64")] == ["7.3~rc7-1~exp1"]
    assert newest_first(kernels(), "9.9") == []


def test_a_package_of_two_suites_is_one() -> None:
    both = merged([*packages_in(INDEX, "bookworm", "http://a"), *packages_in(INDEX, "sid", "http://a")])
    assert len(both) == 14 and {p.suites for p in both} == {("bookworm", "sid")}
    busybox = newest(both, "busybox-static")
    assert busybox is not None and busybox.uri == "http://a/pool/busybox-static.deb"
    assert newest(both, "cpio") is None
