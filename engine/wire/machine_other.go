//go:build !linux

package wire

import (
	"errors"
	"net"
	"time"
)

// Cores are the CPUs that this process may run on; nil: processes cannot be pinned here.
func Cores() []int { return nil }

// Pin cannot keep a process on one core here.
func Pin(int) (release func(), err error) { return nil, errors.ErrUnsupported }

// RSSAnon is the memory that is this process's own: unknown here.
func RSSAnon() int64 { return 0 }

// CPUTime is the CPU time that this process has used: unknown here.
func CPUTime() time.Duration { return 0 }

// WriteStamped writes b and gives the time right before.
func WriteStamped(tcp *net.TCPConn, b []byte) (atNS int64, err error) {
	atNS = Now()
	_, err = tcp.Write(b)
	return atNS, err
}
