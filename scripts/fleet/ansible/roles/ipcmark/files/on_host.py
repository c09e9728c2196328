"""What the controller does on a host: it looks, starts a run that goes on without it, waits for its end, and clears away.

It comes over the connection as standard input, hence in one file, so that it needs no room on a full disk:
python3 - COMMAND FOLDER ARGUMENT...
It needs Python 3.7 and nothing else, and prints one JSON object; or one line on stderr, with status 2.
"""

import ctypes
import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

RECORD_BYTES = 4096
TAIL_BYTES = 8192
PR_SET_PDEATHSIG = 1
TIME_TO_LEAVE_S = 15


class Refused(Exception):
    """What is wrong and what to do, in one line."""


def one_line(text):
    return re.sub(r"[^ -~]+", " ", str(text)).strip()


class TooLong(Exception):
    """A lock was not let go of in time."""


def locked(path, how, wait_s=0):
    """A descriptor of the file or folder that holds its flock, or None where another has it. The kernel wakes who waits."""
    flags = os.O_RDONLY if os.path.isdir(path) else os.O_RDWR | os.O_CREAT
    handle = os.open(path, flags | os.O_CLOEXEC, 0o600)
    try:
        _flock(handle, how, wait_s)
        # Whoever had it may have removed the file.
        there, ours = os.stat(path), os.fstat(handle)
        if (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino):
            return handle
    except (TooLong, BlockingIOError, FileNotFoundError):
        pass
    os.close(handle)
    return None


def _flock(handle, how, wait_s):
    if wait_s <= 0:
        fcntl.flock(handle, how | fcntl.LOCK_NB)
        return
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(wait_s)
    try:
        fcntl.flock(handle, how)
    finally:
        signal.alarm(0)


def _too_long(_number, _frame):
    raise TooLong


class Run:
    """One run of a campaign in its folder; the lock is held by the process that measures it."""

    def __init__(self, folder, name):
        self.folder, self.place = folder, folder / "runs" / name
        self.result, self.archive = self.place / "run", self.place / "run.tar.gz"
        self.lock, self.begun, self.ended = self.place / "lock", self.place / "begun.json", self.place / "ended.json"

    def state(self):
        """Of all states only `running` can change by itself."""
        if not self.begun.exists():
            return {"state": "absent"}
        handle = locked(self.lock, fcntl.LOCK_SH)
        if handle is None:
            return {"state": "running"}
        os.close(handle)
        return self.end_state()

    def end_state(self):
        try:
            return json.loads(self.ended.read_text())
        except (OSError, ValueError):
            return {"state": "dead", "reason": "its processes are gone without a word: killed, or the host was restarted"}

    def is_whole(self):
        """Whether nothing of it needs to be measured any more."""
        try:
            return json.loads((self.result / "run.json").read_text())["status"] == "complete"
        except (OSError, ValueError, KeyError):
            return False

    def asked(self):
        try:
            return json.loads(self.begun.read_text())
        except (OSError, ValueError):
            return {}

    def note_begin(self, arguments):
        # Room for the end is taken now: the disk may be full by then.
        self.ended.write_text(" " * RECORD_BYTES)
        partial = self.place / "begun.partial"
        partial.write_text(json.dumps({"pid": os.getpid(), "started": start_of(os.getpid()), "boot": boot(),
                                       "arguments": arguments}))
        os.replace(partial, self.begun)

    def note_end(self, state, reason="", **more):
        text = json.dumps({"state": state, "reason": one_line(reason)[:1000], **more}).ljust(RECORD_BYTES)
        with self.ended.open("r+b") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())


def boot():
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def start_of(pid):
    """When a process started; with its number, what no other process has."""
    try:
        return Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None


def look(folder):
    """Makes the folder, which is nobody else's, and says what is there."""
    try:
        room = os.statvfs(folder.parent)
    except OSError as error:
        raise Refused("%s: %s; name another place by ipcmark_place" % (folder.parent, error.strerror))
    found = {"free_mib": room.f_bavail * room.f_frsize >> 20, "kernel": kernel(), "bundle": "", "runs": {}}
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        mine = os.lstat(folder)
        if not stat.S_ISDIR(mine.st_mode) or mine.st_uid != os.geteuid():
            raise Refused("%s is somebody else's; name another place by ipcmark_place" % folder)
        first = folder / "first_kernel"
        if not first.exists():
            # Half a name would be a kernel that nobody can boot.
            aside = folder / ".first_kernel"
            aside.write_text(found["kernel"])
            aside.rename(first)
        found["first_kernel"] = first.read_text()
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        found["free_mib"] = 0
    if (folder / "bundle" / "sha256").exists():
        found["bundle"] = (folder / "bundle" / "sha256").read_text()
    found["runs"] = {run.place.name: run.state() for run in runs_in(folder)}
    return found


