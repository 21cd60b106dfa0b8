package offheap

import "golang.org/x/sys/unix"

// hugePage is what x86 and most arm64 kernels call a huge page.
const hugePage = 2 << 20

// adviseHuge asks for huge pages. That it is refused (a kernel without them)
// costs speed only.
func adviseHuge(b []byte) {
	if len(b) >= hugePage {
		_ = unix.Madvise(b, unix.MADV_HUGEPAGE)
	}
}
