# Reads what `submit` wrote for the jobs: plan/settings and plan/tasks.tsv; to be sourced by bash.

# One `key<TAB>value` a line; `argument` comes once for each word of `ipcmark run`.
read_settings() {
  declare -gA setting=()
  declare -ga arguments=()
  local key value
  while IFS=$'\t' read -r key value; do
    if [ "$key" = argument ]; then arguments+=("$value"); else setting[$key]=$value; fi
  done <"$campaign/plan/settings"
}

# Line N, from 0, is task N.
read_task() {
  local line
  mapfile -t -s "$1" -n 1 line <"$campaign/plan/tasks.tsv"
  IFS=$'\t' read -r task set_up repeat <<<"${line[0]:-}"
  if [ -z "$task" ]; then
    echo "task.sbatch: $campaign/plan/tasks.tsv has no task $1; submit a new campaign" >&2
    exit 4
  fi
}
