package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// maxKeyBytes bounds a key file: it goes into a header.
const maxKeyBytes = 8 << 10

// readAPIKey returns the key that --api-key-env or --api-key-file name, "" if neither is given.
// There is no flag for the key itself: it would stand in the process list. The key is never part of
// an error.
func readAPIKey(env func(string) string, variable, file string) (string, error) {
	var key, from string
	switch {
	case variable != "" && file != "":
		return "", usage(fmt.Errorf("--api-key-env and --api-key-file exclude each other"))
	case variable != "":
		from = fmt.Sprintf("environment variable %q (--api-key-env)", variable)
		key = env(variable)
	case file != "":
		from = fmt.Sprintf("file %q (--api-key-file)", file)
		b, err := readBounded(file, maxKeyBytes)
		if err != nil {
			return "", fmt.Errorf("read the API key: %w", err)
		}
		key = string(b)
	default:
		return "", nil
	}
	key = strings.TrimSpace(key)
	if key == "" {
		return "", fmt.Errorf("API key: %s is empty", from)
	}
	for _, r := range key {
		if r <= ' ' || r > '~' {
			return "", fmt.Errorf("API key: %s holds a character that a header cannot carry", from)
		}
	}
	return key, nil
}

// readBounded reads a file of at most limit bytes.
func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, limit)
	}
	return b, nil
}
