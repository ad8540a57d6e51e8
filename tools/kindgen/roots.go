package main

import (
	"reflect"
	"sort"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	eventsv1 "k8s.io/api/events/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	networkingv1 "k8s.io/api/networking/v1"
	nodev1 "k8s.io/api/node/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	resourcev1 "k8s.io/api/resource/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"
)

// groupVersions are the API groups whose types are generated, with the Go
// function that registers them.
var groupVersions = []struct {
	gv  schema.GroupVersion
	add func(*runtime.Scheme) error
}{
	{admissionregistrationv1.SchemeGroupVersion, admissionregistrationv1.AddToScheme},
	{apiextensionsv1.SchemeGroupVersion, apiextensionsv1.AddToScheme},
	{apiregistrationv1.SchemeGroupVersion, apiregistrationv1.AddToScheme},
	{appsv1.SchemeGroupVersion, appsv1.AddToScheme},
	{authenticationv1.SchemeGroupVersion, authenticationv1.AddToScheme},
	{authorizationv1.SchemeGroupVersion, authorizationv1.AddToScheme},
	{autoscalingv1.SchemeGroupVersion, autoscalingv1.AddToScheme},
	{autoscalingv2.SchemeGroupVersion, autoscalingv2.AddToScheme},
	{batchv1.SchemeGroupVersion, batchv1.AddToScheme},
	{certificatesv1.SchemeGroupVersion, certificatesv1.AddToScheme},
	{coordinationv1.SchemeGroupVersion, coordinationv1.AddToScheme},
	{corev1.SchemeGroupVersion, corev1.AddToScheme},
	{discoveryv1.SchemeGroupVersion, discoveryv1.AddToScheme},
	{eventsv1.SchemeGroupVersion, eventsv1.AddToScheme},
	{flowcontrolv1.SchemeGroupVersion, flowcontrolv1.AddToScheme},
	{metricsv1beta1.SchemeGroupVersion, metricsv1beta1.AddToScheme},
	{networkingv1.SchemeGroupVersion, networkingv1.AddToScheme},
	{nodev1.SchemeGroupVersion, nodev1.AddToScheme},
	{policyv1.SchemeGroupVersion, policyv1.AddToScheme},
	{rbacv1.SchemeGroupVersion, rbacv1.AddToScheme},
	{resourcev1.SchemeGroupVersion, resourcev1.AddToScheme},
	{schedulingv1.SchemeGroupVersion, schedulingv1.AddToScheme},
	{storagev1.SchemeGroupVersion, storagev1.AddToScheme},
}

// root is a type that a request or response body can be.
type root struct {
	typ reflect.Type
	gvk *schema.GroupVersionKind // nil for meta types, which belong to every group
}

// metaRoots are the meta/v1 types that are bodies of their own, in any group.
var metaRoots = []any{
	metav1.APIGroup{}, metav1.APIGroupList{}, metav1.APIResourceList{}, metav1.APIVersions{},
	metav1.Condition{}, metav1.CreateOptions{}, metav1.DeleteOptions{}, metav1.GetOptions{},
	metav1.LabelSelector{}, metav1.List{}, metav1.ListOptions{}, metav1.ObjectMeta{},
	metav1.PartialObjectMetadata{}, metav1.PartialObjectMetadataList{}, metav1.PatchOptions{},
	metav1.Status{}, metav1.UpdateOptions{}, metav1.WatchEvent{},
}

func scheme() (*runtime.Scheme, error) {
	s := runtime.NewScheme()
	for _, g := range groupVersions {
		if err := g.add(s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// roots returns the registered kinds of every group in a fixed order, then the meta types.
func roots() []root {
	s, err := scheme()
	if err != nil {
		panic(err) // registration only fails on conflicting Go packages
	}
	var out []root
	for _, g := range groupVersions {
		known := s.KnownTypes(g.gv)
		kinds := make([]string, 0, len(known))
		for kind := range known {
			kinds = append(kinds, kind)
		}
		sort.Strings(kinds)
		for _, kind := range kinds {
			t := known[kind]
			if strings.HasSuffix(t.PkgPath(), "/meta/v1") {
				continue // ListOptions and the like are registered in every group
			}
			gvk := g.gv.WithKind(kind)
			out = append(out, root{t, &gvk})
		}
	}
	for _, v := range metaRoots {
		out = append(out, root{reflect.TypeOf(v), nil})
	}
	return out
}