def kernel():
    return subprocess.run(["uname", "-r"], stdout=subprocess.PIPE, check=True).stdout.decode().strip()


def runs_in(folder):
    return [Run(folder, place.name) for place in sorted((folder / "runs").glob("*"))]


def unpack(folder, expected):
    """Puts the bundle's programs in the folder `bundle`, whole or not at all."""
    archive, programs = folder / "bundle.tar.xz", folder / "bundle"
    if sha256_of(archive) != expected:
        raise Refused("%s did not arrive as it was sent; run the playbook again" % archive)
    if any(run.state()["state"] == "running" for run in runs_in(folder)):
        raise Refused("a run of this campaign is under way with another bundle; wait for it, or end it with --tags clean")
    partial = Path(tempfile.mkdtemp(prefix="bundle.", dir=folder))
    try:
        try:
            with tarfile.open(archive) as tar:
                tar.extractall(partial)
            (unpacked,) = partial.iterdir()
        except OSError:
            raise
        except Exception as error:  # of tarfile or of lzma, which a small Python lacks
            raise Refused("the bundle cannot be unpacked: %s; if it is damaged, make it again by scripts/bundle" % error)
        (unpacked / "sha256").write_text(expected)
        shutil.rmtree(programs, ignore_errors=True)
        os.rename(unpacked, programs)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    archive.unlink()
    return {"bundle": expected}


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def run(folder, name, lock, busy_s, one_boot, longest_s, *arguments):
    """Sees to it that the run is under way or done, and waits for its end."""
    one = Run(folder, name)
    one.place.mkdir(parents=True, exist_ok=True)
    handle = locked(one.lock, fcntl.LOCK_EX)
    if handle is not None and not _is_done(one, list(arguments)):
        # In a campaign over kernels the unit is the boot, so no run goes over two.
        if one_boot == "true" and one.asked().get("boot") != boot() and not one.is_whole():
            shutil.rmtree(one.result, ignore_errors=True)
        detach(one, lambda: measure(one, lock, int(busy_s), list(arguments)), list(arguments))
    if handle is not None:
        os.close(handle)
    return wait(folder, name, longest_s)


def _is_done(one, arguments):
    if one.begun.exists() and one.asked().get("arguments") != arguments:
        raise Refused("this campaign has begun %s with other settings; name another campaign, or give this one up "
                      "with --tags clean" % one.place.name)
    return one.begun.exists() and one.end_state()["state"] == "finished"


