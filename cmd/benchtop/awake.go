package main

import (
	"os/exec"
	"runtime"
	"time"
)

// awakeCommand keeps this machine from falling asleep for want of keys for as long as its standard
// input is open; nil = this system has none. With setsid it has no terminal on which to ask for a
// password, and Ctrl-C does not end it before the sweep.
func awakeCommand() []string {
	switch runtime.GOOS {
	case "linux":
		return []string{"setsid", "systemd-inhibit", "--what=idle", "--who=benchtop", "--why=a sweep is running", "--mode=block", "cat"}
	case "darwin":
		return []string{"caffeinate", "-i", "cat"}
	}
	return nil
}

// awakeEnd is how long the command may take to end by itself.
const awakeEnd = 10 * time.Second

// stayAwake runs the command until release is called, which waits for its end; should this process be
// killed, the command ends with the pipe. Where it is missing or refuses, the machine may sleep: the
// steps in which it does are made again.
func stayAwake(command []string) (release func()) {
	none := func() {}
	if len(command) == 0 {
		return none
	}
	cmd := exec.Command(command[0], command[1:]...)
	hold, err := cmd.StdinPipe()
	if err != nil || cmd.Start() != nil {
		return none
	}
	return func() {
		_ = hold.Close()
		late := time.AfterFunc(awakeEnd, func() { _ = cmd.Process.Kill() })
		defer late.Stop()
		_ = cmd.Wait() // why it ended does not matter
	}
}
