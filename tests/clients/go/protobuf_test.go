package clients

import (
	"bytes"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
)

const protobufType = "application/vnd.kubernetes.protobuf"

// protobufAlone accepts nothing else.
func protobufAlone(t *testing.T) *kubernetes.Clientset {
	t.Helper()
	c := rest.CopyConfig(config)
	c.ContentType, c.AcceptContentTypes = protobufType, protobufType
	return must(kubernetes.NewForConfig(c))(t)
}

// Every object that is there, as the server writes it in protobuf: Go's encoder makes the same bytes of what it decodes.
func TestProtobufIsByteForByteGos(t *testing.T) {
	ns, ctx, client := namespace(t), background(t), typed(t)
	must(client.AppsV1().Deployments(ns).Create(ctx, deployment("d"), metav1.CreateOptions{}))(t)
	must(client.CoreV1().Pods(ns).Create(ctx, pod("p", map[string]string{"b": "2", "a": "1"}), metav1.CreateOptions{}))(t)
	must(client.CoreV1().Secrets(ns).Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "s"}, Data: map[string][]byte{"empty": {}, "k": {0, 255}}}, metav1.CreateOptions{}))(t)
	_, lists, err := client.Discovery().ServerGroupsAndResources()
	check(t, err)
	serializer := protobuf.NewSerializer(scheme.Scheme, scheme.Scheme)
	kinds := 0
	for _, list := range lists {
		for _, r := range list.APIResources {
			verbs := map[string]bool{}
			for _, verb := range r.Verbs {
				verbs[verb] = true
			}
			path := "/apis/" + list.GroupVersion + "/" + r.Name
			if list.GroupVersion == "v1" {
				path = "/api/v1/" + r.Name
			}
			if !verbs["list"] || !verbs["watch"] {
				continue
			}
			body, err := client.CoreV1().RESTClient().Get().AbsPath(path).SetHeader("Accept", protobufType).Do(ctx).Raw()
			if apierrors.IsNotAcceptable(err) { // a custom kind
				continue
			}
			check(t, err)
			object, _, err := scheme.Codecs.UniversalDeserializer().Decode(body, nil, nil)
			if err != nil {
				continue // a kind that client-go does not know
			}
			var again bytes.Buffer
			check(t, serializer.Encode(object, &again))
			if !bytes.Equal(again.Bytes(), body) {
				t.Errorf("%s: %d bytes came, Go writes %d", path, len(body), again.Len())
			}
			kinds++
		}
	}
	if kinds < 40 {
		t.Errorf("only %d kinds were compared", kinds)
	}
}

func TestProtobufAlone(t *testing.T) {
	ns, ctx, client := namespace(t), background(t), protobufAlone(t)
	made := must(client.AppsV1().Deployments(ns).Create(ctx, deployment("d"), metav1.CreateOptions{}))(t)
	same := must(must(kubernetes.NewForConfig(asJSON()))(t).AppsV1().Deployments(ns).Get(ctx, "d", metav1.GetOptions{}))(t)
	if !equality.Semantic.DeepEqual(made, same) {
		t.Errorf("in protobuf\n%+v\nin JSON\n%+v", made, same)
	}
	for _, name := range []string{"a", "b", "c"} {
		must(client.CoreV1().ConfigMaps(ns).Create(ctx, configMap(name, map[string]string{"set": name}), metav1.CreateOptions{}))(t)
	}
	page := must(client.CoreV1().ConfigMaps(ns).List(ctx, metav1.ListOptions{Limit: 2, LabelSelector: "set"}))(t)
	equal(t, "items of a page", len(page.Items), 2)
	page = must(client.CoreV1().ConfigMaps(ns).List(ctx, metav1.ListOptions{Limit: 2, LabelSelector: "set", Continue: page.Continue}))(t)
	equal(t, "items of the rest", len(page.Items), 1)
	_, err := client.CoreV1().ConfigMaps(ns).Create(ctx, configMap("a", nil), metav1.CreateOptions{})
	if !apierrors.IsAlreadyExists(err) {
		t.Errorf("a second one: %v", err)
	}
	scale := must(client.AppsV1().Deployments(ns).GetScale(ctx, "d", metav1.GetOptions{}))(t)
	equal(t, "selector", scale.Status.Selector, "app=d")
	review := must(client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, &authorizationv1.SelfSubjectAccessReview{
		Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: "list", Resource: "pods"}}}, metav1.CreateOptions{}))(t)
	equal(t, "allowed", review.Status.Allowed, true)
	eventually(t, "the account is there", func() bool {
		token, err := client.CoreV1().ServiceAccounts(ns).CreateToken(ctx, "default", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
		return err == nil && token.Status.Token != ""
	})
	check(t, client.CoreV1().ConfigMaps(ns).DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "set"}))
	check(t, client.AppsV1().Deployments(ns).Delete(ctx, "d", metav1.DeleteOptions{}))
}

func TestProtobufWatchesAndInformers(t *testing.T) {
	ns, ctx, client := namespace(t), background(t), protobufAlone(t)
	maps := client.CoreV1().ConfigMaps(ns)
	must(maps.Create(ctx, configMap("before", nil), metav1.CreateOptions{}))(t)
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(ns))
	informer := factory.Core().V1().ConfigMaps()
	events := observe(t, informer.Informer())
	factory.Start(ctx.Done())
	synced(t, informer.Informer().HasSynced)
	made := must(maps.Create(ctx, configMap("after", nil), metav1.CreateOptions{}))(t)
	made.Data["k"] = "w"
	must(maps.Update(ctx, made, metav1.UpdateOptions{}))(t)
	check(t, maps.Delete(ctx, "after", metav1.DeleteOptions{}))
	eventually(t, "added, updated, deleted", func() bool { return events.counts(ns+"/after") == [3]int{1, 1, 1} })
	// A revision that nobody has any more is told in the stream or instead of it; either way it is a Status.
	w, err := maps.Watch(ctx, metav1.ListOptions{ResourceVersion: "1"})
	if err == nil {
		event := receive(t, "event", w.ResultChan())
		if event.Type == watch.Error {
			err = apierrors.FromObject(event.Object)
		}
		w.Stop()
	}
	if err != nil && !apierrors.IsResourceExpired(err) && !apierrors.IsGone(err) {
		t.Errorf("an old revision: %v", err)
	}
}
