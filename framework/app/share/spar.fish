# fish completion of spar.
set -l commands run check list describe convert schema help
complete -c spar -n "not __fish_seen_subcommand_from $commands" -f -a "$commands"
complete -c spar -n "not __fish_seen_subcommand_from $commands" -s V -l version -d 'print the version'
complete -c spar -s h -l help -d 'print help'
complete -c spar -n "__fish_seen_subcommand_from run check list describe schema" -l plugin-dir -r -d 'look for plugins here first'
complete -c spar -n "__fish_seen_subcommand_from run check list describe convert" -l json -d 'print JSON'
complete -c spar -n "__fish_seen_subcommand_from run check" -s s -l set -x -d 'change the pipeline, a.b=VALUE'
complete -c spar -n "__fish_seen_subcommand_from run check" -s q -l quiet -d 'only warnings and errors'
complete -c spar -n "__fish_seen_subcommand_from run check list" -s v -l verbose -d 'print more'
complete -c spar -n "__fish_seen_subcommand_from run" -s o -l out -r -d 'folder of the run'
complete -c spar -n "__fish_seen_subcommand_from run" -s j -l threads -x -d 'threads, 1 to 1024'
complete -c spar -n "__fish_seen_subcommand_from run" -l resume -d 'go on with a stopped run'
complete -c spar -n "__fish_seen_subcommand_from run" -f -a '--resume=anyway' -d 'go on though things changed'
complete -c spar -n "__fish_seen_subcommand_from list" -f -a 'dataset model loss optimizer attack method reporter transform'
complete -c spar -n "__fish_seen_subcommand_from describe" -f -a 'pipeline data validation threat schedule train evaluate augment report vars extends (spar schema 2>/dev/null | sed -n "s/.*\"const\": \"\([a-z0-9_]*\)\".*/\1/p")'
complete -c spar -n "__fish_seen_subcommand_from convert" -l key -x -d 'entry of a checkpoint, a.b'
complete -c spar -n "__fish_seen_subcommand_from convert" -l prefix -x -d 'beginning of the names that is left out'
complete -c spar -n "__fish_seen_subcommand_from help" -f -a "$commands"
