package jupyter

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Connection is what a connection file says: where the front-end wants the
// sockets, and the key that signs messages.
type Connection struct {
	Transport       string `json:"transport"` // "tcp" or "ipc"
	IP              string `json:"ip"`        // for ipc the beginning of the sockets' paths
	ShellPort       int    `json:"shell_port"`
	IOPubPort       int    `json:"iopub_port"`
	StdinPort       int    `json:"stdin_port"`
	ControlPort     int    `json:"control_port"`
	HeartbeatPort   int    `json:"hb_port"`
	Key             string `json:"key"` // "" for messages without signatures
	SignatureScheme string `json:"signature_scheme"`
}

// ReadConnection reads a connection file and checks it.
func ReadConnection(path string) (Connection, error) {
	var c Connection
	data, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("jupyter: connection file: %w", err)
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return c, fmt.Errorf("jupyter: connection file %s is not what Jupyter writes: %w", path, err)
	}
	if err := c.check(); err != nil {
		return c, fmt.Errorf("jupyter: connection file %s: %w", path, err)
	}
	return c, nil
}

func (c *Connection) check() error {
	switch c.Transport {
	case "":
		c.Transport = "tcp"
	case "tcp":
	case "ipc":
		if runtime.GOOS == "windows" {
			return fmt.Errorf(`transport "ipc" does not exist on Windows; use "tcp"`)
		}
	default:
		return fmt.Errorf(`transport %q is neither "tcp" nor "ipc"`, c.Transport)
	}
	if c.IP == "" {
		return fmt.Errorf("no ip")
	}
	if c.Key != "" && c.SignatureScheme != "hmac-sha256" {
		return fmt.Errorf(`signature_scheme %q is not supported; "hmac-sha256" is`, c.SignatureScheme)
	}
	seen := map[int]string{}
	for _, p := range []struct {
		name string
		port int
	}{{"shell_port", c.ShellPort}, {"iopub_port", c.IOPubPort}, {"stdin_port", c.StdinPort}, {"control_port", c.ControlPort}, {"hb_port", c.HeartbeatPort}} {
		if p.port < 1 || p.port > 65535 && c.Transport == "tcp" {
			return fmt.Errorf("%s is %d, not a port", p.name, p.port)
		}
		if other := seen[p.port]; other != "" {
			return fmt.Errorf("%s and %s are both %d", other, p.name, p.port)
		}
		seen[p.port] = p.name
	}
	return nil
}

// listen opens the socket of one port.
func (c *Connection) listen(port int) (net.Listener, error) {
	if c.Transport == "ipc" {
		path := c.IP + "-" + strconv.Itoa(port)
		removeStale(path)
		return net.Listen("unix", path)
	}
	return net.Listen("tcp", net.JoinHostPort(strings.Trim(c.IP, "[]"), strconv.Itoa(port)))
}

// removeStale removes a socket that a killed process left: one that nobody
// answers.
func removeStale(path string) {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != os.ModeSocket {
		return
	}
	if c, err := net.Dial("unix", path); err == nil {
		c.Close()
		return
	}
	os.Remove(path)
}
