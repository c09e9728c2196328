"""A lab of hosts as namespaces of this machine, and a controller beside them that plays the real playbook."""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
PLAYBOOK = HERE.parent / "campaign.yml"
PLACE = "var/tmp"
_DEADLINE_S = 100


def lacking() -> str | None:
    """Why there can be no lab here."""
    if os.geteuid() != 0:
        return "namespaces with an sshd each need root"
    programs = {"ip": "iproute2", "ansible-playbook": "ansible-core", "ssh": "openssh-client", "nsenter": "util-linux"}
    for program, package in programs.items():
        if shutil.which(program) is None:
            return f"no {program}: apt-get install {package}"
    if not Path("/usr/sbin/sshd").exists():
        return "no sshd: apt-get install openssh-server"
    tried = subprocess.run(["unshare", "--mount", "--net", "--uts", "--ipc", "--pid", "--fork", "--mount-proc", "sh", "-ec",
                            "mount -t tmpfs tmpfs /run; ip netns add x; ip link add y type veth peer name z netns x"],
                           capture_output=True, text=True, check=False)
    return f"no namespaces here: {tried.stderr.strip()}" if tried.returncode != 0 else None


def wait_until(true: Callable[[], object], what: str) -> None:
    late = time.monotonic() + _DEADLINE_S
    while not true():
        assert time.monotonic() < late, f"not within {_DEADLINE_S} s: {what}"
        time.sleep(0.02)


