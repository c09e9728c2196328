# The folders that hold a run, and those that lead to one.
_ipcmark_runs() {
  local folder
  compopt -o filenames 2>/dev/null
  while IFS= read -r folder; do
    [[ -e $folder/environment.json || -e $folder/base/environment.json ]] ||
      compgen -G "$folder/*/" >/dev/null || continue
    COMPREPLY+=("$folder")
  done < <(compgen -d -- "$cur")
}

# Names of cases, up to the next slash: there are thousands.
_ipcmark_cases() {
  local program=ipcmark
  [[ ${COMP_WORDS[0]} != */ipcmark ]] || program=${COMP_WORDS[0]}
  compopt -o nospace 2>/dev/null
  mapfile -t COMPREPLY < <("$program" list 2>/dev/null | awk -v typed="$cur" '
    /^  / && index($1, typed) == 1 {
      rest = substr($1, length(typed) + 1)
      slash = index(rest, "/")
      print typed (slash ? substr(rest, 1, slash) : rest)
    }' | sort -u)
  __ltrim_colon_completions "$cur"
}

# What a value can be: `=` and a list of words, or a kind.
_ipcmark_complete() {
  case $1 in
    =*) COMPREPLY=($(compgen -W "${1#=}" -- "$cur")) ;;
    run) _ipcmark_runs ;;
    folder) _filedir -d ;;
    file) _filedir ;;
    case) _ipcmark_cases ;;
  esac
}

_ipcmark() {
  local cur prev words cword split
  _init_completion -s -n : || return
  local key=${words[0]##*/} at=1
  [[ $key == ipcmark* ]] || key=ipcmark-$key
  # A sub-command, where there is one.
  if [[ $cword -gt 1 && -v "_ipcmark_words[$key ${words[1]}]" ]]; then
    key+=" ${words[1]}"
    at=2
  fi
  if [[ $prev == -* && -v "_ipcmark_value[$key $prev]" ]]; then
    _ipcmark_complete "${_ipcmark_value[$key $prev]}"
    return
  fi
  [[ $split != true ]] || return
  local operands=(${_ipcmark_operands[$key]})
  if [[ $cur == -* || ${#operands[@]} -eq 0 ]]; then
    COMPREPLY=($(compgen -W "${_ipcmark_words[$key]}" -- "$cur"))
    return
  fi
  # The last one stands for all that follow.
  local before=0 word
  for ((; at < cword; at++)); do
    word=${words[at]}
    if [[ $word == -* ]]; then
      [[ ! -v "_ipcmark_value[$key $word]" ]] || ((++at))
    else
      ((++before))
    fi
  done
  _ipcmark_complete "${operands[before < ${#operands[@]} ? before : ${#operands[@]} - 1]}"
}
