package store

import (
	"fmt"
	"time"
)

// Model is one model in the folder, or one that is known and can be pulled.
type Model struct {
	Name    string    `json:"name"`              // what Find accepts: "smollm2", or the file name without .gguf
	File    string    `json:"file"`              // file name within Dir
	Path    string    `json:"path,omitempty"`    // where it lies; empty when it is not here
	Source  string    `json:"source,omitempty"`  // what Pull was given; empty for a file put there by hand
	Size    int64     `json:"size"`              // bytes
	SHA256  string    `json:"sha256,omitempty"`  // hexadecimal, as it was when pulled; empty when never computed
	Licence string    `json:"licence,omitempty"` // as the table or the file itself (general.license) names it
	Terms   string    `json:"terms,omitempty"`   // where the licence can be read, when it asks to be passed on
	About   string    `json:"about,omitempty"`   // one line
	Pulled  time.Time `json:"pulled,omitzero"`
}

// FormatSize prints bytes in the decimal units of download pages: "98.4 MB".
func FormatSize(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 999_950:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	case n < 999_950_000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.2f GB", float64(n)/1e9)
}