def detach(run, work, arguments):
    """Does the work in a process that needs no connection and keeps our locks; returns when its begin is on record."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        if os.fork() != 0:
            os._exit(0)
        try:
            run.note_begin(arguments)
        except OSError as error:
            os.write(writer, one_line(error).encode())
            os._exit(1)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2, reader, writer):
            os.dup2(nowhere, stream)
        try:
            work()
        except BaseException as error:  # nobody else would hear of it
            run.note_end("failed", "%s: %s" % (type(error).__name__, error))
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read().decode()
    if said:
        raise Refused(said)


def measure(run, lock, busy_s, arguments):
    """The run from its wait for the host to its archive; nobody else measures or packs on this host meanwhile."""
    host = locked(lock, fcntl.LOCK_EX, busy_s)
    if host is None:
        run.note_end("busy", "another run is under way on this host: %s" % holder_of(lock))
        return
    exit_status, said = ipcmark(run, host, arguments)
    if not run.is_whole():
        run.note_end("failed", said, exit=exit_status)
        return
    try:
        pack(run)
    except OSError as error:
        run.note_end("failed", "the run is whole, but cannot be packed: %s; make room and run the playbook again" % error,
                     exit=exit_status)
        return
    run.note_end("finished", said if exit_status else "", exit=exit_status, archive=str(run.archive),
                 sha256=sha256_of(run.archive), bytes=run.archive.stat().st_size)


def holder_of(lock):
    """Who has the lock, as far as we may see it."""
    here = os.stat(lock)
    wanted = "%02x:%02x:%d" % (os.major(here.st_dev), os.minor(here.st_dev), here.st_ino)
    for line in Path("/proc/locks").read_text().splitlines():
        fields = line.split()
        if len(fields) > 5 and fields[1] == "FLOCK" and fields[5] == wanted:
            try:
                command = Path("/proc/%s/cmdline" % fields[4]).read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                command = "?"
            return "process %s (%s)" % (fields[4], one_line(command)[:200])
    return "of another user, or in a container"


def ipcmark(run, host, arguments):
    """Runs it and gives its exit status (negative: a signal), and of its words those that tell."""
    program = str(run.folder / "bundle" / "ipcmark")
    if (run.result / "run.json").exists():
        status, said = _to_its_end([program, "run", "--resume", str(run.result)], run, host)
        if status != 2:
            return status, said
    shutil.rmtree(run.result, ignore_errors=True)
    return _to_its_end([program, "run", "--out", str(run.result), *arguments], run, host)


def _to_its_end(command, run, host):
    # It inherits the host's lock: should we be killed, the host stays taken for as long as it lives.
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             cwd=str(run.place), pass_fds=(host,), preexec_fn=_die_with_us)
    signal.signal(signal.SIGTERM, lambda *_: child.send_signal(signal.SIGTERM))
    tail = b""
    for block in iter(lambda: child.stdout.read1(TAIL_BYTES), b""):
        tail = (tail + block)[-TAIL_BYTES:]
    status = child.wait()
    if status < 0:
        return status, "ipcmark was killed by %s" % signal.Signals(-status).name
    return status, telling(tail.decode(errors="replace"))


def _die_with_us():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def telling(said):
    """The line of its words that says best why it is not content."""
    lines = [one_line(line) for line in said.replace("\r", "\n").splitlines() if line.strip()]
    for sign in ("No space left", "error:", " failed:"):
        for number, line in enumerate(lines):
            if sign in line:
                return " ".join(lines[number:number + 2]) if line.endswith("failed:") else line
    return lines[-1] if lines else "it said nothing"


def pack(run):
    partial = run.place / "run.tar.gz.partial"
    try:
        with tarfile.open(partial, "w:gz", compresslevel=6) as tar:
            tar.add(run.result, arcname=run.place.name)
        os.replace(partial, run.archive)
    finally:
        if partial.exists():
            partial.unlink()


def wait(folder, name, seconds):
    run = Run(folder, name)
    if run.place.is_dir():
        handle = locked(run.lock, fcntl.LOCK_SH, int(seconds))
        if handle is not None:
            os.close(handle)
    return run.state()


def settle(_folder, seconds):
    """A boot goes on for a while after it answers."""
    time.sleep(max(0, float(seconds) - float(Path("/proc/uptime").read_text().split()[0])))
    return {"kernel": kernel()}


def drop(folder, name):
    """Takes away a run that is at home."""
    run = Run(folder, name)
    handle = locked(run.lock, fcntl.LOCK_EX) if run.place.is_dir() else None
    if handle is not None:
        shutil.rmtree(run.place)
    return {"dropped": handle is not None}


def clean(folder, what, *at_home):
    """Takes the folder away. What is under way or waits to be fetched stays, unless `all` is said; failed runs may stay, too."""
    for name in at_home:
        drop(folder, name)
    if not folder.is_dir():
        return {"kept": []}
    if what == "all":
        for run in runs_in(folder):
            _end(run)
    kept = [run.place.name for run in runs_in(folder) if _is_kept(run, what)]
    if not any(run.state()["state"] == "running" for run in runs_in(folder)):
        _kill_programs_of(folder)
        _take_away_what_they_left(folder)
    for run in runs_in(folder):
        if run.place.name not in kept:
            shutil.rmtree(run.place)
    if not kept:
        shutil.rmtree(folder)
    return {"kept": kept}


def _is_kept(run, what):
    state = run.state()["state"]
    if what == "all":
        return state == "running"
    return state in ("running", "finished") or run.is_whole() or (what == "but-failed" and state in ("failed", "dead"))


def _end(run):
    """Ends the process that measures, which ends ipcmark; by force if it does not leave."""
    asked = run.asked()
    for number in (signal.SIGTERM, signal.SIGKILL):
        if run.state()["state"] != "running" or start_of(asked.get("pid", 0)) != asked.get("started"):
            return
        os.kill(asked["pid"], number)
        wait(run.folder, run.place.name, TIME_TO_LEAVE_S)


def _kill_programs_of(folder):
    # As the kernel names it, behind all links.
    inside = "%s/" % os.path.realpath(folder)
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(process / "exe").startswith(inside):
                os.kill(int(process.name), signal.SIGKILL)
        except OSError:
            continue


def _take_away_what_they_left(folder):
    program = folder / "bundle" / "ipcmark"
    if program.exists():
        subprocess.run([str(program), "clean"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False)


COMMANDS = {call.__name__: call for call in (look, unpack, settle, run, drop, clean)}


def main(arguments):
    try:
        print(json.dumps(COMMANDS[arguments[0]](Path(arguments[1]), *arguments[2:])))
    except Refused as refused:
        print(one_line(refused), file=sys.stderr)
        return 2
    except OSError as error:
        print(one_line("%s: %s" % (error.filename or arguments[1], error.strerror)), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
