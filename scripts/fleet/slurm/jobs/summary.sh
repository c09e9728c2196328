# Writes what gather found as a table and as JSON, each whole or not at all; to be sourced by bash.

open_summary() {
  declare -gA count=() facts=()
  rows=()
  objects=()
  now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
}

add_to_summary() {
  count[$state]=$((${count[$state]:-0} + 1))
  rows+=("$task"$'\t'"$state"$'\t'"${facts[node]:--}"$'\t'"${facts[kernel]:--}"$'\t'"${facts[job]:--}"$'\t'"${reason:-${facts[note]:-}}")
  objects+=("{$(member index "$index"), $(member task "$task"), $(member set_up "$set_up"), $(member repeat "$repeat"), $(
  )$(member state "$state"), $(member node "${facts[node]:-}"), $(member kernel "${facts[kernel]:-}"), $(
  )$(member arch "${facts[arch]:-}"), $(member job "${facts[job]:-}"), $(member tries "$tries"), $(
  )$(member started "${facts[started]:-}"), $(member ended "${facts[ended]:-}"), $(
  )$(member cases_failed "${facts[cases_failed]:-}"), $(member note "${facts[note]:-}"), $(member reason "$reason")}")
}

# member KEY VALUE: numbers as they are, nothing as null, the rest as text.
member() {
  local text=${2//[^[:print:]]/ }
  case $1 in
    index | repeat | tries | cases_failed) : "${text:=null}" ;;
    *)
      text=${text//\\/\\\\}
      text=\"${text//\"/\\\"}\"
      if [ "$text" = '""' ]; then text=null; fi
      ;;
  esac
  printf '"%s": %s' "$1" "$text"
}

write_summary() {
  local table json
  if ! table=$(mktemp "$campaign/.summary.XXXXXX") || ! json=$(mktemp "$campaign/.summary.XXXXXX") ||
    ! print_table >"$table" || ! print_json >"$json" || ! chmod "$(printf %o $((0666 & ~$(umask))))" "$table" "$json" ||
    ! mv -T "$table" "$campaign/summary.txt" || ! mv -T "$json" "$campaign/summary.json"; then
    echo "gather: the summary cannot be written into $campaign; make room there, and gather again" >&2
    exit 2
  fi
  cat "$campaign/summary.txt"
}

print_table() {
  local one node folder
  printf '%s at %s: %d of %d finished' "$campaign" "$now" "${count[finished]:-0}" "$index"
  for one in running queued refused failed stopped missing; do
    if [ -n "${count[$one]:-}" ]; then printf ', %d %s' "${count[$one]}" "$one"; fi
  done
  printf '\n'
  printf '%s\n' $'task\tstate\tnode\tkernel\tjob\twhy' "${rows[@]}" | aligned
  for one in "${left[@]}"; do
    IFS=$'\t' read -r node folder _ <<<"$one"
    printf 'left on %s by a killed task: %s (the next task there, or `submit`, removes it)\n' "$node" "$folder"
  done
}

aligned() {
  awk -F '\t' '
    { line[NR] = $0; for (i = 1; i < NF; i++) if (length($i) > width[i]) width[i] = length($i) }
    END { for (n = 1; n <= NR; n++) { fields = split(line[n], field, "\t"); text = ""
      for (i = 1; i < fields; i++) text = text sprintf("%-" width[i] "s  ", field[i])
      text = text field[fields]; sub(/ +$/, "", text); print text } }'
}

print_json() {
  local one node folder of comma=
  printf '{"schema_version": 1, %s, %s, "slurm_answers": %s,\n "tasks": [' "$(member campaign "${setting[id]}")" \
    "$(member at "$now")" "$([ -n "$slurm_answers" ] && echo true || echo false)"
  for one in "${objects[@]}"; do
    printf '%s\n  %s' "$comma" "$one"
    comma=,
  done
  printf '\n ],\n "left": ['
  comma=
  for one in "${left[@]}"; do
    IFS=$'\t' read -r node folder of <<<"$one"
    printf '%s\n  {%s, %s, %s}' "$comma" "$(member node "$node")" "$(member folder "$folder")" "$(member task "$of")"
    comma=,
  done
  printf '\n ]}\n'
}
