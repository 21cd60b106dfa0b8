package picture

import _ "embed"

// HeadViewScript is the script of every [HeadView], the same text in all, so that a
// page may allow it by its checksum and no other: it reads the data beside it, loads
// nothing and keeps nothing.
//
//go:embed headview.js
var HeadViewScript string

//go:embed headview.css
var headViewCSS string
