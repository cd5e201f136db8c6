package sku

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"benchtop/kube/inventory"

	"sigs.k8s.io/yaml"
)

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
