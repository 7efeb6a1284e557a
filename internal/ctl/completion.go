package ctl

import (
	"fmt"
	"strings"
)

// printCompletions prints the candidates for the next word, one a line, for the completion of a shell. The arguments are
// "cur=" with what was typed of the word, and the words before it. Errors are not reported.
func (c *Controller) printCompletions(args []string) error {
	if len(args) == 0 {
		return nil
	}
	word := strings.TrimPrefix(args[0], "cur=")
	for _, candidate := range c.candidates(args[1:], word) {
		if strings.HasPrefix(candidate, word) {
			c.println(candidate)
		}
	}
	return nil
}

// completion prints a script for a shell. The script contains the commands; it gets the names of processes and groups from
// supervisorctl, with the options on the line.
func (c *Controller) completion(args []string) error {
	if len(args) != 1 {
		return c.usageError("completion", "completion requires the name of a shell", exitInvalidArgs)
	}
	switch args[0] {
	case "bash":
		c.println(strings.Replace(bashScript, "COMMANDS", strings.Join(c.topicNames(), " "), 1))
	case "zsh":
		c.println(strings.Replace(zshScript, "COMMANDS", c.describe("        '%s:%s'\n"), 1))
	case "fish":
		c.println(strings.Replace(fishScript, "COMMANDS",
			c.describe("complete -c supervisorctl -n '__supervisorctl_words; test -z \"$words\"' -a %s -d '%s'\n"), 1))
	default:
		return c.invalidArg("bad shell " + args[0])
	}
	return nil
}

// describe formats each command's name and the summary of its help.
func (c *Controller) describe(format string) string {
	var text strings.Builder
	for _, b := range c.blocks() {
		for _, cmd := range b.commands {
			fmt.Fprintf(&text, format, cmd.name, strings.NewReplacer("'", "", ":", "").Replace(summary(cmd.help)))
		}
	}
	return strings.TrimSuffix(text.String(), "\n")
}

// summary is the text after the first tabs of a help text.
func summary(help string) string {
	line, _, _ := strings.Cut(help, "\n")
	_, text, _ := strings.Cut(line, "\t")
	return strings.TrimSuffix(strings.TrimLeft(text, "\t"), ".")
}

const bashScript = `_supervisorctl() {
    local line=${COMP_LINE:0:COMP_POINT} cur= word takes= words=() options=()
    local -a all
    read -ra all <<< "$line"
    if [[ $line != *[[:space:]] ]]; then
        cur=${all[-1]}
        unset 'all[-1]'
    fi
    for word in "${all[@]:1}"; do
        if [[ -n $takes ]]; then
            options+=("$word")
            takes=
        elif [[ ${#words[@]} -eq 0 && $word == -[csupr] ]]; then
            options+=("$word")
            takes=1
        elif [[ ${#words[@]} -gt 0 || $word != -* ]]; then
            words+=("$word")
        fi
    done
    if [[ -n $takes ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    elif [[ ${#words[@]} -eq 0 ]]; then
        mapfile -t COMPREPLY < <(compgen -W 'COMMANDS' -- "$cur")
    else
        mapfile -t COMPREPLY < <("${all[0]}" "${options[@]}" complete "cur=$cur" "${words[@]}" 2>/dev/null)
    fi
    local colon=${cur%"${cur##*:}"} i
    if [[ $COMP_WORDBREAKS == *:* && -n $colon ]]; then
        for i in "${!COMPREPLY[@]}"; do
            COMPREPLY[i]=${COMPREPLY[i]#"$colon"}
        done
    fi
}
complete -F _supervisorctl supervisorctl`

const zshScript = `#compdef supervisorctl
_supervisorctl() {
    local -a commands names
    commands=(
COMMANDS
    )
    _arguments -C \
        '-c[configuration file]:file:_files' \
        '-s[URL of the server]:url:' \
        '-u[user name]:name:' \
        '-p[password]:password:' \
        '-r[history file]:file:_files' \
        '-i[interactive]' \
        '-h[help]' \
        '1:command:->command' \
        '*:name:->name'
    case $state in
    command) _describe command commands ;;
    name)
        local -a options
        local option
        for option in -c -s -u -p; do
            [[ -n ${opt_args[$option]} ]] && options+=($option "${opt_args[$option]}")
        done
        names=(${(f)"$($words[1] $options complete "cur=$PREFIX" $line[1] 2>/dev/null)"})
        compadd -a names
        ;;
    esac
}
if [[ $funcstack[1] == _supervisorctl ]]; then
    _supervisorctl "$@"
else
    compdef _supervisorctl supervisorctl
fi`

const fishScript = `function __supervisorctl_words
    set -g words
    set -g options
    set -l takes
    for word in (commandline -opc)[2..-1]
        if test -n "$takes"
            set -a options $word
            set takes
        else if test -z "$words"; and string match -qr -- '^-[csupr]$' $word
            set -a options $word
            set takes 1
        else if test -n "$words"; or not string match -q -- '-*' $word
            set -a words $word
        end
    end
end
function __supervisorctl_names
    supervisorctl $options complete cur=(commandline -ct) $words 2>/dev/null
end
complete -c supervisorctl -f
complete -c supervisorctl -s c -r -F -d 'configuration file'
complete -c supervisorctl -s s -x -d 'URL of the server'
complete -c supervisorctl -s u -x -d 'user name'
complete -c supervisorctl -s p -x -d 'password'
complete -c supervisorctl -s r -r -F -d 'history file'
complete -c supervisorctl -s i -d 'interactive'
COMMANDS
complete -c supervisorctl -n '__supervisorctl_words; test -n "$words"' -a '(__supervisorctl_names)'`
