package wire

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Cores are the CPUs that this process may run on, in order; nil where processes cannot be pinned.
func Cores() []int {
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) != nil {
		return nil
	}
	var cores []int
	for cpu := range len(set) * bitsPerWord {
		if set.IsSet(cpu) {
			cores = append(cores, cpu)
		}
	}
	return cores
}

const bitsPerWord = 8 * int(unsafe.Sizeof(unix.CPUSet{}[0]))

// Pin keeps every thread of this process, those to come included, on one core and lets one of them
// run Go code at a time. release undoes both.
func Pin(core int) (release func(), err error) {
	var before, only unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return nil, fmt.Errorf("read CPU affinity: %w", err)
	}
	only.Set(core)
	if err := setAffinity(&only); err != nil {
		_ = setAffinity(&before) // as far as it goes
		return nil, fmt.Errorf("pin to core %d: %w", core, err)
	}
	procs := runtime.GOMAXPROCS(1)
	return func() {
		runtime.GOMAXPROCS(procs)
		_ = setAffinity(&before) // it was allowed before
	}, nil
}

// setAffinity moves every thread. A thread inherits from the one that starts it, so the list is read
// again until it holds nothing new.
func setAffinity(set *unix.CPUSet) error {
	moved := map[int]bool{}
	for again := true; again; {
		again = false
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		for _, t := range threads {
			tid, err := strconv.Atoi(t.Name())
			if err != nil || moved[tid] {
				continue
			}
			if err := unix.SchedSetaffinity(tid, set); err != nil && err != unix.ESRCH {
				return err
			}
			moved[tid], again = true, true
		}
	}
	return nil
}

// RSSAnon is the memory in bytes that is this process's own, not a file's; 0 = unknown.
func RSSAnon() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(status, []byte("\nRssAnon:"))
	line, _, _ := bytes.Cut(rest, []byte(" kB"))
	kb, _ := strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64)
	return kb << 10
}

// WriteStamped writes b and gives the time right before the first write(2), with nothing of the
// runtime between the two.
func WriteStamped(tcp *net.TCPConn, b []byte) (atNS int64, err error) {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return 0, err
	}
	var errno syscall.Errno
	err = raw.Write(func(fd uintptr) bool {
		for len(b) > 0 {
			now := Now()
			n, _, e := syscall.RawSyscall(unix.SYS_WRITE, fd, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
			switch e {
			case 0:
				b = b[n:]
			case unix.EINTR:
				continue
			case unix.EAGAIN:
				return false
			default:
				errno = e
				return true
			}
			if atNS == 0 {
				atNS = now
			}
		}
		return true
	})
	if err == nil && errno != 0 {
		err = os.NewSyscallError("write", errno)
	}
	return atNS, err
}

// CPUTime is the CPU time that this process has used; 0 = unknown.
func CPUTime() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
