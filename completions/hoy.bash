# bash completion for hoy. The candidates come from the program itself: `hoy __complete bash WORDS…`.
_hoy() {
	local line files=
	COMPREPLY=()
	while IFS= read -r line; do
		if [[ $line == :files ]]; then files=1; else COMPREPLY+=("$line"); fi
	done < <(command "${COMP_WORDS[0]}" __complete bash "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
	if [[ -n $files ]]; then
		compopt -o default
	elif [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *: ]]; then
		compopt -o nospace
	fi
}
complete -F _hoy hoy
