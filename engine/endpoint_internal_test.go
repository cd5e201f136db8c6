package engine

import "testing"

func TestNamesOfOneEndpoint(t *testing.T) {
	for _, same := range [][]string{
		{"http://127.0.0.1:8000", "http://localhost:8000", "http://LOCALHOST:8000/", "http://[::1]:8000", "http://127.1.2.3:8000",
			"http://0.0.0.0:8000", "http://[::ffff:127.0.0.1]:8000", "http://localhost.:8000", "http://a.localhost:8000"},
		{"http://gpu.example.com", "http://gpu.example.com:80/", "http://GPU.example.com."},
		{"https://gpu.example.com", "https://gpu.example.com:443"},
		{"http://10.0.0.4:8000", "http://[::ffff:10.0.0.4]:8000"},
		{"http://[2001:db8::1]:80", "http://[2001:DB8:0::1]"},
		{"http://gw/a", "http://gw/a/"},
		{"http://gw/b"},
		{"http://gw/A"}, // paths tell letters apart
		{"http://127.0.0.1:8001"},
	} {
		for _, url := range same {
			if got, want := endpointOf(url), endpointOf(same[0]); got != want {
				t.Errorf("%s is %s, %s is %s", url, got, same[0], want)
			}
		}
	}
	seen := map[string]string{}
	for _, url := range []string{"http://127.0.0.1:8000", "http://127.0.0.1:8001", "http://gw/a", "http://gw/b", "http://gw/A",
		"http://gpu.example.com", "https://gpu.example.com", "http://10.0.0.4:8000", "http://localhost.example.com:8000"} {
		k := endpointOf(url)
		if other, ok := seen[k]; ok {
			t.Errorf("%s and %s are one endpoint, %s", url, other, k)
		}
		seen[k] = url
	}
}
