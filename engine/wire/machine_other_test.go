//go:build !linux

package wire_test

import (
	"net"

	"benchtop/engine/wire"
)

func pinFromEnv(string) {}

func cpuSeconds() float64 { return 0 }

func rssAnonMB() float64 { return 0 }

func writeStamped(nc net.Conn, b []byte) (atNS int64, err error) {
	atNS = wire.Now()
	_, err = nc.Write(b)
	return atNS, err
}
