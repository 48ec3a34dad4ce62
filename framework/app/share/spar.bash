# bash completion of spar.
_spar() {
  local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} options=
  COMPREPLY=()
  if [ "$COMP_CWORD" = 1 ]; then
    COMPREPLY=($(compgen -W 'run check attack model list describe convert schema help --help --version' -- "$word"))
    return
  fi
  case $command in
    run) options='--out --threads --set --resume --resume=anyway --plugin-dir --json --quiet --verbose --help' ;;
    check) options='--set --plugin-dir --json --quiet --verbose --help' ;;
    attack) options='--data --norm --eps --attack --targeted --targeted=next --targeted=least_likely --examples --batch --seed --pipeline --key --prefix --out --threads --set --plugin-dir --json --quiet --verbose --help' ;;
    model) options='--data --input --key --plugin-dir --json --help' ;;
    list) options='--plugin-dir --json --verbose --help' ;;
    describe) options='--plugin-dir --json --help' ;;
    convert) options='--key --prefix --json --help' ;;
    schema) options='--plugin-dir --help' ;;
    help) options='--help' ;;
  esac
  case $word in
    -*) COMPREPLY=($(compgen -W "$options" -- "$word")); return ;;
  esac
  case $command in
    run | check) COMPREPLY=($(compgen -f -X '!*.json' -- "$word") $(compgen -d -- "$word")) ;;
    attack | model | convert) COMPREPLY=($(compgen -f -- "$word")) ;;
    list) COMPREPLY=($(compgen -W 'dataset model loss optimizer attack method reporter transform' -- "$word")) ;;
    describe)
      case ${COMP_WORDS[2]} in
        dataset | model | loss | optimizer | attack | method | reporter | transform)
          if [ "$COMP_CWORD" = 3 ]; then
            COMPREPLY=($(compgen -W "$(spar list "${COMP_WORDS[2]}" 2>/dev/null | awk 'NR > 1 {print $2}')" -- "$word"))
            return
          fi
          ;;
      esac
      # Of components, layers and schedules the schema knows all types.
      COMPREPLY=($(compgen -W "pipeline data validation threat schedule train evaluate augment report vars extends \
        $(spar schema 2>/dev/null | sed -n 's/.*"const": "\([a-z0-9_]*\)".*/\1/p')" -- "$word"))
      ;;
    help) COMPREPLY=($(compgen -W 'run check attack model list describe convert schema help' -- "$word")) ;;
  esac
}
complete -o filenames -F _spar spar
