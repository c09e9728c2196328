# Why a task has no result: from Slurm's queue, its accounting or its memory, and the task's own words; to be sourced by bash.

# Before the results are looked at: what is delivered in between then counts as delivered.
read_queue() {
  declare -gA queued=() alive=()
  local lines task_index state nodes why job
  slurm_answers=
  if ! lines=$(squeue --noheader --array --name="ipcmark-${setting[id]}" --format='%K|%T|%N|%r|%A' 2>/dev/null); then
    echo "gather: squeue does not answer, so what is queued is not known" >&2
    return
  fi
  slurm_answers=yes
  while IFS='|' read -r task_index state nodes why job; do
    if [ -n "$task_index" ]; then
      queued[$task_index]="$state|$nodes|$why"
      alive[$job]=yes
    fi
  done <<<"$lines"
}

# Sets state, reason, tries and the array `facts` for the task.
examine() {
  reason=
  tries=$(tries_at_task | wc -l)
  if has_result; then
    state=finished
  elif [ -n "${queued[$index]:-}" ]; then
    examine_queued
  else
    examine_ended
  fi
}

# The names of their records, the newest last.
tries_at_task() {
  find "$campaign/attempts/$task" -type f ! -name '*.cleaned' -printf '%f\n' 2>/dev/null | sort --version-sort
}

examine_queued() {
  local nodes why
  IFS='|' read -r state nodes why <<<"${queued[$index]}"
  facts=([node]=$nodes)
  case $state in
    PENDING) state=queued ;;
    RUNNING) state=running ;;
    *)
      reason=${state,,}
      state=running
      ;;
  esac
  if [ "$why" != None ]; then reason+=${reason:+: }$why; fi
}

examine_ended() {
  local last array told
  facts=()
  last=$(tries_at_task | tail -n 1)
  if [ -n "$last" ]; then read_facts "$campaign/attempts/$task/$last"; fi
  array=$(awk -v index_="$index" '$1 == index_ { job = $2 } END { print job }' "$campaign/plan/submitted" 2>/dev/null)
  state=missing
  if [ -z "$array" ]; then
    reason="not submitted"
    return
  fi
  told=$(told_by_slurm "${array}_$index")
  if [ "${facts[array]:-}" != "$array" ]; then
    facts=()
    read_told_node "$told"
    reason="ended before it began${told:+ ($told)}"
  elif [ -z "${facts[ended]:-}" ]; then
    reason="killed before it could say why${told:+ ($told)}"
  else
    state=${facts[outcome]}
    reason=${facts[reason]:-}
    if [ "$state" = stopped ]; then reason+=${told:+ ($told)}; fi
    if [ "$state" = finished ]; then
      state=missing
      reason="finished, but its result is not there any more"
      if compgen -G "$campaign/damaged/$task.??????" >/dev/null; then reason="its result was damaged; it is in damaged/ now"; fi
    fi
  fi
  # It may be queued or under way.
  if [ -z "$slurm_answers" ] && [ -z "${facts[ended]:-}" ]; then reason="not known: Slurm does not answer"; fi
}

# "Slurm: STATE, exit status N, on NODE": by sacct where there is accounting, else by scontrol while it remembers.
told_by_slurm() {
  local words state exit_code nodes
  words=$(sacct --noheader --parsable2 --allocations --jobs="$1" --format=State,ExitCode,NodeList 2>/dev/null | tail -n 1)
  if [ -z "$words" ]; then
    words=$(scontrol --oneliner show job "$1" 2>/dev/null | tail -n 1 |
      sed -n 's/.* JobState=\([^ ]*\) .* ExitCode=\([^ ]*\) .* NodeList=\([^ ]*\) .*/\1|\2|\3/p')
  fi
  IFS='|' read -r state exit_code nodes <<<"$words"
  if [ -n "$state" ]; then
    printf 'Slurm: %s, exit code %s' "$state" "$exit_code"
    case $nodes in '' | '(null)' | None*) ;; *) printf ', on %s' "$nodes" ;; esac
  fi
}

read_told_node() {
  if [[ $1 == *", on "* ]]; then facts[node]=${1##*, on }; fi
}

# What killed tasks left on nodes, as far as it is not known to be gone.
find_left_folders() {
  left=()
  # Whose tasks live is not known then.
  if [ -z "$slurm_answers" ]; then return; fi
  local one record
  while read -r one; do
    record=$campaign/attempts/$one
    if [ -e "$record.cleaned" ]; then continue; fi
    read_facts "$record"
    if [ -n "${facts[folder]:-}" ] && [ -z "${alive[${facts[job]}]:-}" ]; then
      task=${one#./}
      left+=("${facts[node]}"$'\t'"${facts[folder]}"$'\t'"${task%%/*}")
    fi
  done < <(cd "$campaign/attempts" 2>/dev/null && find . -mindepth 2 -type f ! -name '*.cleaned' -print0 |
    xargs --null --no-run-if-empty grep -L '^ended=')
}
