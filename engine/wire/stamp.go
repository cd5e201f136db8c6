package wire

import "net"

// stampConn stamps what passes through a connection. TLS, if any, sits on top of it. Reads are for
// one goroutine at a time.
type stampConn struct {
	net.Conn
	clock  *Clock
	kernel *kernelReader // nil: user stamps

	stampNS int64 // of the last read that brought bytes: when they arrived
	readNS  int64 // when that read returned
	stamped bool  // stampNS is the kernel's
	sentNS  int64 // before the first write since it was set to 0
}

func newStampConn(nc net.Conn, clock *Clock) *stampConn {
	s := &stampConn{Conn: nc, clock: clock}
	// The type is asked for, not the methods: a wrapper that embeds a TCP connection to delay or
	// count its bytes must not be bypassed.
	if tcp, ok := nc.(*net.TCPConn); ok {
		s.kernel = newKernelReader(tcp)
	}
	return s
}

func (s *stampConn) Read(p []byte) (int, error) {
	if s.kernel == nil {
		n, err := s.Conn.Read(p)
		if n > 0 {
			s.readNS = Now()
			s.stampNS = s.readNS
		}
		return n, err
	}
	n, realNS, err := s.kernel.read(p)
	if n > 0 {
		s.readNS, s.stamped = Now(), realNS != 0
		if s.stamped {
			s.stampNS = s.kernelStamp(s.clock.mono(realNS))
		} else {
			s.stampNS = s.readNS
		}
	}
	return n, err
}

// kernelStamp puts right what cannot be: bytes come after those before them and after the request,
// and not later than they were read. The wall clock may have been stepped since the offset was taken.
func (s *stampConn) kernelStamp(atNS int64) int64 {
	return min(max(atNS, s.stampNS, s.sentNS), s.readNS)
}

func (s *stampConn) Write(p []byte) (int, error) {
	if s.sentNS == 0 {
		s.sentNS = Now()
	}
	return s.Conn.Write(p)
}
