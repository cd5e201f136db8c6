//go:build !linux

package wire

import (
	"errors"
	"net"
)

// kernelReader is not to be had here: stamps are taken when reads return.
type kernelReader struct{}

func holdStamping() (release func()) { return func() {} }

func newKernelReader(*net.TCPConn) *kernelReader { return nil }

func (*kernelReader) read([]byte) (int, int64, error) { return 0, 0, errors.ErrUnsupported }

func (*kernelReader) idleState() (closed, unread bool) { return false, false }
