# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Completion of seccompctl(1) in bash. Needs nothing but bash; rule ids come from seccompctl itself.

_seccompctl_options() {
        case $1 in
        check) echo --format --info --fail-on --explain --node --capabilities --rule --forbid-syscall \
                --allowed-action --require-default --config --help --version ;;
        compile) echo --format --arch --log-only --node --rule --capabilities --help --version ;;
        explain) echo --format --arch --node --rule --capabilities --help --version ;;
        diff) echo --format --node --rule --capabilities --help --version ;;
        status) echo --address --format --wait --help --version ;;
        *) echo --help --version ;;
        esac
}

_seccompctl_formats() {
        case $1 in
        check) echo text json sarif ;;
        compile) echo json asm bpf pfc ;;
        *) echo text json ;;
        esac
}

# The values of an option; 1 for one that takes none, or that is not known.
_seccompctl_values() {
        case $2 in
        --format | -o) _seccompctl_formats "$1" ;;
        --fail-on) echo error warning info ;;
        --explain) echo all && seccompctl check --explain all 2>/dev/null | cut -d ' ' -f 1 ;;
        --rule) seccompctl check --explain all 2>/dev/null | cut -d ' ' -f 1 | sed 's/$/=/' ;;
        --arch) echo SCMP_ARCH_X86_64 SCMP_ARCH_X86 SCMP_ARCH_X32 SCMP_ARCH_AARCH64 SCMP_ARCH_ARM \
                SCMP_ARCH_RISCV64 SCMP_ARCH_PPC64LE SCMP_ARCH_S390X ;;
        --node) echo arch= kernel= caps= ;;
        --capabilities) echo default none ;;
        --allowed-action | --require-default) echo SCMP_ACT_ALLOW SCMP_ACT_ERRNO SCMP_ACT_KILL \
                SCMP_ACT_KILL_PROCESS SCMP_ACT_LOG SCMP_ACT_NOTIFY SCMP_ACT_TRACE SCMP_ACT_TRAP ;;
        --address | --wait | --forbid-syscall) ;;
        *) return 1 ;;
        esac
}

# The calls that a profile names.
_seccompctl_calls() {
        sed -n 's/[][{},:]/\n&/gp' -- "$1" 2>/dev/null | sed -n 's/^[[,][[:space:]]*"\([a-z_][a-z0-9_]*\)"$/\1/p'
}

_seccompctl() {
        local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
        local i words file=''
        COMPREPLY=()
        # readline makes a word of its own of each '='
        if [[ $cur == '=' ]]; then
                cur=''
                prev='='
        fi
        if [[ $prev == '=' ]]; then
                prev=${COMP_WORDS[COMP_CWORD - 2]}
                [[ ${COMP_WORDS[COMP_CWORD]} == '=' ]] && prev=${COMP_WORDS[COMP_CWORD - 1]}
                if [[ $prev == SP[0-9]* ]]; then
                        mapfile -t COMPREPLY < <(compgen -W 'error warning info off' -- "$cur")
                        return
                fi
        fi
        if ((COMP_CWORD == 1)); then
                mapfile -t COMPREPLY < <(compgen -W "check compile explain diff status --help --version" -- "$cur")
                return
        fi
        if words=$(_seccompctl_values "$command" "$prev"); then
                mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
                [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
                return
        fi
        if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "$(_seccompctl_options "$command")" -- "$cur")
                return
        fi
        for ((i = 2; i < COMP_CWORD; i++)); do
                if [[ $file == '' && ${COMP_WORDS[i]} != -* && -f ${COMP_WORDS[i]} ]]; then
                        file=${COMP_WORDS[i]}
                fi
        done
        if [[ $command == explain && $file != '' ]]; then
                mapfile -t COMPREPLY < <(compgen -W "$(_seccompctl_calls "$file")" -- "$cur")
        elif [[ $command == status ]]; then
                words=$(seccompctl status 2>/dev/null | sed -n '2,$s/ .*//p')
                mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
        else
                compopt -o filenames 2>/dev/null
                mapfile -t COMPREPLY < <(compgen -f -X '!*.json' -- "$cur"; compgen -d -- "$cur")
        fi
}

complete -F _seccompctl seccompctl
