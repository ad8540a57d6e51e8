package clients

import (
	"context"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/scale"
	"k8s.io/utils/ptr"
)

func number(minimum float64) apiextensionsv1.JSONSchemaProps {
	return apiextensionsv1.JSONSchemaProps{Type: "integer", Format: "int32", Minimum: &minimum}
}

// definition is a custom resource with a status, a scale, a default and a printer column.
func definition(group, kind, plural string) *apiextensionsv1.CustomResourceDefinition {
	properties := map[string]apiextensionsv1.JSONSchemaProps{
		"spec": {Type: "object", Properties: map[string]apiextensionsv1.JSONSchemaProps{
			"replicas": number(0), "flavour": {Type: "string", Default: &apiextensionsv1.JSON{Raw: []byte(`"plain"`)}},
			"parts": {Type: "array", XListType: ptr.To("map"), XListMapKeys: []string{"name"}, Items: &apiextensionsv1.JSONSchemaPropsOrArray{Schema: &apiextensionsv1.JSONSchemaProps{
				Type: "object", Required: []string{"name"}, Properties: map[string]apiextensionsv1.JSONSchemaProps{"name": {Type: "string"}, "size": number(1)}}}},
		}},
		"status": {Type: "object", Properties: map[string]apiextensionsv1.JSONSchemaProps{"replicas": number(0), "selector": {Type: "string"}, "phase": {Type: "string"}}},
	}
	return &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: plural + "." + group},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: group, Scope: apiextensionsv1.NamespaceScoped,
			Names: apiextensionsv1.CustomResourceDefinitionNames{Kind: kind, Plural: plural, ShortNames: []string{plural[:2] + "x"}, Categories: []string{"all"}},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
				Name: "v1", Served: true, Storage: true,
				Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{Type: "object", Properties: properties}},
				Subresources: &apiextensionsv1.CustomResourceSubresources{Status: &apiextensionsv1.CustomResourceSubresourceStatus{},
					Scale: &apiextensionsv1.CustomResourceSubresourceScale{SpecReplicasPath: ".spec.replicas", StatusReplicasPath: ".status.replicas", LabelSelectorPath: ptr.To(".status.selector")}},
				AdditionalPrinterColumns: []apiextensionsv1.CustomResourceColumnDefinition{{Name: "Flavour", Type: "string", JSONPath: ".spec.flavour"}},
			}},
		},
	}
}

// establish creates a definition and waits until it is served.
func establish(t *testing.T, crd *apiextensionsv1.CustomResourceDefinition) {
	t.Helper()
	ctx, client := background(t), must(apiextensions.NewForConfig(asProtobuf()))(t)
	must(client.ApiextensionsV1().CustomResourceDefinitions().Create(ctx, crd, metav1.CreateOptions{}))(t)
	t.Cleanup(func() {
		_ = client.ApiextensionsV1().CustomResourceDefinitions().Delete(context.Background(), crd.Name, metav1.DeleteOptions{})
	})
	eventually(t, crd.Name+" is established", func() bool {
		got := must(client.ApiextensionsV1().CustomResourceDefinitions().Get(ctx, crd.Name, metav1.GetOptions{}))(t)
		for _, c := range got.Status.Conditions {
			if c.Type == apiextensionsv1.Established && c.Status == apiextensionsv1.ConditionTrue {
				return true
			}
		}
		return false
	})
}

func widget(name string, spec map[string]any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{"apiVersion": "go.example.com/v1", "kind": "Widget", "metadata": map[string]any{"name": name}, "spec": spec}}
}

