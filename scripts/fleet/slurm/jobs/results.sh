# What was delivered: checked by its hash, unpacked whole; to be sourced by bash.

# `key=value` lines into the array `facts`.
read_facts() {
  declare -gA facts=()
  local key value
  while IFS='=' read -r key value; do
    if [[ $key == [a-z]* ]]; then facts[$key]=${value%"${value##*[! ]}"}; fi
  done <"$1" 2>/dev/null
}

# Whether the task's result is there and whole; it is in runs/ then.
has_result() {
  local result=$campaign/results/$task
  if [ ! -d "$result" ]; then return 1; fi
  read_facts "$result/facts"
  if [ -e "$campaign/runs/$task/run.json" ]; then return 0; fi
  if [ "$(sha256sum <"$result/run.tar.gz" 2>/dev/null)" != "${facts[sha256]:-}  -" ]; then
    set_aside "$result"
    return 1
  fi
  unpack "$result/run.tar.gz"
}

unpack() {
  local into
  if ! into=$(mktemp -d "$campaign/runs/.unpack.XXXXXX") || ! tar -xzf "$1" --no-same-owner -C "$into" ||
    ! mv -T "$into/$task" "$campaign/runs/$task"; then
    echo "gather: $task cannot be unpacked into $campaign/runs; make room there, and gather again" >&2
    exit 2
  fi
  rmdir "$into"
}

# A damaged result is kept to be looked at, and out of the way of a new one.
set_aside() {
  local to
  if ! mkdir -p "$campaign/damaged" || ! to=$(mktemp -d "$campaign/damaged/$task.XXXXXX") || ! mv "$1" "$to"; then
    echo "gather: $1 is damaged and cannot be moved to $campaign/damaged" >&2
    exit 2
  fi
  echo "gather: $task: the result has not the hash it was sent with; it is in $to now" >&2
}

# What tasks were killed over: a live one is in the queue.
remove_half_delivered() {
  local half job
  for half in "$campaign"/results/.*.*.*; do
    job=${half%.*}
    job=${job##*.}
    if [ -d "$half" ] && [ -n "${slurm_answers:-}" ] && [ -z "${alive[$job]:-}" ]; then rm -rf "$half"; fi
  done
}
