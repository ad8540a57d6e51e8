package clients

import (
	"context"
	"fmt"
	"testing"
	"time"

	"go.uber.org/zap/zapcore"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/scheme"
)

// App is a custom resource of a typical operator: it owns a Deployment and reports on it.
type App struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              AppSpec   `json:"spec,omitempty"`
	Status            AppStatus `json:"status,omitempty"`
}

type AppSpec struct {
	Image    string `json:"image,omitempty"`
	Flavour  string `json:"flavour,omitempty"`
	Replicas int32  `json:"replicas"`
}

type AppStatus struct {
	Phase    string `json:"phase,omitempty"`
	Replicas int32  `json:"replicas,omitempty"`
}

type AppList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []App `json:"items"`
}

func (a *App) DeepCopyObject() runtime.Object {
	out := *a
	a.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	return &out
}

func (l *AppList) DeepCopyObject() runtime.Object {
	out := *l
	out.Items = make([]App, len(l.Items))
	for i := range l.Items {
		out.Items[i] = *l.Items[i].DeepCopyObject().(*App)
	}
	return &out
}

const hold = "manager.example.com/cleanup"

type reconciler struct {
	client.Client
	scheme *runtime.Scheme
}

func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	app := &App{}
	if err := r.Get(ctx, request.NamespacedName, app); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !app.DeletionTimestamp.IsZero() {
		record := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: app.Name + "-cleaned", Namespace: app.Namespace}}
		if err := r.Create(ctx, record); err != nil && !apierrors.IsAlreadyExists(err) {
			return ctrl.Result{}, err
		}
		if controllerutil.RemoveFinalizer(app, hold) {
			return ctrl.Result{}, client.IgnoreNotFound(r.Update(ctx, app))
		}
		return ctrl.Result{}, nil
	}
	if controllerutil.AddFinalizer(app, hold) {
		return ctrl.Result{}, r.Update(ctx, app)
	}
	labels := map[string]string{"app": app.Name}
	child := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: app.Name, Namespace: app.Namespace}}
	if _, err := controllerutil.CreateOrUpdate(ctx, r.Client, child, func() error {
		child.Spec.Replicas = ptr.To(app.Spec.Replicas)
		child.Spec.Selector = &metav1.LabelSelector{MatchLabels: labels}
		child.Spec.Template.Labels = labels
		if len(child.Spec.Template.Spec.Containers) == 0 {
			child.Spec.Template.Spec.Containers = []corev1.Container{{Name: "app"}}
		}
		child.Spec.Template.Spec.Containers[0].Image = app.Spec.Image
		return controllerutil.SetControllerReference(app, child, r.scheme)
	}); err != nil {
		return ctrl.Result{}, err
	}
	before := app.DeepCopyObject().(*App)
	app.Status.Phase, app.Status.Replicas = "Ready", child.Status.Replicas
	if app.Status == before.Status {
		return ctrl.Result{}, nil
	}
	return ctrl.Result{}, r.Status().Patch(ctx, app, client.MergeFrom(before))
}

func startManager(t *testing.T, ctx context.Context, ns, id string, known *runtime.Scheme) ctrl.Manager {
	t.Helper()
	manager := must(ctrl.NewManager(config, ctrl.Options{Scheme: known, Metrics: server.Options{BindAddress: "0"}, LeaderElection: true, LeaderElectionID: id,
		LeaderElectionNamespace: ns, LeaderElectionReleaseOnCancel: true, LeaseDuration: ptr.To(2 * time.Second), RenewDeadline: ptr.To(time.Second),
		RetryPeriod: ptr.To(100 * time.Millisecond), Cache: cache.Options{DefaultNamespaces: map[string]cache.Config{ns: {}}},
		GracefulShutdownTimeout: ptr.To(5 * time.Second)}))(t)
	check(t, manager.GetFieldIndexer().IndexField(ctx, &App{}, "spec.image", func(o client.Object) []string { return []string{o.(*App).Spec.Image} }))
	done := make(chan error, 1)
	go func() { done <- manager.Start(ctx) }()
	t.Cleanup(func() { check(t, receive(t, "end of the manager", done)) })
	return manager
}

