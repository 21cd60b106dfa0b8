// Package jupyter is Loupe's Jupyter kernel: one [kernel.Kernel] behind the
// five sockets of Jupyter's messaging protocol 5.4
// (https://jupyter-client.readthedocs.io/en/stable/messaging.html).
//
// [Serve] answers one front-end process after another until it is told to shut
// down. Requests of the shell socket are answered in order; the control socket
// is answered while a cell runs, so an interrupt never waits for it. Every
// event of the kernel becomes a message: output and generated text a stream,
// batched; values display_data or execute_result with all their MIME forms;
// progress one display that is updated in place; statistics of engine calls a
// small display after the result (both say so in their metadata, "loupe"); errors an
// error message with Go's own text.
//
// Nothing that a cell prints is lost while its front-end is merely slow: each
// subscriber has a queue of its own, which is sent to its end before the
// process goes. A subscriber that lets more than 32 MiB wait loses the oldest
// output, is told how much, and keeps the newest.
//
// The ZeroMQ handshake is github.com/go-zeromq/zmq4's. Its sockets are not used:
// they drop what is queued when they close, make room for whatever frame length
// a peer claims, and let one silent peer keep all others out.
//
// [Spec] puts the kernel where front-ends look for it, and takes it away.
//
// Beside the package: papermill_loupe.py, papermill with values written as Go, and in
// testdata the programs that hold it to Jupyter's own tests, nbclient, nbconvert,
// papermill and JupyterLab in a browser (lab_test.py).
//
// Not here: debugging (debug_request is refused), subshells, comms with targets
// of our own, messages that a proxy has compressed.
package jupyter
