package wire_test

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if arg := os.Getenv(truthEnv); arg != "" {
		if err := serveTruth(arg); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if os.Getenv(hogEnv) != "" {
		pinFromEnv("WIRE_TEST_CLIENT_CPU")
		for n := new(atomic.Uint64); ; {
			n.Add(1)
		}
	}
	goleak.VerifyTestMain(m)
}