func TestManager(t *testing.T) {
	log.SetLogger(zap.New(zap.UseDevMode(false), zap.Level(zapcore.WarnLevel)))
	ns := namespace(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	known := runtime.NewScheme()
	check(t, clientgoscheme.AddToScheme(known))
	version := schema.GroupVersion{Group: "manager.example.com", Version: "v1"}
	check(t, (&scheme.Builder{GroupVersion: version}).Register(&App{}, &AppList{}).AddToScheme(known))
	crd := definition(version.Group, "App", "apps")
	crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"].Properties["image"] = apiextensionsv1.JSONSchemaProps{Type: "string"}
	installed := must(envtest.InstallCRDs(config, envtest.CRDInstallOptions{CRDs: []*apiextensionsv1.CustomResourceDefinition{crd}}))(t)
	equal(t, "installed definitions", len(installed), 1)
	t.Cleanup(func() {
		check(t, envtest.UninstallCRDs(config, envtest.CRDInstallOptions{CRDs: []*apiextensionsv1.CustomResourceDefinition{crd}}))
	})

	manager := startManager(t, ctx, ns, "go-manager", known)
	r := &reconciler{Client: manager.GetClient(), scheme: known}
	check(t, ctrl.NewControllerManagedBy(manager).For(&App{}).Owns(&appsv1.Deployment{}).Named(ns).Complete(r))
	select {
	case <-manager.Elected():
	case <-time.After(patience):
		t.Fatal("the manager does not lead")
	}

	direct := must(client.New(config, client.Options{Scheme: known}))(t)
	app := &App{ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: ns}, Spec: AppSpec{Image: "i:1", Replicas: 2}}
	check(t, direct.Create(ctx, app))
	equal(t, "default", app.Spec.Flavour, "plain")
	key := client.ObjectKeyFromObject(app)
	child := &appsv1.Deployment{}
	eventually(t, "the app is ready", func() bool {
		return direct.Get(ctx, key, app) == nil && app.Status.Phase == "Ready" && direct.Get(ctx, key, child) == nil
	})
	equal(t, "owner", child.OwnerReferences[0].UID, app.UID)
	equal(t, "finalizer", app.Finalizers[0], hold)
	app.Spec.Image = "i:2"
	check(t, direct.Update(ctx, app))
	eventually(t, "the image follows", func() bool {
		return direct.Get(ctx, key, child) == nil && child.Spec.Template.Spec.Containers[0].Image == "i:2"
	})
	// What another changes is put back; what another deletes comes again.
	child.Spec.Replicas = ptr.To[int32](9)
	check(t, direct.Update(ctx, child))
	eventually(t, "the replicas are put back", func() bool { return direct.Get(ctx, key, child) == nil && *child.Spec.Replicas == 2 })
	uid := child.UID
	check(t, direct.Delete(ctx, child))
	eventually(t, "the child comes again", func() bool {
		fresh := &appsv1.Deployment{}
		return direct.Get(ctx, key, fresh) == nil && fresh.UID != uid
	})
	eventually(t, "the index finds the app", func() bool {
		found := &AppList{}
		return manager.GetClient().List(ctx, found, client.InNamespace(ns), client.MatchingFields{"spec.image": "i:2"}) == nil && len(found.Items) == 1
	})
	metadata := &metav1.PartialObjectMetadata{}
	metadata.SetGroupVersionKind(version.WithKind("App"))
	eventually(t, "metadata through the cache", func() bool { return manager.GetClient().Get(ctx, key, metadata) == nil && metadata.UID == app.UID })
	applied := &App{TypeMeta: metav1.TypeMeta{APIVersion: version.String(), Kind: "App"}, ObjectMeta: metav1.ObjectMeta{Name: "b", Namespace: ns}, Spec: AppSpec{Image: "x", Replicas: 0}}
	check(t, direct.Patch(ctx, applied, client.Apply, client.FieldOwner("go"), client.ForceOwnership)) //nolint:staticcheck // the form that operators use
	mapping := must(manager.GetRESTMapper().RESTMapping(schema.GroupKind{Group: version.Group, Kind: "App"}))(t)
	equal(t, "scope", mapping.Scope.Name(), meta.RESTScopeNameNamespace)

	check(t, direct.Delete(ctx, app))
	eventually(t, "the finalizer ran and all is gone", func() bool {
		return apierrors.IsNotFound(direct.Get(ctx, key, app)) && apierrors.IsNotFound(direct.Get(ctx, key, child)) &&
			direct.Get(ctx, client.ObjectKey{Namespace: ns, Name: "a-cleaned"}, &corev1.ConfigMap{}) == nil
	})
	// Many at once: each ends with one child.
	for i := range 20 {
		check(t, direct.Create(ctx, &App{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("many", i), Namespace: ns}, Spec: AppSpec{Image: "i"}}))
	}
	eventually(t, "all are ready", func() bool {
		children := &appsv1.DeploymentList{}
		return direct.List(ctx, children, client.InNamespace(ns)) == nil && len(children.Items) == 21
	})
	check(t, direct.DeleteAllOf(ctx, &App{}, client.InNamespace(ns)))
	eventually(t, "all are gone", func() bool {
		children := &appsv1.DeploymentList{}
		return direct.List(ctx, children, client.InNamespace(ns)) == nil && len(children.Items) == 0
	})
	cancel()
}
