package sku

import (
	_ "embed"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"benchtop/kube/inventory"

	"sigs.k8s.io/yaml"
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

// maxPricesFile bounds a prices file; the built-in list has 5 KB.
const maxPricesFile = 1 << 20

// pricesFile is what a prices file holds.
type pricesFile struct {
	Source string      `json:"source"`
	Date   string      `json:"date"`
	Prices []filePrice `json:"prices"`
}

type filePrice struct {
	InstanceType string  `json:"instance_type"`
	Region       string  `json:"region"` // empty = every region
	USDPerHour   float64 `json:"usd_per_hour"`
	Spot         bool    `json:"spot"`
}

// NewBook builds a Book from the arguments of --price (each NAME=USD or SKU=USD, "/h" optional) and
// the path of a prices file ("" = none). A file is YAML or JSON:
//
//	source: our agreement
//	date: 2026-11-01
//	prices:
//	- {instance_type: Standard_NC24ads_A100_v4, region: eastus, usd_per_hour: 2.4}
//	- {instance_type: Standard_NC24ads_A100_v4, usd_per_hour: 0.9, spot: true}
func NewBook(prices []string, file string) (*Book, error) {
	b := &Book{byName: map[string]float64{}, bySKU: map[string]float64{}}
	for _, arg := range prices {
		name, usd, err := parsePrice(arg)
		if err != nil {
			return nil, err
		}
		b.byName[name] = usd
		b.bySKU[canonical(name)] = usd
	}
	if file == "" {
		return b, nil
	}
	st, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("prices file: %w", err)
	}
	if st.Size() > maxPricesFile {
		return nil, fmt.Errorf("prices file %s: more than %d bytes", file, maxPricesFile)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("prices file: %w", err)
	}
	if b.file, err = parseFile(text); err != nil {
		return nil, fmt.Errorf("prices file %s: %w", file, err)
	}
	if b.file.source == "" {
		b.file.source = file
	}
	return b, nil
}

func parseFile(text []byte) (*list, error) {
	var f pricesFile
	if err := yaml.UnmarshalStrict(text, &f); err != nil {
		return nil, err
	}
	if f.Date != "" {
		if _, err := time.Parse(time.DateOnly, f.Date); err != nil {
			return nil, fmt.Errorf("date %q: want YYYY-MM-DD", clip(f.Date))
		}
	}
	l := &list{source: clip(f.Source), date: f.Date,
		onDemand: map[string]map[string]float64{}, spot: map[string]map[string]float64{}}
	for i, p := range f.Prices {
		if p.InstanceType == "" || !sane(p.USDPerHour) {
			return nil, fmt.Errorf("price %d: want instance_type and usd_per_hour above 0", i+1)
		}
		m := l.onDemand
		if p.Spot {
			m = l.spot
		}
		k := canonical(p.InstanceType)
		if m[k] == nil {
			m[k] = map[string]float64{}
		}
		region := strings.ToLower(p.Region)
		if region == "" {
			region = anyRegion
		}
		m[k][region] = p.USDPerHour
	}
	return l, nil
}

func clip(s string) string { return inventory.Clean(s, 120) }

func parsePrice(arg string) (name string, usd float64, err error) {
	name, v, ok := strings.Cut(arg, "=")
	name = strings.TrimSpace(name)
	v = strings.TrimPrefix(strings.TrimSuffix(strings.TrimSpace(v), "/h"), "$")
	usd, perr := strconv.ParseFloat(v, 64)
	if !ok || name == "" || perr != nil || !sane(usd) {
		return "", 0, fmt.Errorf("--price %q: want NAME=USD/h or SKU=USD/h with a price above 0, like a10=3.20", arg)
	}
	return name, usd, nil
}

// Given is what the user says a target runs on (--sku NAME=TYPE[@REGION]).
type Given struct{ Name, Instance, Region string }

// ParseSKU reads one argument of --sku.
func ParseSKU(arg string) (Given, error) {
	name, v, ok := strings.Cut(arg, "=")
	inst, region, _ := strings.Cut(v, "@")
	g := Given{Name: strings.TrimSpace(name), Instance: strings.TrimSpace(inst), Region: strings.ToLower(strings.TrimSpace(region))}
	if !ok || g.Name == "" || g.Instance == "" || strings.ContainsAny(v, " \t\r\n") {
		return Given{}, fmt.Errorf("--sku %q: want NAME=TYPE or NAME=TYPE@REGION, like a10=Standard_NV36ads_A10_v5@eastus", arg)
	}
	return g, nil
}
