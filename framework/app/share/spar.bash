# bash completion of spar.
_spar() {
  local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} options=
  COMPREPLY=()
  if [ "$COMP_CWORD" = 1 ]; then
    COMPREPLY=($(compgen -W 'run check list describe schema help --help --version' -- "$word"))
    return
  fi
  case $command in
    run) options='--out --threads --set --resume --plugin-dir --json --quiet --verbose --help' ;;
    check) options='--set --plugin-dir --json --quiet --verbose --help' ;;
    list) options='--plugin-dir --json --verbose --help' ;;
    describe) options='--plugin-dir --json --help' ;;
    schema) options='--plugin-dir --help' ;;
    help) options='--help' ;;
  esac
  case $word in
    -*) COMPREPLY=($(compgen -W "$options" -- "$word")); return ;;
  esac
  case $command in
    run | check) COMPREPLY=($(compgen -f -X '!*.json' -- "$word") $(compgen -d -- "$word")) ;;
    list) COMPREPLY=($(compgen -W 'dataset model loss optimizer attack method reporter transform' -- "$word")) ;;
    describe)
      COMPREPLY=($(compgen -W "pipeline data validation threat schedule train evaluate \
        $(spar list 2>/dev/null | awk 'NR > 1 {print $2}')" -- "$word"))
      ;;
    help) COMPREPLY=($(compgen -W 'run check list describe schema help' -- "$word")) ;;
  esac
}
complete -o filenames -F _spar spar
