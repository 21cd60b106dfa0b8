package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// NotPulledError says that a model has a known source but is not in the folder.
type NotPulledError struct {
	Model Model // Size 0 and Licence "" where only the source is known
}

func (e *NotPulledError) Error() string {
	var facts []string
	if e.Model.Size > 0 {
		facts = append(facts, FormatSize(e.Model.Size))
	}
	if e.Model.Licence != "" {
		facts = append(facts, e.Model.Licence)
	}
	tail := ""
	if len(facts) > 0 {
		tail = " (" + strings.Join(facts, ", ") + ")"
	}
	return fmt.Sprintf("store: model %q is not here yet; get it with: loupe pull %s%s", e.Model.Name, e.Model.Name, tail)
}

// UnknownError says that a name is neither in the table nor in the folder.
type UnknownError struct {
	Name string
	Near []string // names within a small edit distance, nearest first
}

func (e *UnknownError) Error() string {
	near := ""
	if len(e.Near) > 0 {
		near = "; nearest: " + strings.Join(e.Near, ", ")
	}
	return fmt.Sprintf("store: no model is called %q%s; loupe models lists what is here and what can be pulled", e.Name, near)
}

// SourceError says that a source is written wrongly: the caller's mistake, found
// before anything was fetched.
type SourceError struct {
	Source string
	Reason string // what is wrong and what to write instead
}

func (e *SourceError) Error() string { return fmt.Sprintf("store: source %q: %s", e.Source, e.Reason) }

// ChecksumError says that what came is not what it should be. Nothing was kept.
type ChecksumError struct {
	Name, Source string
	Want, Got    string // sha256, hexadecimal
}

func (e *ChecksumError) Error() string {
	return fmt.Sprintf("store: %s: sha256 is %s but must be %s; the download was removed; pull again, and if that repeats, %s holds another file",
		e.Name, e.Got, e.Want, e.Source)
}

// NoSpaceError says that the disk is full or would be. Nothing was kept.
type NoSpaceError struct {
	Dir        string
	Need, Free int64 // bytes; Need 0 and Free -1 when not known
}

func (e *NoSpaceError) Error() string {
	need, free := "", ""
	if e.Need > 0 {
		need = ", needs " + FormatSize(e.Need)
	}
	if e.Free >= 0 {
		free = ", free " + FormatSize(e.Free)
	}
	return fmt.Sprintf("store: no room in %s%s%s; free some space or set LOUPE_MODELS to a folder on another disk", e.Dir, need, free)
}

// InterruptedError says that the context ended a pull. It unwraps to the
// context's error, so errors.Is(err, context.Canceled) holds after Ctrl-C.
type InterruptedError struct {
	Name        string
	Part        string // the partial file kept for the next pull; empty when nothing was kept
	Done, Total int64  // bytes; Total 0 when not known
	Err         error
}

func (e *InterruptedError) Error() string {
	why := ""
	if !errors.Is(e.Err, context.Canceled) { // which is what the word says already
		why = " (" + e.Err.Error() + ")"
	}
	if e.Part == "" {
		return fmt.Sprintf("store: pull of %s was interrupted%s; nothing was kept", e.Name, why)
	}
	of := ""
	if e.Total > 0 {
		of = " of " + FormatSize(e.Total)
	}
	return fmt.Sprintf("store: pull of %s was interrupted%s; %s%s are kept in %s, and the same pull goes on from there",
		e.Name, why, FormatSize(e.Done), of, e.Part)
}

func (e *InterruptedError) Unwrap() error { return e.Err }
