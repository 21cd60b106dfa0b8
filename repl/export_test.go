package repl

// OnExit replaces the end of the process.
func OnExit(f func(code int)) (restore func()) {
	old := exit
	exit = f
	return func() { exit = old }
}
