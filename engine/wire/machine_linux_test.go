package wire_test

import (
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"benchtop/engine/wire"
)

// pinFromEnv keeps every thread of this process on the CPU that the variable names, if it is set.
func pinFromEnv(name string) {
	cpu, err := strconv.Atoi(os.Getenv(name))
	if err != nil {
		return
	}
	var set unix.CPUSet
	set.Set(cpu)
	threads, _ := os.ReadDir("/proc/self/task")
	for _, t := range threads {
		if tid, err := strconv.Atoi(t.Name()); err == nil {
			unix.SchedSetaffinity(tid, &set)
		}
	}
	runtime.GOMAXPROCS(1)
}

// cpuSeconds is the CPU time of this process so far.
func cpuSeconds() float64 {
	var u unix.Rusage
	unix.Getrusage(unix.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// rssAnonMB is the memory that is this process's own.
func rssAnonMB() float64 {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kb, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kb / 1024
		}
	}
	return 0
}

// writeStamped writes b and says when, with nothing of the Go runtime between stamp and write.
func writeStamped(nc net.Conn, b []byte) (atNS int64, err error) {
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		atNS = wire.Now()
		_, err = nc.Write(b)
		return atNS, err
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return 0, err
	}
	var errno syscall.Errno
	err = raw.Write(func(fd uintptr) bool {
		atNS = wire.Now()
		_, _, errno = syscall.RawSyscall(unix.SYS_WRITE, fd, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
		return errno != unix.EAGAIN
	})
	if err == nil && errno != 0 {
		err = errno
	}
	return atNS, err
}
