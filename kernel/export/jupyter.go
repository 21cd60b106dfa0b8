package export

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"runtime"
	"strings"

	"loupe/kernel/notebook"
)

// jupyterFile is a notebook of nbformat 4.5.
// https://nbformat.readthedocs.io/en/latest/format_description.html
type jupyterFile struct {
	Cells       []jupyterCell   `json:"cells"`
	Metadata    jupyterMetadata `json:"metadata"`
	Format      int             `json:"nbformat"`
	FormatMinor int             `json:"nbformat_minor"`
}

type jupyterMetadata struct {
	Kernelspec struct {
		DisplayName string `json:"display_name"`
		Language    string `json:"language,omitempty"`
		Name        string `json:"name"`
	} `json:"kernelspec"`
	LanguageInfo map[string]any `json:"language_info,omitempty"`
	Loupe        *jupyterMark   `json:"loupe,omitempty"`
}

type jupyterCell struct {
	Type     string `json:"cell_type"`
	Count    *int   `json:"-"`
	ID       string `json:"id"`
	Metadata struct {
		Loupe *jupyterMark `json:"loupe,omitempty"`
		Tags  []string     `json:"tags,omitempty"` // papermill knows its parameters by one
	} `json:"metadata"`
	Outputs []map[string]any `json:"-"`
	Source  lines            `json:"source"`
}

// jupyterMark is what a Go file has and a Jupyter notebook has not. As long as
// cells are neither edited nor moved, the file comes back byte for byte.
type jupyterMark struct {
	// Of a cell.
	N     *int   `json:"n,omitempty"`     // its place in the file
	Title string `json:"title,omitempty"` // of a text
	Place string `json:"place,omitempty"` // "main" or "top", if it does not follow from the cell
	Raw   string `json:"raw,omitempty"`   // its text in the file, if that is laid out otherwise
	Of    string `json:"of,omitempty"`    // checksum of the source that Raw stands for
	// Of the notebook.
	File  string  `json:"file,omitempty"`
	Cells int     `json:"cells,omitempty"`
	Sum   string  `json:"sum,omitempty"` // of the Go file
	Tail  *string `json:"tail,omitempty"`
}

// lines is text that Jupyter keeps as a list of lines, or as one string.
type lines string

func (l lines) MarshalJSON() ([]byte, error) {
	list := strings.SplitAfter(string(l), "\n")
	if list[len(list)-1] == "" {
		list = list[:len(list)-1]
	}
	return marshal(list)
}

func (l *lines) UnmarshalJSON(data []byte) error {
	var list []string
	if err := json.Unmarshal(data, &list); err == nil {
		*l = lines(strings.Join(list, ""))
		return nil
	}
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return errors.New("a source is neither text nor a list of lines")
	}
	*l = lines(s)
	return nil
}

// marshal is JSON with < > & as they are.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// MarshalJSON writes outputs for code cells only, as the format asks.
func (c jupyterCell) MarshalJSON() ([]byte, error) {
	type plainCell jupyterCell
	if c.Type != "code" {
		return marshal(plainCell(c))
	}
	outputs := c.Outputs
	if outputs == nil {
		outputs = []map[string]any{}
	}
	return marshal(struct {
		plainCell
		Count   *int             `json:"execution_count"`
		Outputs []map[string]any `json:"outputs"`
	}{plainCell(c), c.Count, outputs})
}

