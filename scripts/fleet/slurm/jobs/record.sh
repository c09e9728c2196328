# Keeps what became of one try at a task, in attempts/<task>/<job>.<restart>; to be sourced by bash.
# A record that does not say `ended` is that of a task that was killed before it could.

# Its room is taken at the start, so that it can still say that the disk became full.
readonly record_bytes=4096

begin_record() {
  declare -gA said=([node]=$node [host]=$(uname -n) [kernel]=$(uname -r) [arch]=$(uname -m) [job]=$job
    [array]=${SLURM_ARRAY_JOB_ID:-}
    [note]="" [started]=$(date -u +%Y-%m-%dT%H:%M:%SZ))
  record_file=$campaign/attempts/$task/$job.$restart
  if ! mkdir -p "${record_file%/*}" || ! : >"$record_file" || ! write_record; then
    echo "task.sbatch: $record_file cannot be written on $node; make room, or let this user write there" >&2
    exit 4
  fi
}

write_record() {
  local key text=
  for key in node host kernel arch job array started folder note ended outcome reason; do
    if [ -n "${said[$key]:-}" ]; then text+="$key=$(one_line "${said[$key]}")"$'\n'; fi
  done
  # In place: nothing is allocated, and nobody reads half of one write.
  printf "%-$((record_bytes - 1))s\n" "$text" 1<>"$record_file"
}

# What comes from programs and files may hold anything.
one_line() {
  local text=${1//[^[:print:]]/ }
  printf '%s' "${text:0:400}"
}

add_note() {
  if [ -n "$1" ]; then said[note]+="${said[note]:+; }$1"; fi
}

# finish [NOTE]: the task did what it should.
finish() {
  add_note "${1:-}"
  said[outcome]=finished
  exit 0
}

# give_up OUTCOME REASON: `refused` by this node, or `failed`.
give_up() {
  said[outcome]=$1
  said[reason]=$2
  echo "$task on $node: $1: $(one_line "$2")" >&2
  if [ "$1" = refused ]; then exit 3; fi
  exit 4
}
