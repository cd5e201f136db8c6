package kube

import (
	"log/slog"
	"sync"

	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
)

// quiet drops what the Kubernetes libraries log and warn of, which would go over a screen: what matters
// of it comes back as errors. They have one log for the process, and setting it while they use it is a
// race, so it is set once.
var quiet = sync.OnceFunc(func() {
	klog.SetSlogLogger(slog.New(slog.DiscardHandler))
	rest.SetDefaultWarningHandlerWithContext(rest.NoWarnings{})
})