// Jupyter is the document as a Jupyter notebook with its outputs, for Loupe's
// kernel. [FromJupyter] gives the Go file back.
func (d *Document) Jupyter() string {
	f := d.file
	mainFrom, mainTo := 0, 0
	if f.Main != nil {
		mainFrom, mainTo = int(f.Main.Body.Lbrace-f.AST.FileStart), int(f.Main.Body.Rbrace-f.AST.FileStart)
	}
	list, chunks, tail := cut(f, mainFrom, mainTo)
	plainChunks, plainTail := goText(list)

	var nb jupyterFile
	nb.Format, nb.FormatMinor = 4, 5
	nb.Metadata.Kernelspec.Name = "loupe"
	nb.Metadata.Kernelspec.DisplayName = "Go (Loupe)"
	nb.Metadata.Kernelspec.Language = "go"
	nb.Metadata.LanguageInfo = map[string]any{
		"name": "go", "version": strings.TrimPrefix(runtime.Version(), "go"), "mimetype": "text/x-go",
		"file_extension": ".go", "pygments_lexer": "go", "codemirror_mode": "go", "nbconvert_exporter": "script",
	}
	nb.Metadata.Loupe = &jupyterMark{File: base(d.Path) + ".go", Cells: len(list), Sum: sum(f.Source)}
	if tail != plainTail {
		nb.Metadata.Loupe.Tail = &tail
	}
	for i, p := range list {
		var c jupyterCell
		c.ID = "cell-" + itoa(i+1)
		mark := &jupyterMark{N: &i}
		c.Metadata.Loupe = mark
		c.Source = lines(p.source)
		if p.kind == notebook.Markdown {
			c.Type, mark.Title = "markdown", p.title
		} else {
			c.Type = "code"
			c.Source = lines(once(packageClause, p.source, "// package main"))
			if p.marked {
				c.Source = lines(strings.TrimRight(strings.TrimRight("// %% "+p.title, " ")+"\n"+string(c.Source), "\n"))
			}
			if p.inMain && notebook.IsParameters(p.title) {
				c.Metadata.Tags = []string{notebook.Parameters}
			}
			c.Outputs = d.Cells[i].jupyter()
			if n := d.Cells[i].Number; n > 0 && d.Cells[i].Ran {
				c.Count = &n
			}
		}
		if chunks[i] != plainChunks[i] || p.kind != notebook.Markdown && once(packageComment, once(packageClause, p.source, "// package main"), "package main") != p.source {
			mark.Raw, mark.Of = chunks[i], sum(string(c.Source))
		}
		nb.Cells = append(nb.Cells, c)
	}
	// What FromJupyter would take for something else is said.
	for i, p := range read(nb.Cells) {
		if i < len(list) && p.inMain != list[i].inMain {
			nb.Cells[i].Metadata.Loupe.Place = map[bool]string{true: "main", false: "top"}[list[i].inMain]
		}
	}
	raw, err := marshal(nb)
	if err != nil { // there is nothing in it that has no JSON
		return fmt.Sprintf("%q", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", " "); err != nil {
		return string(raw)
	}
	return out.String() + "\n"
}

// jupyter are the outputs of a cell as messages of Jupyter.
func (c *Cell) jupyter() []map[string]any {
	var list []map[string]any
	stream := func(name, text string) {
		list = append(list, map[string]any{"output_type": "stream", "name": name, "text": lines(strings.ToValidUTF8(text, "\uFFFD"))})
	}
	if c.Hidden {
		return nil
	}
	for _, o := range c.Outputs {
		switch {
		case o.Failed != nil:
			list = append(list, map[string]any{
				"output_type": "error", "ename": o.Failed.Kind.String() + " error", "evalue": o.Failed.Msg,
				"traceback": strings.Split(failureText(o.Failed), "\n"),
			})
		case o.Warning != "":
			stream("stderr", "warning: "+o.Warning+"\n")
		case o.Data != nil:
			list = append(list, shownJupyter(o.Data, map[string]any{}))
		case o.Stderr:
			stream("stderr", o.Text)
		default:
			stream("stdout", o.Text)
		}
	}
	if s := c.dropped(); s != "" {
		stream("stderr", s+"\n")
	}
	if account := c.shortAccount(); len(account) > 0 && c.Number > 0 {
		text := strings.Join(account, "\n")
		list = append(list, shownJupyter(map[string]string{
			"text/plain": text, "text/html": `<div style="opacity:.65;font-size:.85em;line-height:1.45;padding-left:5px">` + strings.ReplaceAll(html.EscapeString(text), "\n", "<br>") + `</div>`,
		}, map[string]any{"loupe": map[string]any{"statistics": true}}))
	}
	return list
}

func shownJupyter(data map[string]string, metadata map[string]any) map[string]any {
	bundle := map[string]any{}
	for mime, text := range data {
		_, notBase64 := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		switch {
		case strings.HasPrefix(mime, "image/") && mime != "image/svg+xml" && notBase64 != nil:
			bundle[mime] = base64.StdEncoding.EncodeToString([]byte(text))
		case (mime == "application/json" || strings.HasSuffix(mime, "+json")) && json.Valid([]byte(text)):
			bundle[mime] = json.RawMessage(text)
		default:
			bundle[mime] = lines(strings.ToValidUTF8(text, "\uFFFD"))
		}
	}
	return map[string]any{"output_type": "display_data", "data": bundle, "metadata": metadata}
}
