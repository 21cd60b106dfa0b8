package export

import (
	"encoding/base64"
	"fmt"
	"strings"

	"loupe/kernel/notebook"
)

// Markdown is the document in the Markdown of GitHub: text as it stands, code
// and its output in fences, values in their Markdown form, raster pictures
// inline, under each cell its time and rates.
func (d *Document) Markdown() string {
	var b strings.Builder
	for _, c := range d.shown() {
		if c.Kind == notebook.Markdown {
			if c.Source != "" {
				b.WriteString(c.Source + "\n\n")
			}
			continue
		}
		if c.Title != "" {
			b.WriteString("### " + escapeMarkdown(c.Title) + "\n\n")
		}
		switch {
		case c.Source == "":
		case c.Kind == notebook.Decls && c.Title == "":
			b.WriteString("<details><summary>Imports and declarations</summary>\n\n" + fence("go", c.Source) + "</details>\n\n")
		default:
			b.WriteString(fence("go", c.Source))
		}
		for _, o := range c.Outputs {
			b.WriteString(o.markdown())
		}
		if s := c.dropped(); s != "" {
			b.WriteString("*" + s + "*\n\n")
		}
		if c.notRun(d.Failed != nil) {
			b.WriteString("*not run*\n\n")
		}
		if lines := c.shortAccount(); len(lines) > 0 && c.Number > 0 {
			for i, l := range lines {
				lines[i] = escapeMarkdown(l)
			}
			b.WriteString("<sub>" + strings.Join(lines, "<br>\n") + "</sub>\n\n")
		}
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func (o Output) markdown() string {
	switch {
	case o.Failed != nil:
		return "**Error**\n\n" + fence("text", failureText(o.Failed))
	case o.Warning != "":
		return "> warning: " + escapeMarkdown(o.Warning) + "\n\n"
	case o.Data == nil:
		return fence("text", plain(o.Text))
	}
	if s, ok := o.Data["text/markdown"]; ok {
		return strings.TrimRight(s, "\n") + "\n\n"
	}
	text := plain(o.Data["text/plain"])
	for _, mime := range []string{"image/png", "image/jpeg"} {
		if data, ok := o.Data[mime]; ok {
			first, _, _ := strings.Cut(text, "\n")
			return fmt.Sprintf("![%s](%s)\n\n", escapeMarkdown(first), dataURI(mime, data))
		}
	}
	return fence("text", text)
}

// dataURI is a picture inside an address. A raster picture may be in base64
// already.
func dataURI(mime, data string) string {
	if _, err := base64.StdEncoding.DecodeString(strings.TrimSpace(data)); err != nil || mime == "image/svg+xml" {
		data = base64.StdEncoding.EncodeToString([]byte(data))
	}
	return "data:" + mime + ";base64," + strings.TrimSpace(data)
}

// fence is a code block whose fence is longer than any inside of it.
func fence(lang, text string) string {
	longest, run := 2, 0
	for _, r := range text {
		if r == '`' {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	f := strings.Repeat("`", longest+1)
	return f + lang + "\n" + strings.TrimRight(text, "\n") + "\n" + f + "\n\n"
}

// escapeMarkdown keeps a line of text from being read as markup.
func escapeMarkdown(s string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "`", "\\`", "<", "&lt;", "[", `\[`, "|", `\|`).Replace(s)
}
