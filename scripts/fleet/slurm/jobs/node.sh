# The node's own disk and its lock, and leaving nothing behind; to be sourced by bash.

child=

# Runs a command so that a signal is answered at once: bash waits for a foreground one.
patiently() {
  local status
  "$@" &
  child=$!
  wait "$child"
  status=$?
  child=
  return "$status"
}

# These folders are there on every node and local to it, and locking them leaves nothing: the kernel lets go with the last
# process that holds them. A site may give each job a /dev/shm of its own, but those who measure without Slurm lock that one.
lock_node() {
  local lock handle
  for lock in /sys/devices/system/cpu /dev/shm; do
    if ! exec {handle}<"$lock"; then give_up failed "no $lock to lock this node by"; fi
    if ! flock --nonblock "$handle"; then wait_for_node "$handle"; fi
  done
}

wait_for_node() {
  echo "$task on $node: waits for another measurement on this node"
  if ! patiently flock --timeout "${setting[lock_wait_s]}" "$1"; then
    give_up failed "another measurement held this node for ${setting[lock_wait_s]} s; see that partitions do not share nodes"
  fi
}

# Where to work: the folder asked for, else what the site made TMPDIR, else /tmp.
local_base() {
  local base
  if [ -n "${setting[local]:-}" ]; then
    printf '%s' "${setting[local]}"
    return
  fi
  for base in "${TMPDIR:-/tmp}" /tmp; do
    case $(stat --file-system --format=%T "$base" 2>/dev/null) in
      nfs* | lustre | gpfs | ceph | cifs | smb* | afs | 9p | panfs | beegfs | fhgfs | pvfs* | '') ;;
      *) if [ -w "$base" ]; then break; fi ;;
    esac
  done
  printf '%s' "$base"
}

# The lock of the node is held here, so whoever made these is dead.
remove_left_folders() {
  local left one
  base=$(local_base)
  for left in "$base"/ipcmark-slurm."$node".*; do
    remove_left "$left"
  done
  # TMPDIR may have been another for that job; or the site has removed it all.
  while read -r one; do
    left=$(sed -n 's/^folder=//p' "$campaign/attempts/$one")
    remove_left "$left"
    if [ -n "$left" ] && [ ! -e "$left" ]; then : >"$campaign/attempts/$one.cleaned"; fi
  done < <(cd "$campaign/attempts" 2>/dev/null && grep -lx "node=$node" -- */* | xargs --no-run-if-empty grep -L '^ended=')
}

remove_left() {
  if [[ ${1##*/} != ipcmark-slurm."$node".* ]] || [ ! -d "$1" ] || [ ! -O "$1" ] || [ -L "$1" ]; then return; fi
  echo "removes what a killed task left on $node: $1"
  if [ -x "$1/programs/ipcmark" ]; then "$1/programs/ipcmark" clean; fi
  rm -rf "$1"
}

make_folder() {
  require_room "$base" "${setting[local_mib]}" refused
  local made
  if ! made=$(mktemp -d "$base/ipcmark-slurm.$node.$job.XXXXXX" 2>&1); then give_up refused "$made"; fi
  folder=$made
  said[folder]=$folder
  write_record
}

# require_room FOLDER MIB OUTCOME
require_room() {
  local free
  free=$(df --portability --block-size=1M "$1" 2>/dev/null | awk 'NR == 2 { print $4 }')
  if [ -z "$free" ]; then give_up "$3" "$1 is no folder here"; fi
  if [ "$free" -lt "$2" ]; then give_up "$3" "$1 has $free MiB free, $2 are needed"; fi
}

room_for_result() {
  require_room "$campaign" "${setting[result_mib]}" failed
}

# Answers SIGTERM: the time limit comes near, scancel, preemption, requeue.
stopped() {
  trap '' TERM INT HUP
  said[outcome]=stopped
  said[reason]="SIGTERM after $SECONDS s: the time limit, scancel, preemption or requeue"
  exit 143
}

# Runs at every end but SIGKILL.
leave() {
  trap '' TERM INT HUP
  end_child
  if [ -n "${staging:-}" ]; then rm -rf "$staging"; fi
  cd /
  if [ -n "${folder:-}" ]; then rm -rf "$folder"; fi
  said[ended]=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  : "${said[outcome]:=failed}" "${said[reason]:=the task ended by itself}"
  write_record
}

# ipcmark ends its own children and writes what it has; SIGKILL comes before Slurm's.
end_child() {
  local turn
  if [ -z "$child" ]; then return; fi
  kill -TERM "$child" 2>/dev/null
  for ((turn = 0; turn < 100; turn++)); do
    if ! kill -0 "$child" 2>/dev/null; then return; fi
    sleep 0.1
  done
  kill -KILL "$child" 2>/dev/null
  if [ -x "${programs:-}/ipcmark" ]; then "$programs/ipcmark" clean; fi
}

clean_only() {
  task="cleaning"
  declare -gA said=()
  lock_node
  remove_left_folders
}
