package report

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"benchtop/engine/record"
)

// BundleOptions say what is hidden in a bundle.
type BundleOptions struct {
	// Key makes the pseudonyms: with the same key a name always gets the same one. See BundleKey.
	Key []byte
	// Users are names of people and machines to be hidden wherever they stand, besides contexts,
	// nodes, namespaces, hosts and the client's host name, which the record itself tells.
	Users []string
}

// BundleKey reads the key for pseudonyms from a file, and makes it if there is none: 32 random bytes,
// readable by its owner only. Without the key nobody can test a guess of a name.
func BundleKey(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err == nil && len(b) >= 32 {
		return b[:32], nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the key for pseudonyms: %w", err)
	}
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return nil, fmt.Errorf("make a key for pseudonyms: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("keep the key for pseudonyms: %w", err)
	}
	if err := os.WriteFile(path, key, 0o600); err != nil {
		return nil, fmt.Errorf("keep the key for pseudonyms: %w", err)
	}
	return key, nil
}

// Bundle writes the run in dir as a gzipped tar that another machine can open: run.json, steps.csv
// and requests.jsonl in one folder, with pseudonyms. Files of other tools that a run was imported
// from stay behind: they hold what cannot be replaced for sure.
func Bundle(w io.Writer, dir string, run *record.Run, opt BundleOptions) error {
	run, err := clone(run)
	if err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	p := pseudonyms(run, opt)
	p.walk(reflect.ValueOf(run).Elem())
	js, err := json.MarshalIndent(run, "", " ")
	if err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	var steps bytes.Buffer
	if err := StepsCSV(&steps, run); err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	requests, err := os.CreateTemp("", "benchtop-bundle-*")
	if err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	defer func() {
		requests.Close()
		os.Remove(requests.Name())
	}()
	skipped, err := p.requests(requests, dir)
	if err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	if err := p.write(w, run, js, steps.Bytes(), requests); err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	return skipped
}

func (p *pseudonym) write(w io.Writer, run *record.Run, js, steps []byte, requests *os.File) error {
	size, err := requests.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	if _, err := requests.Seek(0, io.SeekStart); err != nil {
		return err
	}
	// A million requests of 200 gaps are 1.6 GB of digits: with the default level a bundle takes nearly
	// three times as long and is an eighth smaller.
	gz, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return err
	}
	t := tar.NewWriter(gz)
	folder := safeName(run.StartedAt.UTC().Format("20060102T150405Z") + "-" + run.ID)
	at := run.StartedAt.UTC().Truncate(time.Second)
	if at.Year() < 1970 {
		at = time.Unix(0, 0)
	}
	for _, f := range []struct {
		name string
		size int64
		r    io.Reader
	}{{"run.json", int64(len(js)), bytes.NewReader(js)}, {"steps.csv", int64(len(steps)), bytes.NewReader(steps)}, {"requests.jsonl", size, requests}} {
		if err := t.WriteHeader(&tar.Header{Name: folder + "/" + f.name, Mode: 0o600, Size: f.size, ModTime: at}); err != nil {
			return err
		}
		if _, err := io.Copy(t, f.r); err != nil {
			return err
		}
	}
	return errors.Join(t.Close(), gz.Close())
}

// requests copies requests.jsonl with pseudonyms. Lines that are no requests are left out and told.
func (p *pseudonym) requests(w io.Writer, dir string) (skipped, err error) {
	b := bufio.NewWriterSize(w, 1<<16)
	var line []byte
	for r, err := range record.Requests(dir) {
		var s *record.SkippedError
		if errors.As(err, &s) {
			skipped = s
			continue
		}
		if err != nil {
			return nil, err
		}
		c := *r
		for _, text := range []*string{&c.ID, &c.Target, &c.Error, &c.Class, &c.Finish} {
			*text = p.replace(*text)
		}
		line = record.AppendRequest(line[:0], &c)
		if _, err := b.Write(line); err != nil {
			return nil, err
		}
	}
	return skipped, b.Flush()
}

