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

# The notebooks in the order of reading: name, cell of the picture, its height.
list='
firststeps|Look at the cache|560
tokens|Bytes for a token|340
cache|What was counted, and what should be|190
cachecost|Published models|380
flash|Off and on|250
batch|In a picture|520
kvquant|In a picture|560
heads|Where that head looks|260
sinks|Three prefixes|290
rope|Perplexity by position|420
longorchain|By length and depth|340
licence|Where it is cut|270
chains|Run it|260
structured|-|420
sampling|What the model offers|260
benchmark|The same, again and again|240
settings|The rabbit|700
'
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
while IFS='|' read -r name cell height; do
	[ -n "$name" ] || continue
	about=$(sed -n '/^\/\//!q;s,^// \{0\,1\},,p' "$name/$name.go" | sed -n '/^$/q;p' | tr '\n' ' ' | sed 's/ *Run it with.*//')
	if [ $# = 0 ] || [[ " $* " == *" $name "* ]]; then
		part=(--from "$cell" --to "$cell")
		[ "$cell" != - ] || part=(--to 3)
		"$tmp/loupe" export "$name/$name.go" -o "$tmp/$name.html" "${part[@]}" 2>/dev/null
		echo '<style>pre.code, nav { display: none }</style>' >>"$tmp/$name.html" # the code is in the file
		"$chromium" --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size="860,$height" \
			--screenshot="$PWD/pictures/$name.png" "file://$tmp/$name.html" >/dev/null 2>&1
	fi
	printf '\n## [%s](%s/%s.go)\n\n%s\n\n![%s: %s](pictures/%s.png)\n' "$name" "$name" "$name" "$about" "$name" "$cell" "$name" >>README.md
done <<<"$list"
