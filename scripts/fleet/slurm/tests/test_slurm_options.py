"""Every unusable option or bundle is answered by one line that names it, before anything is made or asked of Slurm."""

import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ipcmark_slurm.__main__ import main
from slurm_cluster import crafted_bundle

X86_64, AARCH64 = 62, 183
Says = Callable[..., str]


@pytest.fixture
def refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Says:
    """What `submit` says to the words, in a folder of its own and where there are no commands of Slurm."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))

    def said(*words: str | Path) -> str:
        code: object
        try:
            code = main([str(word) for word in words])
        except SystemExit as end:
            code = end.code
        told = capsys.readouterr()
        assert code == 2 and told.out == "" and told.err.startswith("submit: "), told
        assert told.err.count("\n") == 1 and told.err[:-1].isprintable(), told
        return told.err

    return said


@pytest.mark.parametrize(("words", "named"), [
    (("c",), "c: is no campaign yet; give --bundle ARCHIVE"),
    (("c", "--gather"), "c: is no campaign; name a folder that `submit` made"),
    (("c" * 300,), "File name too long"),
    (("c%j", "--bundle", "b"), "% and \\ in names of files"),
    (("c", "--repeats", "0"), "argument --repeats: '0' is no number from 1 to 1000"),
    (("c", "--preset", "slow"), "argument --preset: invalid choice: 'slow'"),
    (("c", "--partition", "-p"), "argument --partition"),
    (("c", "--partition=-p"), "--partition: '-p' is no name"),
    (("c", "--node", "n[1-2]"), "--node: 'n[1-2]' is more than one"),
    (("c", "--node", "n1", "--node", "n1"), "--node: the same is named twice"),
    (("c", "--sbatch=--array=1"), "--sbatch: '--array=1' cannot be given"),
    (("c", "--sbatch=-p x"), "--sbatch: '-p x' cannot be given"),
    (("c", "--local", "tmp"), "--local: 'tmp' has to begin with /"),
    (("c", "--", "--out", "x"), "--out cannot stand after --"),
    (("c", "--filter", "a\nb"), "a\\nb: holds a character that cannot be printed"),
    (("c", "--bundle", "missing.tar.xz"), "missing.tar.xz: cannot be read: No such file or directory"),
])
def test_an_option_that_cannot_be_used_is_named(refusal: Says, tmp_path: Path, words: Sequence[str], named: str) -> None:
    assert named in refusal(*words)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("machines", "top", "named"), [
    ([AARCH64] * 6, "ipcmark-0.1.0-x86_64", "calls itself ipcmark-0.1.0-x86_64, but its programs are for aarch64"),
    ([X86_64] * 5 + [AARCH64], "ipcmark-0.1.0", "its programs are for several machines: aarch64, x86_64"),
    ([X86_64] * 5, "ipcmark-0.1.0-x86_64", "it has no program contention"),
])
def test_a_bundle_that_is_none_is_named(refusal: Says, tmp_path: Path, machines: Sequence[int], top: str, named: str) -> None:
    bundle = crafted_bundle(tmp_path / "b.tar.gz", machines, top)
    assert f"{bundle}: " in (said := refusal("c", "--bundle", bundle)) and named in said


def test_two_bundles_for_one_architecture_are_one_too_many(refusal: Says, tmp_path: Path) -> None:
    bundle = crafted_bundle(tmp_path / "b.tar.gz", [X86_64] * 6, "ipcmark-0.1.0-x86_64")
    assert "b.tar.gz and b.tar.gz are both for x86_64" in refusal("c", "--bundle", bundle, "--bundle", bundle)


def test_a_cut_archive_and_a_text_are_no_bundles(refusal: Says, tmp_path: Path) -> None:
    whole = tmp_path / "whole.tar.xz"
    with tarfile.open(whole, "w:xz") as tar:
        tar.add(__file__, "ipcmark-0.1.0-x86_64/ipcmark")
    cut = tmp_path / "cut.tar.xz"
    cut.write_bytes(whole.read_bytes()[:-200])
    for file in (cut, Path(__file__)):
        assert f"{file}: is no archive of scripts/bundle" in refusal("c", "--bundle", file)


def test_a_bundle_cut_behind_its_last_program_is_named_and_leaves_nothing(refusal: Says, tmp_path: Path) -> None:
    bundle = crafted_bundle(tmp_path / "b.tar.gz", [X86_64] * 6, "ipcmark-0.1.0-x86_64")
    bundle.write_bytes(bundle.read_bytes()[:-4])
    cluster(tmp_path, "x86_64", 1001)
    assert f"{bundle}: is damaged: " in refusal("c", "--bundle", bundle)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["b.tar.gz", "scontrol"]


def test_a_machine_without_slurm_is_told_so_and_nothing_is_made(refusal: Says, tmp_path: Path) -> None:
    bundle = crafted_bundle(tmp_path / "b.tar.gz", [X86_64] * 6, "ipcmark-0.1.0-x86_64")
    assert "no program scontrol here" in refusal("c", "--bundle", bundle)
    assert not (tmp_path / "c").exists()


def test_a_folder_of_something_else_is_left_alone(refusal: Says, tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "mine").touch()
    bundle = crafted_bundle(tmp_path / "b.tar.gz", [X86_64] * 6, "ipcmark-0.1.0-x86_64")
    assert "c: exists already and is no campaign" in refusal("c", "--bundle", bundle)
    (tmp_path / "c" / "campaign.json").write_text("{}")
    assert "campaign.json: is of another version" in refusal("c")


def cluster(folder: Path, architecture: str, most: int) -> None:
    """Stands in for scontrol, as far as `submit` asks it before it makes anything."""
    told = f"echo 'NodeName=n1 Arch={architecture} CoresPerSocket=1 Partitions=p,q '; echo 'MaxArraySize            = {most}'"
    (folder / "scontrol").write_text(f"#!/bin/sh\n{told}\n")
    (folder / "scontrol").chmod(0o755)


def test_a_bundle_for_none_of_the_nodes_is_refused_before_anything_is_submitted(refusal: Says, tmp_path: Path) -> None:
    bundle = crafted_bundle(tmp_path / "b.tar.gz", [X86_64] * 6, "ipcmark-0.1.0-x86_64")
    cluster(tmp_path, "aarch64", 1001)
    assert "only for x86_64, but partition q has aarch64; make one by scripts/bundle --arch aarch64" in refusal(
        "c", "--bundle", bundle, "--partition", "q")
    assert "but n1 has aarch64" in refusal("c", "--bundle", bundle, "--node", "n1")


def test_more_runs_than_an_array_may_have_are_refused(refusal: Says, tmp_path: Path) -> None:
    bundle = crafted_bundle(tmp_path / "b.tar.gz", [X86_64] * 6, "ipcmark-0.1.0-x86_64")
    cluster(tmp_path, "x86_64", 10)
    assert "12 runs are more than this cluster's MaxArraySize, 10" in refusal(
        "c", "--bundle", bundle, "--partition", "p", "--partition", "q", "--repeats", "6")
