package wire_test

import (
	"net/http"
	"strings"
	"testing"

	"benchtop/engine/wire"
)

func TestBaseURLs(t *testing.T) {
	for _, good := range []string{"http://127.0.0.1:8000", "https://llm.example", "http://[::1]:80/a%20b/", "http://host"} {
		client(t, wire.Config{BaseURL: good})
	}
	for _, bad := range []string{"", "127.0.0.1:8000", "ftp://x", "http://", "http:///x", "http://user:canary@x", "http://x?key=canary",
		"http://x#canary", "http:x", "http://x:port", "unix:///canary"} {
		if c, err := wire.NewClient(wire.Config{BaseURL: bad}); err == nil {
			c.Close()
			t.Errorf("%q is taken", bad)
		} else if strings.Contains(err.Error(), "user:canary") {
			t.Errorf("a password is repeated: %v", err)
		}
	}
}

func TestHeadersThatCannotBeSet(t *testing.T) {
	for name, h := range map[string]http.Header{
		"a line break in a value": {"Authorization": {"Bearer canary\r\nX: y"}},
		"a name that is none":     {"a b": {"canary"}},
		"an empty name":           {"": {"canary"}},
		"our own":                 {"content-length": {"canary"}},
	} {
		if c, err := wire.NewClient(wire.Config{BaseURL: "http://x", Header: h}); err == nil {
			c.Close()
			t.Errorf("%s is taken", name)
		} else if strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: the value is repeated: %v", name, err)
		}
	}
}

func TestRequestsThatCannotBeSent(t *testing.T) {
	c := client(t, wire.Config{BaseURL: "http://127.0.0.1:1"})
	for _, path := range []string{"", "x", "/a b", "/a\r\nX: y", "/é"} {
		if _, err := c.Post(t.Context(), nil, path, "", nil, &got{}); err == nil || opOf(err) == wire.OpDial {
			t.Errorf("path %q: %v", path, err)
		}
	}
	if _, err := c.Post(t.Context(), nil, "/x", "a\nb", nil, &got{}); err == nil || opOf(err) == wire.OpDial {
		t.Errorf("request id with a line break: %v", err)
	}
}
