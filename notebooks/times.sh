#!/usr/bin/env bash
# Prints how long each notebook of this folder takes to run, and to run and become a page
# of HTML, as a table of Markdown: the medians of three turns.
#
#     notebooks/times.sh
set -euo pipefail
cd "$(dirname "$0")"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
go build -o "$tmp/loupe" ../repl/loupe

# ms is the time of a command.
ms() {
	local begun
	begun=$(date +%s%N)
	"$@" >/dev/null 2>&1
	echo $((($(date +%s%N) - begun) / 1000000))
}
median() { sort -n | sed -n 2p; }

echo '| lesson | cells | run, ms | run and export, ms |'
echo '|---|---:|---:|---:|'
for file in */*.go; do
	runs= exports=
	for _ in 1 2 3; do
		runs+="$(ms "$tmp/loupe" run "$file")"$'\n'
		exports+="$(ms "$tmp/loupe" export "$file" -o "$tmp/page.html")"$'\n'
	done
	printf '| %s | %d | %d | %d |\n' "$(dirname "$file")" "$(grep -c '^	// %%' "$file")" \
		"$(printf %s "$runs" | median)" "$(printf %s "$exports" | median)"
done
