"""What each fact of a machine means where two sides differ in it, frozen here; as the programs that record them say."""

from __future__ import annotations

from enum import Enum


class Kind(Enum):
    """SETTING: can change results, and confounds. TRAIT: worth telling, no more. MARK: says nothing between two
    sides, such as a boot's id. COUNTER: only grows. READING: of the moment."""

    SETTING = "setting"
    TRAIT = "trait"
    MARK = "mark"
    COUNTER = "counter"
    READING = "reading"


TRAITS = (
    "machine.memory_bytes machine.systemd_detect_virt machine.product_version machine.bios_date topology.present "
    "cpu_power.hardware_min_khz cpu_power.hardware_max_khz cpu_power.base_khz perf.hardware_counters perf.event_paranoid "
    "clock.sources memory.swap_bytes memory.overcommit memory.max_map_count limits.pipe_max_bytes "
    "limits.pipe_user_pages_soft limits.pipe_user_pages_hard limits.mqueue limits.mqueue_queues_max limits.mqueue_msg_max "
    "limits.mqueue_msgsize_max limits.mqueue_msg_default limits.mqueue_msgsize_default limits.msgmax limits.msgmnb "
    "limits.msgmni limits.sem limits.shmmax limits.shmall limits.shmmni limits.wmem_max limits.rmem_max limits.pid_max "
    "limits.threads_max limits.file_max container.kind container.no_new_privileges container.capabilities process.user_id "
    "process.environment_bytes ulimits.address_space_bytes ulimits.core_bytes ulimits.cpu_s ulimits.data_bytes "
    "ulimits.file_bytes ulimits.file_locks ulimits.locked_bytes ulimits.mqueue_bytes ulimits.nice ulimits.open_files "
    "ulimits.processes ulimits.resident_bytes ulimits.rt_priority ulimits.rt_time_us ulimits.pending_signals"
)
MARKS = (
    "identity.key machine.host_name machine.cpu_model machine.hypervisor machine.vendor machine.product machine.board "
    "kernel.uname boot.boot_id container.cgroup process.autogroup"
)
COUNTERS = (
    "cpu_power.throttle_count cpu_power.package_throttle_count memory.major_faults memory.pages_swapped_in "
    "memory.pages_swapped_out memory.huge_pages_faulted memory.numa_pages_migrated container.throttled_periods load.cpu_s "
    "load.busy_s load.steal_s load.context_switches"
)
READINGS = (
    "cpu_power.current_khz cpu_power.temperatures boot.booted_at_s boot.uptime_s clock.utc clock.realtime_s "
    "clock.monotonic_s clock.boottime_s clock.read_ns clock.resolution_ns memory.free_bytes memory.available_bytes "
    "memory.swap_free_bytes limits.shm_free_bytes process.argument_bytes load.average load.cpu_pressure_percent "
    "load.memory_pressure_percent load.io_pressure_percent load.steal_percent load.own_s load.own_pid"
)
# Whole groups whose keys the machine gives.
GROUPS = {"interrupts": Kind.COUNTER, "load": Kind.READING, "vulnerabilities": Kind.SETTING, "haltpoll": Kind.SETTING}
KINDS = {name: kind for names, kind in ((TRAITS, Kind.TRAIT), (MARKS, Kind.MARK), (COUNTERS, Kind.COUNTER),
                                        (READINGS, Kind.READING)) for name in names.split()}

# What a word of --varying declares; a group and a group.key declare themselves.
DECLARES = {
    "kernel": ("kernel", "scheduler", "vulnerabilities"),
    "machine": ("identity", "machine", "topology", "cpu_power", "clock"),
    "build": ("build", "binaries"),
    "boot": ("boot",),
    "cmdline": ("boot.cmdline",),
}


def kind_of(group: str, key: str) -> Kind:
    """A setting where the tables do not name it: what is new may matter."""
    return KINDS.get(f"{group}.{key}", GROUPS.get(group, Kind.SETTING))


def is_volatile(kind: Kind) -> bool:
    return kind in (Kind.MARK, Kind.COUNTER, Kind.READING)


def declared(varying: tuple[str, ...], group: str, key: str) -> bool:
    names = {name for word in varying for name in DECLARES.get(word, (word,))}
    return group in names or f"{group}.{key}" in names
