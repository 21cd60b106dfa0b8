//go:build unix && !linux

package jupyter

const fionread = 0x4004667f // FIONREAD: _IOR('f', 127, int), the same on every BSD and on macOS
