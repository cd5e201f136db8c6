package main

import (
	"fmt"
	"strings"

	"benchtop/kube"
	"benchtop/kube/inventory"

	"github.com/spf13/cobra"
)

const rbacHelp = `Print the least rights that benchtop needs, as YAML that an admin can apply.

-n limits them to one namespace (plus a ClusterRole for nodes); else they are cluster-wide. Named
workspaces limit the way to them. With --check it says instead what this user may do now, and what
each missing right costs: for all workspaces, or for those that are named.`

func (c *cli) rbacCommand() *cobra.Command {
	var user, via string
	var check, noNodes bool
	cmd := &cobra.Command{
		Use:   "rbac [WORKSPACE...]",
		Short: "Print the least RBAC rights needed, or check the present ones",
		Long:  rbacHelp,
		Args:  usageArgs(cobra.ArbitraryArgs),
	}
	set := cmd.Flags()
	flags := addKubeFlags(set)
	set.StringVar(&user, "for", "", "`user` who gets the rights (default: a placeholder)")
	set.StringVar(&via, "via", "port-forward", "`ways` to grant: port-forward, proxy or both")
	set.BoolVar(&noNodes, "no-nodes", false, "leave out nodes: SKU and price then come from the workspace's own instance type")
	set.BoolVar(&check, "check", false, "say what this user may do now")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o := kube.RoleOptions{User: user, Nodes: !noNodes,
			PortForward: via == "port-forward" || via == "both", Proxy: via == "proxy" || via == "both"}
		if !o.PortForward && !o.Proxy {
			return usage(fmt.Errorf("--via %q: want port-forward, proxy or both", via))
		}
		if all, _ := set.GetBool("all-namespaces"); !all {
			o.Namespace, _ = set.GetString("namespace")
		}
		if err := nameWorkspaces(&o, args); err != nil {
			return usage(err)
		}
		if check {
			return c.checkAccess(cmd, flags, o)
		}
		_, err := fmt.Fprint(c.out, kube.Role(o))
		return err
	}
	return cmd
}

// nameWorkspaces limits the rights to [NAMESPACE/]WORKSPACE…, all of one namespace.
func nameWorkspaces(o *kube.RoleOptions, args []string) error {
	for _, arg := range args {
		ns, name, ok := strings.Cut(arg, "/")
		if !ok {
			ns, name = o.Namespace, arg
		}
		if !dnsLabel.MatchString(ns) || !dnsLabel.MatchString(name) {
			return fmt.Errorf("%q: want NAMESPACE/WORKSPACE, or WORKSPACE and -n NAMESPACE", arg)
		}
		if o.Namespace != "" && o.Namespace != ns {
			return fmt.Errorf("%q is not in namespace %s: name the workspaces of one at a time", arg, o.Namespace)
		}
		o.Namespace = ns
		o.Workspaces = append(o.Workspaces, name)
	}
	return nil
}

func (c *cli) checkAccess(cmd *cobra.Command, flags *kube.Flags, o kube.RoleOptions) error {
	b := newBackend(backendOptions{demo: c.demo, flags: flags, asks: c.terminal, seen: newPlaces(c.env)}, runOptions{})
	defer b.Close()
	client, err := b.client(cmd.Context(), place{})
	if err != nil {
		return err
	}
	var access []inventory.Access
	if len(o.Workspaces) > 0 {
		access, err = client.AccessTo(cmd.Context(), o.Namespace, o.Workspaces)
	} else {
		access, err = client.Access(cmd.Context())
	}
	if err != nil {
		return err
	}
	return c.print(accessListing(access), "table")
}

func accessListing(access []inventory.Access) listing {
	l := listing{cols: []string{"allowed", "to", "verb", "resource", "namespace", "without it"}, wide: 6}
	for _, a := range access {
		allowed, without := "yes", ""
		if !a.Allowed {
			allowed, without = "no", strings.TrimSpace(a.Without)
		}
		ns := a.Namespace
		if ns == "" {
			ns = "(all)"
		}
		resource := a.Resource
		if a.Name != "" {
			resource += " of " + a.Name
		}
		l.rows = append(l.rows, []string{allowed, a.Capability, a.Verb, resource, ns, without})
	}
	return l
}
