package main

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestStayAwakeHoldsUntilItIsReleased(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the command is a shell")
	}
	ended := filepath.Join(t.TempDir(), "ended")
	release := stayAwake([]string{"sh", "-c", `cat; : >"$0"`, ended})
	if _, err := os.Stat(ended); err == nil {
		t.Error("ended by itself")
	}
	release()
	if _, err := os.Stat(ended); err != nil {
		t.Errorf("after the release: %v", err)
	}
}

func TestStayAwakeWithoutACommand(t *testing.T) {
	for _, command := range [][]string{nil, {filepath.Join(t.TempDir(), "none")}} {
		stayAwake(command)()
	}
}
