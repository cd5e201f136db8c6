package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// MaxPlanFile is the size in bytes above which ParsePlan refuses a plan file.
const MaxPlanFile = 1 << 20

// MarshalPlan writes the plan as a YAML plan file.
func MarshalPlan(p Plan) ([]byte, error) {
	b, err := yaml.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("write plan: %w", err)
	}
	return b, nil
}

// ParsePlan reads a plan file (YAML or JSON). What it leaves out is as in DefaultPlan; a key that a
// plan does not have is an error that names the nearest it has. It does not Validate.
func ParsePlan(b []byte) (Plan, error) {
	p := DefaultPlan()
	if len(b) > MaxPlanFile {
		return p, fmt.Errorf("read plan: larger than %d MiB", MaxPlanFile>>20)
	}
	js, err := yaml.YAMLToJSONStrict(b)
	if err != nil {
		return p, fmt.Errorf("read plan: %w", err)
	}
	var raw map[string]any
	dec := json.NewDecoder(bytes.NewReader(js))
	dec.UseNumber() // a seed of 64 bits survives
	if err := dec.Decode(&raw); err != nil {
		return p, errors.New("read plan: want keys and values, like rates: [1, 2, 4]")
	}
	if err := unknownKeys(raw, reflect.TypeFor[Plan](), ""); err != nil {
		return p, fmt.Errorf("read plan: %w", err)
	}
	if s, ok := raw["rates"].(string); ok { // "1..16x2", as on the command line
		rates, err := ParseRates(s)
		if err != nil {
			return p, fmt.Errorf("read plan: %w", err)
		}
		raw["rates"] = rates
	}
	for k, v := range raw {
		if v == nil { // "rates:" with nothing after it
			delete(raw, k)
		}
	}
	if js, err = json.Marshal(raw); err == nil {
		err = json.Unmarshal(js, &p)
	}
	if err != nil {
		return p, fmt.Errorf("read plan: %w", plainJSONError(err))
	}
	scrub(&p)
	return p, nil
}

// unknownKeys reports every key of m that struct t does not have, nested structs included.
func unknownKeys(m map[string]any, t reflect.Type, in string) error {
	known := map[string]reflect.Type{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		known[name] = f.Type
	}
	names := slices.Sorted(maps.Keys(known))
	var errs []error
	for _, k := range slices.Sorted(maps.Keys(m)) {
		ft, ok := known[k]
		if !ok {
			hint := didYouMean(k, names)
			if hint == "" {
				hint = "; there are " + strings.Join(names, ", ")
			}
			errs = append(errs, fmt.Errorf("unknown key %q%s", in+k, hint))
			continue
		}
		if sub, isMap := m[k].(map[string]any); isMap && ft.Kind() == reflect.Struct {
			errs = append(errs, unknownKeys(sub, ft, in+k+"."))
		}
	}
	return errors.Join(errs...)
}

// plainJSONError says which key has the wrong kind of value, without Go's type names.
func plainJSONError(err error) error {
	var te *json.UnmarshalTypeError
	if errors.As(err, &te) {
		return fmt.Errorf("%s cannot be a %s", te.Field, te.Value)
	}
	return err
}
