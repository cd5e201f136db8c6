package wire

import (
	"io"
	"net"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// kernelReader reads from a socket with recvmsg and gets the kernel's receive stamp with the bytes:
// that of the last segment that a read took from.
//
// The call is a RawSyscall: it never blocks (MSG_DONTWAIT; the runtime's poller does the waiting),
// and announcing it to the scheduler, as net.Conn's Read does, wakes the monitor thread of a process
// that was idle, for as much CPU again as the read itself.
type kernelReader struct {
	raw syscall.RawConn
	fn  func(fd uintptr) bool // made once: a closure per read would be garbage
	msg unix.Msghdr
	iov unix.Iovec
	ctl [8]uint64 // control messages: one stamp takes 32 bytes
	n   int
	err syscall.Errno
}

// holdStamping keeps the kernel's stamping switched on with a socket that asks for it. The switch is
// one for the whole system and is thrown some time after the first socket asks; without this, the
// first reply on the first connection often came without stamps.
func holdStamping() (release func()) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return func() {}
	}
	// If the option is refused, connections find that out for themselves.
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	return func() { unix.Close(fd) }
}

// newKernelReader is nil if the socket gives no stamps.
func newKernelReader(tcp *net.TCPConn) *kernelReader {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	var optErr error
	err = raw.Control(func(fd uintptr) {
		optErr = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	})
	if err != nil || optErr != nil {
		return nil
	}
	k := &kernelReader{raw: raw}
	k.fn = k.receive
	k.msg.Iov = &k.iov
	k.msg.SetIovlen(1)
	k.msg.Control = (*byte)(unsafe.Pointer(&k.ctl))
	return k
}

// read waits for bytes. realNS is their stamp on the wall clock, 0 if the kernel gave none.
func (k *kernelReader) read(p []byte) (n int, realNS int64, err error) {
	if len(p) == 0 {
		return 0, 0, nil
	}
	k.iov.Base = &p[0]
	k.iov.SetLen(len(p))
	err = k.raw.Read(k.fn)
	k.iov.Base = nil
	switch {
	case err != nil:
		return 0, 0, err
	case k.err != 0:
		return 0, 0, os.NewSyscallError("recvmsg", k.err)
	case k.n == 0:
		return 0, 0, io.EOF
	}
	return k.n, k.stamp(), nil
}

// receive is false when there is nothing to read yet.
func (k *kernelReader) receive(fd uintptr) bool {
	for {
		k.msg.SetControllen(len(k.ctl) * 8)
		n, _, errno := syscall.RawSyscall(unix.SYS_RECVMSG, fd, uintptr(unsafe.Pointer(&k.msg)), unix.MSG_DONTWAIT)
		switch errno {
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return false
		}
		k.n, k.err = int(n), errno
		return true
	}
}

// stamp finds SCM_TIMESTAMPNS among the control messages.
func (k *kernelReader) stamp() int64 {
	left := int(k.msg.Controllen)
	base := unsafe.Pointer(&k.ctl)
	for at := 0; left-at >= unix.SizeofCmsghdr; {
		h := (*unix.Cmsghdr)(unsafe.Add(base, at))
		size := int(h.Len)
		if size < unix.SizeofCmsghdr || at+size > left {
			break
		}
		if h.Level == unix.SOL_SOCKET && h.Type == unix.SO_TIMESTAMPNS &&
			size >= unix.CmsgLen(int(unsafe.Sizeof(unix.Timespec{}))) {
			ts := (*unix.Timespec)(unsafe.Add(base, at+unix.CmsgLen(0)))
			return ts.Nano()
		}
		at += unix.CmsgSpace(size - unix.CmsgLen(0))
	}
	return 0
}

// idleState looks at a connection on which nothing is outstanding, without waiting.
func (k *kernelReader) idleState() (closed, unread bool) {
	var n uintptr
	var errno syscall.Errno
	err := k.raw.Control(func(fd uintptr) {
		var b byte
		n, _, errno = syscall.RawSyscall6(unix.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&b)), 1,
			unix.MSG_DONTWAIT|unix.MSG_PEEK, 0, 0)
	})
	switch {
	case err != nil || errno != 0 && errno != unix.EAGAIN && errno != unix.EINTR:
		return true, false
	case errno != 0:
		return false, false
	}
	return n == 0, n > 0
}