// pseudonym replaces names wherever they stand as words, and addresses.
type pseudonym struct {
	key   []byte
	names []string // longest first, so that a name within another does not spoil it
	by    map[string]string
	seen  map[string]string // memo: targets and ids repeat
}

// common are names that tell nobody anything, and that are words of the language too.
var common = []string{"", "default", "localhost", "127.0.0.1", "kube-system", "kaito-workspace", "kaito", "root", "simulated", "demo", "unknown"}

func pseudonyms(run *record.Run, opt BundleOptions) *pseudonym {
	p := &pseudonym{key: opt.Key, by: map[string]string{}, seen: map[string]string{}}
	add := func(kind string, names ...string) {
		for _, n := range names {
			if slices.Contains(common, n) || len(n) < 2 || p.by[n] != "" {
				continue
			}
			p.by[n] = p.of(kind, n)
			p.names = append(p.names, n)
		}
	}
	add("user", opt.Users...)
	add("host", run.Client.Hostname)
	for _, t := range run.Targets {
		add("context", t.Context)
		add("namespace", t.Namespace)
		add("node", t.NodeNames...)
		if u, err := url.Parse(t.URL); err == nil {
			add("host", u.Hostname())
		}
	}
	for _, arg := range run.Plan.Targets {
		_, arg, _ = cutName(arg)
		if u, err := url.Parse(arg); err == nil && u.Host != "" {
			add("host", u.Hostname())
			continue
		}
		if ctx, rest, ok := strings.Cut(arg, ":"); ok {
			add("context", ctx)
			arg = rest
		}
		if ns, _, ok := strings.Cut(arg, "/"); ok {
			add("namespace", ns)
		}
	}
	slices.SortFunc(p.names, func(a, b string) int { return len(b) - len(a) })
	return p
}

// of is the pseudonym of a name.
func (p *pseudonym) of(kind, name string) string {
	mac := hmac.New(sha256.New, p.key)
	mac.Write([]byte(kind + "\x00" + name))
	return kind + "-" + hex.EncodeToString(mac.Sum(nil)[:4])
}

// address is an IPv4 address, as errors of dialling have it: a host that no target names.
var address = regexp.MustCompile(`\b(?:\d{1,3}\.){3}\d{1,3}\b`)

// cutName splits NAME=TARGET.
func cutName(arg string) (name, target string, ok bool) {
	if name, target, ok = strings.Cut(arg, "="); ok && !strings.ContainsAny(name, ":/") {
		return name, target, true
	}
	return "", arg, false
}

func (p *pseudonym) replace(s string) string {
	if s == "" {
		return s
	}
	if out, ok := p.seen[s]; ok {
		return out
	}
	out := address.ReplaceAllStringFunc(p.replaceWords(s), func(ip string) string {
		if a, err := netip.ParseAddr(ip); err != nil || a.IsLoopback() || a.IsUnspecified() {
			return ip
		}
		return p.of("host", ip)
	})
	if len(p.seen) < 10_000 {
		p.seen[s] = out
	}
	return out
}

// replaceWords replaces in one pass, so that no pseudonym is replaced in turn, names where no
// letter or digit stands beside them.
func (p *pseudonym) replaceWords(s string) string {
	letter := func(i int) bool {
		if i < 0 || i >= len(s) {
			return false
		}
		c := s[i]
		return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
	}
	var b strings.Builder
next:
	for i := 0; i < len(s); {
		for _, n := range p.names {
			if strings.HasPrefix(s[i:], n) && !letter(i-1) && !letter(i+len(n)) {
				b.WriteString(p.by[n])
				i += len(n)
				continue next
			}
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

// walk replaces in every text of v.
func (p *pseudonym) walk(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if v.CanSet() {
			v.SetString(p.replace(v.String()))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			p.walk(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				p.walk(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			p.walk(v.Index(i))
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			e := reflect.New(v.Type().Elem()).Elem()
			e.Set(v.MapIndex(k))
			p.walk(e)
			key := reflect.New(k.Type()).Elem()
			key.Set(k)
			p.walk(key)
			v.SetMapIndex(k, reflect.Value{})
			v.SetMapIndex(key, e)
		}
	}
}
