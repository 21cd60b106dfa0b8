package chain

import (
	"encoding/json"
	"fmt"
	"html"
	"strings"
)

// Display is the run as text and Markdown (its account) and as HTML: the
// account, and the tree of steps with every prompt and answer. The HTML needs
// no other file and no script.
func (r *Run) Display() map[string]string {
	d := r.Account().Display()
	d["text/html"] = r.HTML()
	return d
}

// String is the account as text.
func (r *Run) String() string { return r.Account().String() }

const treeStyle = `<style>
.loupe-chain{font:14px/1.45 system-ui,sans-serif;max-width:70em}
.loupe-chain details{margin:.2em 0 .2em 1.1em}
.loupe-chain summary{cursor:pointer;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.loupe-chain pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.3em 0;padding:.5em .7em;background:#8881;border-left:3px solid #8886}
.loupe-chain .answer{border-color:#3a7}
.loupe-chain .refused{border-color:#c80}
.loupe-chain .failed{color:#c33}
.loupe-chain .dim{opacity:.65;font-size:.9em}
.loupe-chain table{border-collapse:collapse}
.loupe-chain td,.loupe-chain th{padding:.1em .7em;text-align:left}
</style>`

// HTML is the tree of the run: what no other step was made from stands on top,
// and below each step those that it was made from.
func (r *Run) HTML() string {
	var b strings.Builder
	b.WriteString(treeStyle + `<div class="loupe-chain">` + r.Account().Display()["text/html"])
	used := map[int]bool{}
	for _, x := range r.Results {
		for _, p := range x.Parents {
			used[p] = true
		}
	}
	shown := map[int]bool{}
	for _, x := range r.Results {
		if !used[x.ID] {
			r.branch(&b, x, shown)
		}
	}
	b.WriteString("</div>")
	return b.String()
}

// branch writes a step and what it was made from; what was shown before is
// only named.
func (r *Run) branch(b *strings.Builder, x *Result, shown map[int]bool) {
	name := fmt.Sprintf("%d %s", x.ID, x.Step)
	if about := x.about(); about != "" {
		name += ", " + about
	}
	if shown[x.ID] {
		fmt.Fprintf(b, `<details><summary class="dim">%s, see above</summary></details>`, html.EscapeString(name))
		return
	}
	shown[x.ID] = true
	fmt.Fprintf(b, "<details><summary><b>%s</b> ", html.EscapeString(name))
	if x.Err != nil {
		fmt.Fprintf(b, `<span class="failed">failed</span>`)
	} else {
		b.WriteString(html.EscapeString(firstLine(x.Text)))
	}
	b.WriteString("</summary>")
	settings, _ := json.Marshal(settings{GenerateConfig: x.Settings}) // numbers and strings only
	fmt.Fprintf(b, `<div class="dim">%s</div>`, html.EscapeString(string(settings)))
	for i, c := range x.Calls {
		fmt.Fprintf(b, "<pre>%s</pre>", html.EscapeString(c.Prompt))
		class := "answer"
		if c.Refused != "" || i != x.Chosen {
			class = "refused"
		}
		text := ""
		if c.Reply != nil {
			text = c.Reply.Text
		}
		fmt.Fprintf(b, `<pre class="%s">%s</pre><div class="dim">%s`, class, html.EscapeString(text), html.EscapeString(c.Stats.String()))
		if c.Resumed {
			b.WriteString(" · from the journal")
		}
		if c.Score != 0 {
			fmt.Fprintf(b, " · score %.4g", c.Score)
		}
		if c.Refused != "" {
			fmt.Fprintf(b, " · refused: %s", html.EscapeString(c.Refused))
		}
		b.WriteString("</div>")
	}
	if x.Err != nil {
		fmt.Fprintf(b, `<div class="failed">%s</div>`, html.EscapeString(x.Err.Error()))
	}
	for _, p := range x.Parents {
		r.branch(b, r.Results[p-1], shown)
	}
	b.WriteString("</details>")
}

func firstLine(text string) string {
	line, rest, _ := strings.Cut(text, "\n")
	if rest != "" {
		line += " ..."
	}
	return line
}
