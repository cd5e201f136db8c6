package kube

import (
	"io"
	"log/slog"
	"sync"

	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
)

// libraryLog is where the Kubernetes libraries' log goes. They have one for the process, and setting
// it while they use it is a race, so it is set once, to this.
var libraryLog struct {
	once sync.Once
	logWriter
}

// logWriter writes to a writer that can be changed at any time.
type logWriter struct {
	mu sync.Mutex // guards w and its use
	w  io.Writer
}

func (l *logWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.w == nil {
		return len(p), nil
	}
	return l.w.Write(p)
}

// quiet sends the libraries' log and warnings to w, nil = nowhere, and never to stderr.
func quiet(w io.Writer) {
	libraryLog.mu.Lock()
	libraryLog.w = w
	libraryLog.mu.Unlock()
	libraryLog.once.Do(func() {
		klog.SetSlogLogger(slog.New(slog.NewTextHandler(&libraryLog.logWriter, nil)))
		rest.SetDefaultWarningHandlerWithContext(rest.NoWarnings{})
	})
}
