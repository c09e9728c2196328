"""What the guest says is read from its console, and nothing else is."""

import base64
import hashlib
import io
import tarfile

from ipcmark_kernels.guest.protocol import files_of, last_lines, read_console


def archive(*names: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size = 2
            tar.addfile(entry, io.BytesIO(b"{}"))
    return packed.getvalue()


def test_how_far_the_guest_came_stands_among_the_kernels_lines() -> None:
    said = read_console("[ 0.1] boot\r\n@@ipcmark started\r\n[ 9.9] x @@ipcmark settled\r\n@@ipcmark status 1\r\n")
    assert said.started and not said.settled and said.status == 1 and said.sha256 is None


def test_a_run_that_is_sent_on_the_console_is_decoded() -> None:
    packed = archive("run/run.json")
    lines = base64.encodebytes(packed).decode().replace("\n", "\r\n")
    digest = hashlib.sha256(packed).hexdigest()
    said = read_console(f"@@ipcmark sha256 {digest}\r\n@@ipcmark archive\r\n{lines}@@ipcmark end\r\n")
    assert said.archive == packed and files_of(packed, said.sha256) == {"run.json": b"{}"}
    assert read_console(f"@@ipcmark archive\n{lines}").archive is None
    assert read_console("@@ipcmark archive\n[ 1.0] noise?\n@@ipcmark end\n").archive is None


def test_a_run_that_did_not_arrive_whole_is_none() -> None:
    packed = archive("run/run.json")
    assert files_of(packed[:-1], hashlib.sha256(packed).hexdigest()) is None and files_of(packed, None) is None


def test_names_that_lead_elsewhere_are_left_out() -> None:
    packed = archive("run/run.json", "run/../x.json", "/etc/x.json", "run/sub/x.json")
    assert files_of(packed, hashlib.sha256(packed).hexdigest()) == {"run.json": b"{}"}


def test_the_last_lines_cannot_act_on_a_terminal() -> None:
    assert last_lines("a\r\n\x1b[2Kb\x07\r\n@@ipcmark started\r\n\n", 5) == ["a", "b\\x07"]
