#!/usr/bin/env bash
# Makes the two pictures of "Looking inside" in README.md from real runs:
#
#     docs/screens.sh [MODEL]        # smollm2
#
#     pictures/prompt.png     the prompt in a terminal of 100 columns and 24-bit colours (tmux)
#     pictures/headview.png   the head view in an exported page, a token being picked (chromium,
#                             or what CHROMIUM names)
set -euo pipefail
cd "$(dirname "$0")"
model=${1:-smollm2}
chromium=${CHROMIUM:-chromium}
tmp=$(mktemp -d)
trap 'tmux -L "loupe-$$" kill-server 2>/dev/null || true; rm -rf "$tmp"' EXIT
go build -o "$tmp/loupe" ../repl/loupe
mkdir -p pictures

# Words that come twice, so that a head that looks for what followed has something to find.
text='The rabbit Pip met the fox Ann at the mill. The rabbit Pip met the fox'

shoot() { # PAGE WIDTH HEIGHT PICTURE
	"$chromium" --headless --no-sandbox --disable-gpu --hide-scrollbars --virtual-time-budget=2000 \
		--window-size="$2,$3" --screenshot="$PWD/pictures/$4.png" "file://$1" >/dev/null 2>&1
}

# The prompt: what a person types, and what tmux has on its screen in the end.
cat >"$tmp/cells" <<EOF
s := m.NewSession()
_, err := s.Eval(m.Tokenize("$text"))
s.Cache().Tokens(" rabbit")
s.Attention(17, 5)
s.AttentionRow(17, 5, 16)
EOF
pane() { tmux -L "loupe-$$" "$@"; }
export LOUPE_HISTORY="$tmp/history" COLORTERM=truecolor
pane -f /dev/null new-session -d -x 100 -y 80 "$tmp/loupe -m $model"
n=0
ready() { # waits for the prompt of cell $n
	for _ in $(seq 300); do
		if pane capture-pane -p | grep -q "^In\[$n\]: *$"; then return; fi
		sleep 0.1
	done
	echo "no prompt In[$n]:" >&2
	exit 1
}
while IFS= read -r cell; do
	n=$((n + 1))
	ready
	pane send-keys -l "$cell"
	pane send-keys Enter
done <"$tmp/cells"
n=$((n + 1))
ready
pane capture-pane -e -N -p >"$tmp/screen"
pane send-keys C-d

# Escape sequences of colours become spans; half blocks become two colours, as the
# typeface of a page leaves gaps.
awk -v last="In[$n]:" '
function html(s) { gsub(/&/, "\\&amp;", s); gsub(/</, "\\&lt;", s); gsub(/>/, "\\&gt;", s); return s }
function named(n,  list) { split("#3b4048 #d0606b #6fae6f #c9a25a #6c9fd8 #b77ec9 #5fb3b3 #d5d8dc", list, " "); return list[n + 1] }
function span(s,  style, half, count) {
	if (s == "") return ""
	style = (fore != "" ? "color:" fore ";" : "") (back != "" ? "background:" back ";" : "") (dim ? "opacity:.62;" : "") (bold ? "font-weight:bold;" : "")
	half = s
	count = gsub(/▀/, "", half)
	if (count > 0 && half == "") {
		style = "display:inline-block;height:17px;vertical-align:top;background:linear-gradient(" fore " 50%," (back != "" ? back : "transparent") " 50%);"
		s = sprintf("%" count "s", "")
	}
	return style == "" ? html(s) : "<span style=\"" style "\">" html(s) "</span>"
}
function colour(params,  p, k, i) {
	k = split(params, p, ";")
	if (k == 0) { p[1] = 0; k = 1 }
	for (i = 1; i <= k; i++) {
		if (p[i] == 0) { fore = back = ""; dim = bold = 0 }
		else if (p[i] == 1) bold = 1
		else if (p[i] == 2) dim = 1
		else if (p[i] == 38 && p[i + 1] == 2) { fore = sprintf("#%02x%02x%02x", p[i + 2], p[i + 3], p[i + 4]); i += 4 }
		else if (p[i] == 48 && p[i + 1] == 2) { back = sprintf("#%02x%02x%02x", p[i + 2], p[i + 3], p[i + 4]); i += 4 }
		else if (p[i] >= 30 && p[i] <= 37) fore = named(p[i] - 30)
		else if (p[i] == 39) fore = ""
		else if (p[i] == 49) back = ""
	}
}
BEGIN {
	print "<!doctype html><meta charset=\"utf-8\"><style>body { margin: 0; background: #1b1e23; color: #d5d8dc }" \
		"pre { margin: 0; padding: 12px 14px; font: 14px/17px \"DejaVu Sans Mono\", monospace; white-space: pre }</style><pre>"
}
{
	plain = $0
	gsub(/\033\[[0-9;]*m/, "", plain)
	sub(/ *$/, "", plain)
	if (plain == last) exit
	n = split($0, part, "\033\\[")
	line = span(part[1])
	for (i = 2; i <= n; i++) {
		end = match(part[i], /[A-Za-z]/)
		if (substr(part[i], end, 1) == "m") colour(substr(part[i], 1, end - 1))
		line = line span(substr(part[i], end + 1))
	}
	print line
}
END { print "</pre>" }' "$tmp/screen" >"$tmp/prompt.html"
lines=$(($(wc -l <"$tmp/prompt.html") - 2))
shoot "$tmp/prompt.html" 872 $((lines * 17 + 24)) prompt

# The head view: a notebook of one cell, exported; then a token is picked in the page.
cat >"$tmp/view.go" <<EOF
package main

import (
	"log"

	"loupe/engine"
	"loupe/stdlib/nb"
)

func main() {
	// %% Where heads look
	m, err := engine.Load("$model", engine.LoadConfig{})
	if err != nil {
		log.Fatal(err)
	}
	s := m.NewSession()
	if _, err := s.Eval(m.Tokenize("$text")); err != nil {
		log.Fatal(err)
	}
	view, err := s.HeadView()
	if err != nil {
		log.Fatal(err)
	}
	nb.Show(view)
}
EOF
"$tmp/loupe" export "$tmp/view.go" -o "$tmp/view.html" 2>/dev/null
sed -i '/Content-Security-Policy/d' "$tmp/view.html" # it lets no other script in
cat >>"$tmp/view.html" <<'EOF'
<style>pre.code, nav, h1, h2, details, footer, .account { display: none } section, .cell { margin-top: 0 !important } body { margin: 12px !important }</style>
<script>
	const view = document.querySelector('.loupe-headview'), layer = view.querySelector('select');
	layer.selectedIndex = 17;
	layer.dispatchEvent(new Event('change'));
	for (const [i, head] of view.querySelectorAll('.hv-heads button').entries()) if (i < 3 || i > 5) head.click();
	const queries = view.querySelectorAll('.hv-left button');
	queries[queries.length - 1].click();
</script>
EOF
shoot "$tmp/view.html" 660 540 headview
ls -l pictures/prompt.png pictures/headview.png
