package termbg_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/creack/pty"
	"github.com/muesli/termenv"

	_ "benchtop/ui/termbg"
)

// childEnv makes the test binary, which links Bubble Tea, stand in for benchtop.
const childEnv = "BENCHTOP_TERMBG_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(childEnv) {
	case "start":
		fmt.Println("started", tea.KeyEnter)
	case "ask": // what Bubble Tea's init would do
		termenv.NewOutput(os.Stdout).HasDarkBackground()
		fmt.Println("started")
	default:
		os.Exit(m.Run())
	}
}

// runOnPty runs the test binary as a child on a terminal and returns what it wrote. The terminal
// answers with reply when it is asked for its background.
func runOnPty(t *testing.T, mode, reply string) (string, time.Duration) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+mode, "TERM=xterm-256color", "COLORFGBG=", "CI=") // with CI set nothing is asked
	start := time.Now()
	f, err := pty.Start(cmd)
	if err != nil {
		t.Fatalf("start on a pty: %v", err)
	}
	defer f.Close()
	var out strings.Builder
	buf := make([]byte, 4096)
	for {
		n, err := f.Read(buf)
		out.Write(buf[:n])
		if reply != "" && strings.Contains(out.String(), query) {
			if _, err := io.WriteString(f, reply); err != nil {
				t.Fatalf("answer: %v", err)
			}
			reply = ""
		}
		if err != nil { // EIO when the child has ended
			break
		}
	}
	took := time.Since(start)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("child: %v\n%q", err, out.String())
	}
	return out.String(), took
}

// query is the start of the question for the background.
const query = "\x1b]11;?"

func TestStartOnASilentTerminalAsksNothing(t *testing.T) {
	out, took := runOnPty(t, "start", "")
	if strings.Contains(out, "\x1b") {
		t.Errorf("the start wrote %q, want no escape sequence: Bubble Tea's init ran first", out)
	}
	if !strings.Contains(out, "started") {
		t.Errorf("output %q, want it to hold %q", out, "started")
	}
	// The wait would be 5 s; a start takes about 10 ms.
	if took > 4*time.Second {
		t.Errorf("start took %v, want under 4 s", took)
	}
}

// The question is seen when it is asked, so its absence above means something.
func TestQuestionIsSeenOnThePty(t *testing.T) {
	out, _ := runOnPty(t, "ask", "\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[1;1R")
	if !strings.Contains(out, query) {
		t.Errorf("output %q, want it to hold %q", out, query)
	}
}

func TestModulePathSortsBeforeBubbleTea(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", ".").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	fields := strings.Fields(string(out))
	if fields[0] >= "github.com/charmbracelet/bubbletea" {
		t.Errorf("import path %q sorts after Bubble Tea's", fields[0])
	}
	if len(fields) != 2 || fields[1] != "github.com/charmbracelet/lipgloss" {
		t.Errorf("imports %v, want lipgloss alone: others may initialise after Bubble Tea", fields[1:])
	}
}
