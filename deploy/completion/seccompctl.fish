# SPDX-License-Identifier: Apache-2.0
#
# Completion of seccompctl(1) in fish. Rule ids come from seccompctl itself.

function __seccompctl_rules
        seccompctl check --explain all 2>/dev/null | string replace -r '^(\S+) +\S+ +(.*)$' '$1\t$2'
end

function __seccompctl_weights
        for rule in (__seccompctl_rules)
                for severity in error warning info off
                        string replace -r '^(\S+)\t' "\$1=$severity\t" -- $rule
                end
        end
end

function __seccompctl_profiles
        seccompctl status 2>/dev/null | string match -r '^\S+' | tail -n +2
end

# The calls that the profile on the command line names.
function __seccompctl_calls
        for file in (commandline -opc)[3..-1]
                if test -f $file
                        sed -n 's/[][{},:]/\n&/gp' -- $file | string match -rg '^[[,]\s*"([a-z_][a-z0-9_]*)"$'
                        return
                end
        end
end

function __seccompctl_has_file
        for word in (commandline -opc)[3..-1]
                test -f $word; and return 0
        end
        return 1
end

# Profiles and directories; fish's own helper for suffixes offers all other files too.
function __seccompctl_files
        string match -r '.*(?:\.json|/)(?=\t|$)' -- (__fish_complete_path (commandline -ct))
end

set -l commands check compile explain diff status
set -l actions SCMP_ACT_{ALLOW,ERRNO,KILL,KILL_PROCESS,LOG,NOTIFY,TRACE,TRAP}
set -l arches SCMP_ARCH_{X86_64,X86,X32,AARCH64,ARM,RISCV64,PPC64LE,S390X}

complete -c seccompctl -f
complete -c seccompctl -s h -l help -d 'show help'
complete -c seccompctl -s V -l version -d 'show the version'
complete -c seccompctl -n "not __fish_seen_subcommand_from $commands" -a check -d 'every finding about profiles'
complete -c seccompctl -n "not __fish_seen_subcommand_from $commands" -a compile -d 'the canonical form, or the programs'
complete -c seccompctl -n "not __fish_seen_subcommand_from $commands" -a explain -d 'what a profile answers to a call'
complete -c seccompctl -n "not __fish_seen_subcommand_from $commands" -a diff -d 'what differs between two profiles'
complete -c seccompctl -n "not __fish_seen_subcommand_from $commands" -a status -d 'what seccompd has installed'

complete -c seccompctl -n '__fish_seen_subcommand_from check' -s o -l format -xa 'text json sarif' -d 'output format'
complete -c seccompctl -n '__fish_seen_subcommand_from compile' -s o -l format -xa 'json asm bpf pfc' -d 'output format'
complete -c seccompctl -n '__fish_seen_subcommand_from explain diff status' -s o -l format -xa 'text json' -d 'output format'

complete -c seccompctl -n '__fish_seen_subcommand_from check compile explain diff' -l node -xa 'arch= kernel= caps=' -d 'a node other than this machine'
complete -c seccompctl -n '__fish_seen_subcommand_from check compile explain diff' -l capabilities -xa 'default none' -d 'of containers'
complete -c seccompctl -n '__fish_seen_subcommand_from check compile explain diff' -l rule -xa '(__seccompctl_weights)' -d 'what a rule weighs'
complete -c seccompctl -n '__fish_seen_subcommand_from compile explain' -l arch -xa "$arches" -d 'this architecture only'
complete -c seccompctl -n '__fish_seen_subcommand_from compile' -l log-only -d 'permit and log what the profile denies'

complete -c seccompctl -n '__fish_seen_subcommand_from check' -l info -d 'show findings of severity info too'
complete -c seccompctl -n '__fish_seen_subcommand_from check' -l fail-on -xa 'error warning info' -d 'from which severity on the exit status is 1'
complete -c seccompctl -n '__fish_seen_subcommand_from check' -l explain -xa '(__seccompctl_rules; echo all)' -d 'what a rule means'
complete -c seccompctl -n '__fish_seen_subcommand_from check' -l forbid-syscall -x -d 'a call that no profile may let happen'
complete -c seccompctl -n '__fish_seen_subcommand_from check' -l allowed-action -xa "$actions" -d 'an action that profiles may use'
complete -c seccompctl -n '__fish_seen_subcommand_from check' -l require-default -xa "$actions" -d 'what the default must be'
complete -c seccompctl -n '__fish_seen_subcommand_from check' -l config -rF -d 'a file of such options'

complete -c seccompctl -n '__fish_seen_subcommand_from status' -l address -x -d 'where seccompd listens'
complete -c seccompctl -n '__fish_seen_subcommand_from status' -l wait -x -d 'ask again until all is installed'

complete -c seccompctl -n '__fish_seen_subcommand_from check compile diff' -a '(__seccompctl_files)'
complete -c seccompctl -n '__fish_seen_subcommand_from explain; and not __seccompctl_has_file' -a '(__seccompctl_files)'
complete -c seccompctl -n '__fish_seen_subcommand_from explain; and __seccompctl_has_file' -a '(__seccompctl_calls)'
complete -c seccompctl -n '__fish_seen_subcommand_from status' -a '(__seccompctl_profiles)'
