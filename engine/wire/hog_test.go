package wire_test

import (
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"
)

// hogEnv makes this test binary burn one core, on the client's.
const hogEnv = "WIRE_TEST_HOG"

// spinElsewhere runs a busy process until quiet.
func spinElsewhere(tb testing.TB, quiet *atomic.Bool) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), hogEnv+"=1")
	if err := cmd.Start(); err != nil {
		tb.Error(err)
		return
	}
	for !quiet.Load() {
		time.Sleep(10 * time.Millisecond)
	}
	cmd.Process.Kill()
	cmd.Wait()
}
