#!/usr/bin/env bash
# Makes README.md and the pictures of this folder from runs of the notebooks:
#
#     notebooks/gallery.sh [NAME...]
#
# Each picture is what a cell shows in the exported page, in a browser: chromium, or what
# CHROMIUM names. With names only these pictures are made anew.
set -euo pipefail
cd "$(dirname "$0")"
chromium=${CHROMIUM:-chromium}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
go build -o "$tmp/loupe" ../repl/loupe
mkdir -p pictures

# The notebooks in the order of reading, and the cell of the picture.
list='
firststeps|Look at the cache
tokens|Bytes for a token
cache|Time for a token, by position
cachecost|In a picture
flash|Further down
batch|In a picture
kvquant|How large the channels of K are
heads|Where the induction head looks
sinks|Four cuts
rope|Five ways to read it
longorchain|By length and depth
licence|Ask each piece, then put the answers together
chains|What happened beside what was planned
structured|Codes out of texts
sampling|What the model offers
benchmark|By depth
settings|The rabbit
'
# Of the page only the title of the cell and what it shows; the page says how high that is.
only='<style>.prose, pre.code, pre.warning, .account, nav, footer { display: none } .cell h3 { margin-top: 0 }</style>
<script>document.title = Math.ceil(document.querySelector("main").getBoundingClientRect().bottom) + 16</script>'
browse() { "$chromium" --headless --no-sandbox --disable-gpu --hide-scrollbars "$@" 2>/dev/null; }
{
	echo '# Notebooks'
	echo
	echo 'Lessons of eight to twenty cells on the model inside the program, each in seconds. Read'
	echo 'them in this order, or run one:'
	echo
	printf '```\ngo run ./repl/loupe run notebooks/cache/cache.go          # as text\n'
	printf 'go run ./repl/loupe export notebooks/cache/cache.go -o cache.html\n'
	printf 'go run ./notebooks/cache                                  # compiled\n```\n'
	echo
	echo 'Most take another model with `-p model=smollm2` behind `run` or `export`, after'
	echo '`loupe pull smollm2`; what they then say may be the opposite. Every claim in them is'
	echo 'computed in a cell. `loupe help notebooks` says how notebooks are written. This page is'
	echo 'made by `notebooks/gallery.sh` from real runs.'
} >README.md
while IFS='|' read -r name cell; do
	[ -n "$name" ] || continue
	about=$(sed -n '/^\/\//!q;s,^// \{0\,1\},,p' "$name/$name.go" | sed -n '/^$/q;p' | tr '\n' ' ' | sed 's/ *Run it with.*//')
	if [ $# = 0 ] || [[ " $* " == *" $name "* ]]; then
		page=$tmp/$name.html
		"$tmp/loupe" export "$name/$name.go" -o "$page" --from "$cell" --to "$cell" 2>/dev/null
		sed -i '/Content-Security-Policy/d' "$page"
		echo "$only" >>"$page"
		height=$(browse --window-size=860,400 --dump-dom "file://$page" | sed -n 's,.*<title>\([0-9]*\)</title>.*,\1,p')
		browse --window-size="860,$height" --screenshot="$PWD/pictures/$name.png" "file://$page" >/dev/null
	fi
	printf '\n## [%s](%s/%s.go)\n\n%s\n\n![%s: %s](pictures/%s.png)\n' "$name" "$name" "$name" "$about" "$name" "$cell" "$name" >>README.md
done <<<"$list"
