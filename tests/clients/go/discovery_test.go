package clients

import (
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/disk"
	"k8s.io/client-go/discovery/cached/memory"
	openapiv3 "k8s.io/client-go/openapi"
	"k8s.io/client-go/openapi3"
	"k8s.io/client-go/restmapper"
	"k8s.io/kube-openapi/pkg/util/proto"
)

func TestDiscovery(t *testing.T) {
	for _, legacy := range []bool{false, true} {
		client := must(discovery.NewDiscoveryClientForConfig(config))(t)
		client.UseLegacyDiscovery = legacy
		groups, lists, err := client.ServerGroupsAndResources()
		check(t, err)
		if !slices.ContainsFunc(lists, func(l *metav1.APIResourceList) bool { return l.GroupVersion == "apps/v1" }) {
			t.Errorf("legacy=%v: no apps/v1", legacy)
		}
		if groups[0].Name != "" {
			t.Errorf("legacy=%v: the first group is %q", legacy, groups[0].Name)
		}
		preferred := must(client.ServerPreferredResources())(t)
		for _, list := range preferred {
			for _, r := range list.APIResources {
				if r.Kind == "HorizontalPodAutoscaler" {
					equal(t, "preferred version of autoscalers", list.GroupVersion, "autoscaling/v2")
				}
				if r.Name == "pods" && list.GroupVersion == "v1" {
					equal(t, "singular", r.SingularName, "pod")
					equal(t, "short name", r.ShortNames[0], "po")
					equal(t, "verbs", len(r.Verbs), 8)
				}
			}
		}
		namespaced := must(client.ServerPreferredNamespacedResources())(t)
		deletable := discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list", "create", "delete"}}, namespaced)
		if len(must(discovery.GroupVersionResources(deletable))(t)) < 20 {
			t.Errorf("legacy=%v: few resources can be deleted", legacy)
		}
		resources := must(client.ServerResourcesForGroupVersion("v1"))(t)
		for _, r := range resources.APIResources {
			if r.Name == "pods/eviction" {
				equal(t, "group of evictions", r.Group, "policy")
			}
		}
		_, err = client.ServerResourcesForGroupVersion("nosuch/v1")
		if err == nil {
			t.Error("an absent group was found")
		}
	}
}

func TestDiscoveryCaches(t *testing.T) {
	client := must(discovery.NewDiscoveryClientForConfig(config))(t)
	onDisk := must(disk.NewCachedDiscoveryClientForConfig(config, t.TempDir(), t.TempDir(), 0))(t)
	for name, cached := range map[string]discovery.CachedDiscoveryInterface{"memory": memory.NewMemCacheClient(client), "disk": onDisk} {
		mapper := restmapper.NewShortcutExpander(restmapper.NewDeferredDiscoveryRESTMapper(cached), cached, nil)
		for short, want := range map[string]string{"deploy": "deployments", "po": "pods", "sts": "statefulsets", "ing": "ingresses", "hpa": "horizontalpodautoscalers"} {
			got := must(mapper.ResourceFor(schema.GroupVersionResource{Resource: short}))(t)
			equal(t, name+" "+short, got.Resource, want)
		}
		mapping := must(mapper.RESTMapping(schema.GroupKind{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole"}))(t)
		equal(t, "scope", mapping.Scope.Name(), meta.RESTScopeNameRoot)
		mapping = must(mapper.RESTMapping(schema.GroupKind{Kind: "Event"}))(t)
		equal(t, "resource", mapping.Resource.Resource, "events")
		if _, err := mapper.RESTMapping(schema.GroupKind{Group: "x.example", Kind: "No"}); !meta.IsNoMatchError(err) {
			t.Errorf("an absent kind: %v", err)
		}
	}
}

func TestServerVersionAndOpenAPI(t *testing.T) {
	client := must(discovery.NewDiscoveryClientForConfig(config))(t)
	version := must(client.ServerVersion())(t)
	equal(t, "major", version.Major, "1")
	versions := &metav1.APIVersions{}
	check(t, client.RESTClient().Get().AbsPath("/api").SetHeader("Accept", "application/json").Do(background(t)).Into(versions))
	equal(t, "address", "https://"+versions.ServerAddressByClientCIDRs[0].ServerAddress, config.Host)
	document := must(client.OpenAPISchema())(t)
	if len(document.GetDefinitions().GetAdditionalProperties()) < 300 {
		t.Errorf("OpenAPI v2 has %d definitions", len(document.GetDefinitions().GetAdditionalProperties()))
	}
	// As tools parse it that compute differences themselves: a structured type for each kind.
	models := must(proto.NewOpenAPIData(document))(t)
	parser := must(managedfields.NewGVKParser(models, false))(t)
	kind := parser.Type(appsv1.SchemeGroupVersion.WithKind("Deployment"))
	if kind == nil {
		t.Fatal("OpenAPI v2 has no type of Deployments")
	}
	must(kind.FromStructured(deployment("d")))(t)
	root := openapi3.NewRoot(client.OpenAPIV3())
	for _, version := range must(root.GroupVersions())(t) {
		if must(root.GVSpec(version))(t).Components == nil {
			t.Errorf("OpenAPI v3 of %v has no schemas", version)
		}
	}
	paths := must(openapiv3.NewClient(client.RESTClient()).Paths())(t)
	schemaOfApps := must(paths["apis/apps/v1"].Schema("application/json"))(t)
	contains(t, "OpenAPI v3 of apps", string(schemaOfApps), "io.k8s.api.apps.v1.Deployment")
}
