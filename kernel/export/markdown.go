package export

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"

	"loupe/kernel/notebook"
)

// Markdown is the document in the Markdown of GitHub: text as it stands, code
// and its output in fences, values in their Markdown form, under each cell its
// time and rates. Pictures are files of their own, since GitHub shows none that
// stand in an address: the text links to them in folder, and they are
// returned by their names there, "cell-3.svg".
func (d *Document) Markdown(folder string) (text string, pictures map[string][]byte) {
	var b strings.Builder
	pictures = map[string][]byte{}
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
		source := withoutMarks(c.Source)
		switch {
		case source == "":
		case c.Kind == notebook.Decls && c.Title == "":
			b.WriteString("<details><summary>Imports and declarations</summary>\n\n" + fence("go", source) + "</details>\n\n")
		default:
			b.WriteString(fence("go", source))
		}
		for _, o := range c.Outputs {
			b.WriteString(o.markdown())
			if ext, data := o.picture(); ext != "" {
				name := fmt.Sprintf("cell-%d%s", c.Number, ext)
				for i := 2; pictures[name] != nil; i++ {
					name = fmt.Sprintf("cell-%d-%d%s", c.Number, i, ext)
				}
				pictures[name] = data
				about, _, _ := strings.Cut(plain(o.Data["text/plain"]), "\n")
				b.WriteString("![" + escapeMarkdown(about) + "](" + (&url.URL{Path: folder + "/" + name}).String() + ")\n\n")
			}
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
	return strings.TrimRight(b.String(), "\n") + "\n", pictures
}

// markdown is the output as text; of a value that has only a picture, nothing.
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
	if ext, _ := o.picture(); ext != "" {
		return ""
	}
	return fence("text", plain(o.Data["text/plain"]))
}

// picture is a shown value as a file of its own, with the file's extension, or
// "" when it has none. What is drawn is preferred to what is painted.
func (o Output) picture() (ext string, data []byte) {
	if s, ok := o.Data["image/svg+xml"]; ok {
		return ".svg", []byte(s)
	}
	for _, kind := range []string{"png", "jpeg"} {
		s, ok := o.Data["image/"+kind]
		if !ok {
			continue
		}
		if raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(s)); err == nil {
			return "." + kind, raw
		}
		return "." + kind, []byte(s)
	}
	return "", nil
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
