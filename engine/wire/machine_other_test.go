//go:build !linux

package wire_test

func pinFromEnv(string) {}

func cpuSeconds() float64 { return 0 }

func rssAnonMB() float64 { return 0 }