func TestCustomResources(t *testing.T) {
	ns, ctx := namespace(t), background(t)
	establish(t, definition("go.example.com", "Widget", "widgets"))
	resource := schema.GroupVersionResource{Group: "go.example.com", Version: "v1", Resource: "widgets"}
	client := dynamicClient(t)
	widgets := client.Resource(resource).Namespace(ns)
	factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(client, 0, ns, nil)
	informer := factory.ForResource(resource).Informer()
	events := observe(t, informer)
	factory.Start(ctx.Done())
	synced(t, informer.HasSynced)

	made := must(widgets.Create(ctx, widget("w", map[string]any{"replicas": int64(1), "pruned": "yes"}), metav1.CreateOptions{}))(t)
	flavour, _, _ := unstructured.NestedString(made.Object, "spec", "flavour")
	equal(t, "default", flavour, "plain")
	if _, there, _ := unstructured.NestedFieldNoCopy(made.Object, "spec", "pruned"); there {
		t.Error("an unknown field is kept")
	}
	_, err := widgets.Create(ctx, widget("bad", map[string]any{"replicas": int64(-1)}), metav1.CreateOptions{})
	if !apierrors.IsInvalid(err) {
		t.Errorf("below the minimum: %v", err)
	}
	_, err = widgets.Create(ctx, widget("bad", map[string]any{"pruned": "yes"}), metav1.CreateOptions{FieldValidation: "Strict"})
	if !apierrors.IsBadRequest(err) {
		t.Errorf("unknown field under Strict: %v", err)
	}
	_, err = widgets.Patch(ctx, "w", types.StrategicMergePatchType, []byte(`{}`), metav1.PatchOptions{})
	if !apierrors.IsUnsupportedMediaType(err) {
		t.Errorf("strategic merge patch: %v", err)
	}
	_, err = widgets.Update(ctx, widget("w", nil), metav1.UpdateOptions{})
	if !apierrors.IsInvalid(err) {
		t.Errorf("update without a version: %v", err)
	}
	check(t, unstructured.SetNestedField(made.Object, "Ready", "status", "phase"))
	check(t, unstructured.SetNestedField(made.Object, "sweet", "spec", "flavour"))
	status := must(widgets.UpdateStatus(ctx, made, metav1.UpdateOptions{}))(t)
	flavour, _, _ = unstructured.NestedString(status.Object, "spec", "flavour")
	equal(t, "flavour after a write of the status", flavour, "plain")
	equal(t, "generation", status.GetGeneration(), 1)
	applied := must(widgets.Apply(ctx, "w", widget("w", map[string]any{"parts": []any{map[string]any{"name": "a", "size": int64(1)}}}), metav1.ApplyOptions{FieldManager: "a"}))(t)
	equal(t, "generation", applied.GetGeneration(), 2)
	applied = must(widgets.Apply(ctx, "w", widget("w", map[string]any{"parts": []any{map[string]any{"name": "b", "size": int64(1)}}}), metav1.ApplyOptions{FieldManager: "b"}))(t)
	parts, _, _ := unstructured.NestedSlice(applied.Object, "spec", "parts")
	equal(t, "parts of both", len(parts), 2)

	cached := memory.NewMemCacheClient(typed(t).Discovery())
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(cached)
	scales := must(scale.NewForConfig(config, mapper, dynamic.LegacyAPIPathResolverFunc, scale.NewDiscoveryScaleKindResolver(typed(t).Discovery())))(t)
	got := must(scales.Scales(ns).Get(ctx, resource.GroupResource(), "w", metav1.GetOptions{}))(t)
	got.Spec.Replicas = 5
	got = must(scales.Scales(ns).Update(ctx, resource.GroupResource(), got, metav1.UpdateOptions{}))(t)
	got = must(scales.Scales(ns).Patch(ctx, resource, "w", types.MergePatchType, []byte(`{"spec":{"replicas":6}}`), metav1.PatchOptions{}))(t)
	equal(t, "replicas", got.Spec.Replicas, 6)
	mapping := must(mapper.RESTMapping(schema.GroupKind{Group: "go.example.com", Kind: "Widget"}))(t)
	equal(t, "resource", mapping.Resource.Resource, "widgets")

	check(t, widgets.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{}))
	eventually(t, "the informer saw the deletion", func() bool { return events.counts(ns + "/w")[2] == 1 })
}

// The definition goes with its objects, and an informer of it sees them go.
func TestDefinitionDeletion(t *testing.T) {
	ns, ctx := namespace(t), background(t)
	crd := definition("gone.example.com", "Thing", "things")
	establish(t, crd)
	things := dynamicClient(t).Resource(schema.GroupVersionResource{Group: "gone.example.com", Version: "v1", Resource: "things"}).Namespace(ns)
	thing := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "gone.example.com/v1", "kind": "Thing", "metadata": map[string]any{"name": "t"}}}
	must(things.Create(ctx, thing, metav1.CreateOptions{}))(t)
	definitions := must(apiextensions.NewForConfig(config))(t).ApiextensionsV1().CustomResourceDefinitions()
	check(t, definitions.Delete(ctx, crd.Name, metav1.DeleteOptions{}))
	eventually(t, "the definition is gone", func() bool {
		_, err := definitions.Get(ctx, crd.Name, metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})
	if _, err := things.List(ctx, metav1.ListOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("list of a kind that is gone: %v", err)
	}
	if _, err := typed(t).Discovery().ServerResourcesForGroupVersion("gone.example.com/v1"); !apierrors.IsNotFound(err) {
		t.Errorf("discovery of a group that is gone: %v", err)
	}
}

func TestBadDefinitions(t *testing.T) {
	ctx := background(t)
	definitions := must(apiextensions.NewForConfig(config))(t).ApiextensionsV1().CustomResourceDefinitions()
	wrongName := definition("bad.example.com", "Bad", "bads")
	wrongName.Name = "other.bad.example.com"
	notStructural := definition("bad.example.com", "Bad", "bads")
	notStructural.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["x"] = apiextensionsv1.JSONSchemaProps{}
	twoStored := definition("bad.example.com", "Bad", "bads")
	twoStored.Spec.Versions = append(twoStored.Spec.Versions, *twoStored.Spec.Versions[0].DeepCopy())
	twoStored.Spec.Versions[1].Name = "v2"
	for name, crd := range map[string]*apiextensionsv1.CustomResourceDefinition{"name": wrongName, "not structural": notStructural, "two stored": twoStored} {
		if _, err := definitions.Create(ctx, crd, metav1.CreateOptions{}); !apierrors.IsInvalid(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