def kill(pid: int) -> None:
    """A process that may have ended since it was looked for, perhaps with the one that was killed before it."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _die_with_us() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


@dataclass(frozen=True)
class Played:
    """What a playbook run came to."""

    status: int
    said: str
    folder: Path

    @property
    def fleet(self) -> dict[str, dict[str, object]]:
        record = json.loads((self.folder / "fleet.json").read_text())
        return {str(one["host"]): one for one in record["hosts"]}

    @property
    def outcomes(self) -> dict[str, object]:
        return {host: one["outcome"] for host, one in self.fleet.items()}


class Host:
    """One host, seen from the machine that it is on."""

    def __init__(self, name: str, init: int, address: str) -> None:
        self.name, self.init, self.address = name, init, address
        self.root = Path(f"/proc/{init}/root")

    def processes(self) -> dict[int, str]:
        """Those that are not its own, by their pid here."""
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(process / "ns/pid") != os.readlink(f"/proc/{self.init}/ns/pid"):
                    continue
                words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
                state = (process / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            own = "host.sh" in words or words.startswith(("sshd: /usr/sbin/sshd", "/usr/sbin/sshd -D", "sleep "))
            # Between fork and exec there are no words.
            if words and not own and state != "Z":
                found[int(process.name)] = words
        return found

    def left(self) -> list[str]:
        """All that should not be there when nothing is under way."""
        files = [str(path) for place in (PLACE, "dev/shm", "tmp", "root", "run/lock") for path in (self.root / place).iterdir()]
        objects = [line for kind in ("shm", "msg", "sem")
                   for line in (self.in_it("cat", f"/proc/sysvipc/{kind}").splitlines()[1:])]
        return [*files, *objects, *self.processes().values()]

    def in_it(self, *command: str) -> str:
        return subprocess.run(["nsenter", "-t", str(self.init), "-a", *command], capture_output=True, text=True, check=True).stdout


class Lab:
    """The hosts and their controller; leaving it takes all of it away."""

    def __init__(self, folder: Path, names: tuple[str, ...], bundles: Path) -> None:
        self.folder, self.names, self.bundles = folder, names, bundles
        self.results = folder / "results"
        self._playing: dict[subprocess.Popen[bytes], Path] = {}
        shutil.copytree(HERE / "stand_ins", folder / "stand_ins")
        self._configure()

    def _configure(self) -> None:
        for key in ("host_key", "user_key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / key], check=True)
        (self.folder / "shadow").write_text("root:*:19000:0:99999:7:::\nsshd:*:19000:0:99999:7:::\n")
        (self.folder / "shadow").chmod(0o600)
        (self.folder / "sshd_config").write_text(
            "HostKey /run/lab/host_key\nAuthorizedKeysFile /run/lab/user_key.pub\nStrictModes no\nUsePAM no\n"
            "PermitRootLogin yes\nPidFile none\nUseDNS no\nMaxStartups 100\n"
            "SetEnv PATH=/run/lab/stand_ins:/usr/bin:/bin:/usr/sbin:/sbin\nSubsystem sftp internal-sftp\n")
        lines = [f"{name} ansible_host=10.77.0.{11 + number}" for number, name in enumerate(self.names)]
        options = (f"-F /dev/null -i {self.folder}/user_key -o StrictHostKeyChecking=no "
                   f"-o UserKnownHostsFile={self.folder}/known_hosts -o LogLevel=ERROR")
        lines += ["[all:vars]", "ansible_python_interpreter=/usr/bin/python3", "ansible_user=root",
                  f"ansible_ssh_common_args='{options}'"]
        (self.folder / "inventory.ini").write_text("\n".join(lines) + "\n")

    def __enter__(self) -> Lab:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self) -> None:
        self._init = 0
        self._process = subprocess.Popen(
            ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", HERE / "lab.sh", self.folder, *self.names],
            stdin=subprocess.DEVNULL, preexec_fn=_die_with_us)
        wait_until(lambda: self._child_of(self._process.pid), "the lab's first process")
        self._init = self._child_of(self._process.pid)
        wait_until(lambda: len(self._hosts()) == len(self.names), "a first process on every host")
        self.hosts = self._hosts()
        for host in self.hosts.values():
            wait_until(lambda: "sshd: /usr/sbin/sshd -D" in self._words_on(host), f"sshd on {host.name}")

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        wait_until(lambda: not Path(f"/proc/{self._init}/ns/pid").exists(), "the end of the lab")

    @staticmethod
    def _child_of(pid: int) -> int:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return int(children[0]) if children else 0

    def _hosts(self) -> dict[str, Host]:
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes().split(b"\0")
                is_first = re.search(r"^NSpid:.*\s1$", (process / "status").read_text(), re.MULTILINE)
            except OSError:
                continue
            if is_first and str(HERE / "host.sh").encode() in words[:3] and str(self.folder).encode() in words:
                name = words[words.index(str(self.folder).encode()) + 1].decode()
                found[name] = Host(name, int(process.name), f"10.77.0.{11 + self.names.index(name)}")
        return found

    @staticmethod
    def _words_on(host: Host) -> str:
        try:
            return " ".join(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
                            for pid in map(int, Path(f"/proc/{host.init}/task/{host.init}/children").read_text().split()))
        except OSError:
            return ""

    def network(self, *command: str) -> None:
        subprocess.run(["nsenter", "-t", str(self._init), "-n", "ip", *command], check=True)

    def ssh_to(self, host: Host) -> list[str]:
        """The controller's connections that still hold."""
        said = subprocess.run(["nsenter", "-t", str(self._init), "-n", "ss", "-Htn", "state", "established", "dst", host.address],
                              capture_output=True, text=True, check=True).stdout
        return said.splitlines()

    def start(self, campaign: str, *arguments: str, **settings: object) -> subprocess.Popen[bytes]:
        """The playbook under way, in the lab's namespaces."""
        wish = {"ipcmark_campaign": campaign, "ipcmark_results": str(self.results), "ipcmark_bundles": str(self.bundles),
                "ipcmark_filter": "^latency/pipe/pipe/size:64/.*same_core", "ipcmark_rounds": 1, "ipcmark_room_mib": 4,
                "ipcmark_allow_blocked": True, **settings}
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8", "ANSIBLE_HOME": str(self.folder / "ansible"),
            "ANSIBLE_CONFIG": str(PLAYBOOK.parent / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", "ANSIBLE_SSH_RETRIES": "0",
            "ANSIBLE_TIMEOUT": "20", "ANSIBLE_SSH_CONTROL_PATH_DIR": f"{self.folder}/cp",
            "ANSIBLE_SSH_ARGS": "-o ControlMaster=auto -o ControlPersist=30s -o ServerAliveInterval=1 -o ServerAliveCountMax=2"}
        # Not a pipe: of a killed controller the workers live on for a while, and hold it.
        words = self.folder / f"controller.{len(self._playing)}"
        playing = subprocess.Popen(
            ["nsenter", "-t", str(self._init), "-m", "-n", "-p", "ansible-playbook", "-i", self.folder / "inventory.ini", PLAYBOOK,
             "-e", json.dumps(wish), *arguments],
            env=environment, stdin=subprocess.DEVNULL, stdout=words.open("wb"), stderr=subprocess.STDOUT,
            cwd=self.folder, preexec_fn=_die_with_us)
        self._playing[playing] = words
        return playing

    def restore(self) -> None:
        """After a test that failed: nothing of it is in the way of the next one."""
        for playing in self._playing:
            if playing.poll() is None:
                self.interrupt(playing, signal.SIGKILL)
        for host in self.hosts.values():
            self.network("link", "set", f"veth-{host.name}", "up")
            for pid in host.processes():
                kill(pid)
            host.in_it("sh", "-c", "rm -rf /var/tmp/* /tmp/* /root/.[a-z]*")

    def finish(self, campaign: str, playing: subprocess.Popen[bytes]) -> Played:
        try:
            status = playing.wait(timeout=3 * _DEADLINE_S)
        finally:
            said = self._playing[playing].read_text()
            print(said)
        return Played(status, said, self.results / campaign)

    def play(self, campaign: str, *arguments: str, **settings: object) -> Played:
        return self.finish(campaign, self.start(campaign, *arguments, **settings))

    def interrupt(self, playing: subprocess.Popen[bytes], number: signal.Signals) -> None:
        """As a person at the controller does it: nsenter does not pass signals on."""
        os.kill(self._child_of(playing.pid), number)
        playing.wait(timeout=_DEADLINE_S)
