package sku

import (
	_ "embed"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"

	"benchtop/kube/inventory"
)

//go:embed azure_prices.txt
var azurePrices string

// list is a price list: instance type → region → USD per hour of one machine.
type list struct {
	source, date string
	onDemand     map[string]map[string]float64
	spot         map[string]map[string]float64
}

var builtin = sync.OnceValue(func() list {
	l, err := parseList(azurePrices)
	if err != nil {
		panic("kube/sku: built-in prices: " + err.Error()) // a test reads every row
	}
	return l
})

// parseList reads the built-in list: "source …" and "date …" lines, then an instance type at the
// start of a line, followed by indented lines of a price and the regions that have it.
func parseList(text string) (list, error) {
	l := list{onDemand: map[string]map[string]float64{}}
	var cur map[string]float64
	for i, line := range strings.Split(text, "\n") {
		f := strings.Fields(line)
		switch {
		case len(f) == 0 || strings.HasPrefix(f[0], "#"):
		case f[0] == "source":
			l.source = strings.Join(f[1:], " ")
		case f[0] == "date" && len(f) == 2:
			l.date = f[1]
		case line[0] != ' ':
			cur = map[string]float64{}
			l.onDemand[canonical(f[0])] = cur
		default:
			usd, err := strconv.ParseFloat(f[0], 64)
			if err != nil || !sane(usd) || cur == nil {
				return l, fmt.Errorf("line %d: bad price", i+1)
			}
			for _, region := range f[1:] {
				cur[region] = usd
			}
		}
	}
	return l, nil
}

// sane bounds a price: above 0 and at most a million dollars an hour.
func sane(usd float64) bool { return usd > 0 && usd <= 1e6 && !math.IsNaN(usd) }

// Book answers what a machine costs. Later sources win: the built-in list, then a prices file, then
// prices set by name or instance type. The zero Book has the built-in list only. It is immutable
// once built and safe for concurrent use.
type Book struct {
	file   *list
	byName map[string]float64 // target or workspace name, or namespace/name
	bySKU  map[string]float64
}

// Query is what a price is asked for.
type Query struct {
	Names    []string // names the user may have set a price for: target, workspace, namespace/workspace
	Instance string
	Region   string
	Spot     *bool
	Nodes    int // machines; 0 = unknown
}

// Price answers q. USDPerHour is for all nodes; with an unknown number of nodes only PerNode is set.
func (b *Book) Price(q Query) inventory.Price {
	p := inventory.Price{Region: q.Region, Spot: q.Spot}
	if usd, ok := b.override(q); ok {
		p.Source = "--price"
		return total(p, usd, q.Nodes)
	}
	if q.Instance == "" {
		p.Why = "instance type unknown: give --sku NAME=TYPE@REGION or --price NAME=USD/h"
		return p
	}
	if b != nil && b.file != nil {
		if usd, ok := b.file.find(q); ok {
			p.Source, p.Date = b.file.source, b.file.date
			return total(p, usd, q.Nodes)
		}
	}
	l := builtin()
	regions := l.onDemand[canonical(q.Instance)]
	switch {
	case len(regions) == 0:
		p.Why = fmt.Sprintf("no list price for %s: give --price %s=USD/h", q.Instance, q.Instance)
	case q.Spot != nil && *q.Spot:
		p.Why = fmt.Sprintf("spot machine, and the list has on-demand prices only: give --price %s=USD/h", q.Instance)
	case q.Region == "":
		p.Why = fmt.Sprintf("region unknown: give --sku NAME=%s@REGION or --price %s=USD/h", q.Instance, q.Instance)
	default:
		usd, ok := regions[strings.ToLower(q.Region)]
		if !ok {
			p.Why = fmt.Sprintf("no list price for %s in %s: give --price %s=USD/h", q.Instance, q.Region, q.Instance)
			break
		}
		p.Source, p.Date = l.source, l.date
		return total(p, usd, q.Nodes)
	}
	return p
}

func total(p inventory.Price, perNode float64, nodes int) inventory.Price {
	p.PerNode = &perNode
	if nodes > 0 {
		all := perNode * float64(nodes)
		p.USDPerHour = &all
		return p
	}
	p.Why = "number of nodes unknown"
	return p
}

func (b *Book) override(q Query) (float64, bool) {
	if b == nil {
		return 0, false
	}
	for _, n := range q.Names {
		if usd, ok := b.byName[n]; ok {
			return usd, true
		}
	}
	if q.Instance == "" {
		return 0, false
	}
	usd, ok := b.bySKU[canonical(q.Instance)]
	return usd, ok
}

func (l *list) find(q Query) (float64, bool) {
	m := l.onDemand
	if q.Spot != nil && *q.Spot {
		m = l.spot
	}
	regions := m[canonical(q.Instance)]
	if usd, ok := regions[strings.ToLower(q.Region)]; ok && q.Region != "" {
		return usd, true
	}
	usd, ok := regions[anyRegion] // the file's author said "any region"
	return usd, ok
}

const anyRegion = "*"
