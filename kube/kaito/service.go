package kaito

import (
	"net"
	"regexp"
	"strconv"
)

// The ports of the Service that Kaito makes.
const (
	ServicePort = 80
	TargetPort  = 5000
)

// Service is what is read of a workspace's Service.
type Service struct {
	Port   int
	Target int    // port of the pod; 0 = by a name that the pod knows
	URL    string // of its load balancer, "" = none
}

// hostname keeps what is no name out of a URL that a load is going to be sent to.
var hostname = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$`)

// ParseService reads the port that is named http, else the first one.
func ParseService(obj map[string]any) Service {
	var s Service
	for _, v := range list(child(obj, "spec")["ports"]) {
		p, _ := v.(map[string]any)
		n, ok := whole(p["port"])
		if !ok || n < 1 || n > 65535 || s.Port != 0 && word(p["name"]) != "http" {
			continue
		}
		target, isNumber := whole(p["targetPort"])
		if !isNumber && p["targetPort"] == nil {
			target = n
		}
		s = Service{Port: n, Target: target}
		if word(p["name"]) == "http" {
			break
		}
	}
	for _, v := range list(dig(obj, "status", "loadBalancer")["ingress"]) {
		m, _ := v.(map[string]any)
		host := firstWord(m, "ip", "hostname")
		if s.Port == 0 || s.URL != "" || net.ParseIP(host) == nil && !hostname.MatchString(host) {
			continue
		}
		s.URL = "http://" + net.JoinHostPort(host, strconv.Itoa(s.Port))
	}
	return s
}
