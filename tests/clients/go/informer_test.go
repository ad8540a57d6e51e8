package clients

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/pager"
	watchtools "k8s.io/client-go/tools/watch"
	"k8s.io/client-go/util/workqueue"
)

// seen records what a handler was told, by name.
type seen struct {
	sync.Mutex
	added, updated, deleted map[string]int
}

func observe(t *testing.T, informer cache.SharedIndexInformer) *seen {
	t.Helper()
	s := &seen{added: map[string]int{}, updated: map[string]int{}, deleted: map[string]int{}}
	count := func(m map[string]int, object any) {
		key, _ := cache.DeletionHandlingMetaNamespaceKeyFunc(object)
		s.Lock()
		defer s.Unlock()
		m[key]++
	}
	must(informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(o any) { count(s.added, o) },
		UpdateFunc: func(before, after any) {
			if before.(metav1.Object).GetResourceVersion() != after.(metav1.Object).GetResourceVersion() {
				count(s.updated, after)
			}
		},
		DeleteFunc: func(o any) { count(s.deleted, o) },
	}))(t)
	return s
}

func (s *seen) counts(key string) [3]int {
	s.Lock()
	defer s.Unlock()
	return [3]int{s.added[key], s.updated[key], s.deleted[key]}
}

func synced(t *testing.T, has ...cache.InformerSynced) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if !cache.WaitForCacheSync(ctx.Done(), has...) {
		t.Fatal("informers did not sync")
	}
}

func TestSharedInformers(t *testing.T) {
	ns, ctx, client := namespace(t), background(t), typed(t)
	maps := client.CoreV1().ConfigMaps(ns)
	must(maps.Create(ctx, configMap("before", nil), metav1.CreateOptions{}))(t)
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(ns))
	informer := factory.Core().V1().ConfigMaps()
	events := observe(t, informer.Informer())
	factory.Start(ctx.Done())
	synced(t, informer.Informer().HasSynced)
	must(informer.Lister().ConfigMaps(ns).Get("before"))(t)
	made := must(maps.Create(ctx, configMap("after", nil), metav1.CreateOptions{}))(t)
	made.Data["k"] = "w"
	must(maps.Update(ctx, made, metav1.UpdateOptions{}))(t)
	check(t, maps.Delete(ctx, "after", metav1.DeleteOptions{}))
	eventually(t, "one of each event", func() bool { return events.counts(ns+"/after") == [3]int{1, 1, 1} })
	equal(t, "events of the one before", events.counts(ns+"/before"), [3]int{1, 0, 0})
}

// Every built-in kind that can be listed and watched lets an informer sync, as the garbage collector of a controller manager asks of it.
func TestInformersOfEveryKind(t *testing.T) {
	ctx, client := background(t), dynamicClient(t)
	factory := dynamicinformer.NewDynamicSharedInformerFactory(client, 0)
	_, lists, err := typed(t).Discovery().ServerGroupsAndResources()
	check(t, err)
	has := map[string]cache.InformerSynced{}
	for _, list := range lists {
		version := must(schema.ParseGroupVersion(list.GroupVersion))(t)
		for _, r := range list.APIResources {
			verbs := map[string]bool{}
			for _, verb := range r.Verbs {
				verbs[verb] = true
			}
			if verbs["list"] && verbs["watch"] {
				has[list.GroupVersion+" "+r.Name] = factory.ForResource(version.WithResource(r.Name)).Informer().HasSynced
			}
		}
	}
	factory.Start(ctx.Done())
	for name, synced := range has {
		eventually(t, name+" has synced", synced)
	}
}

func TestInformerSelectors(t *testing.T) {
	ns, ctx, client := namespace(t), background(t), typed(t)
	maps := client.CoreV1().ConfigMaps(ns)
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(ns),
		informers.WithTweakListOptions(func(o *metav1.ListOptions) { o.LabelSelector = "set in (a,b)" }))
	informer := factory.Core().V1().ConfigMaps().Informer()
	events := observe(t, informer)
	factory.Start(ctx.Done())
	synced(t, informer.HasSynced)
	made := must(maps.Create(ctx, configMap("m", map[string]string{"set": "a"}), metav1.CreateOptions{}))(t)
	must(maps.Create(ctx, configMap("n", map[string]string{"set": "c"}), metav1.CreateOptions{}))(t)
	for _, set := range []string{"b", "c", "a"} {
		made.Labels["set"] = set
		made = must(maps.Update(ctx, made, metav1.UpdateOptions{}))(t)
	}
	eventually(t, "into, out of and into the selection", func() bool { return events.counts(ns+"/m") == [3]int{2, 1, 1} })
	equal(t, "events of the one outside", events.counts(ns+"/n"), [3]int{})
}

// The three ways in which an informer may start give the same: streamed, listed and watched, and by way of a server that refuses to stream.
func TestStreamedLists(t *testing.T) {
	ns, ctx, client := namespace(t), background(t), typed(t)
	for i := range 30 {
		must(client.CoreV1().ConfigMaps(ns).Create(ctx, configMap(fmt.Sprint("m", i), nil), metav1.CreateOptions{}))(t)
	}
	yes := true
	w := must(client.CoreV1().ConfigMaps(ns).Watch(ctx, metav1.ListOptions{SendInitialEvents: &yes, AllowWatchBookmarks: true,
		ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan}))(t)
	defer w.Stop()
	added := 0
	for {
		event := receive(t, "streamed list", w.ResultChan())
		if event.Type == watch.Bookmark {
			object := event.Object.(*corev1.ConfigMap)
			equal(t, "mark of the end", object.Annotations[metav1.InitialEventsAnnotationKey], "true")
			if object.ResourceVersion == "" {
				t.Error("the bookmark has no version")
			}
			break
		}
		equal(t, "event", event.Type, watch.Added)
		if event.Object.(*corev1.ConfigMap).Labels == nil && event.Object.(*corev1.ConfigMap).Name != "kube-root-ca.crt" {
			added++
		}
	}
	equal(t, "streamed objects", added, 30)
	must(client.CoreV1().ConfigMaps(ns).Create(ctx, configMap("live", nil), metav1.CreateOptions{}))(t)
	for {
		event := receive(t, "live event", w.ResultChan())
		if event.Type == watch.Added {
			equal(t, "live event", event.Object.(*corev1.ConfigMap).Name, "live")
			break
		}
	}
}

func TestWatchFromARevision(t *testing.T) {
	ns, ctx, client := namespace(t), background(t), typed(t)
	maps := client.CoreV1().ConfigMaps(ns)
	list := must(maps.List(ctx, metav1.ListOptions{}))(t)
	for i := range 5 {
		must(maps.Create(ctx, configMap(fmt.Sprint("m", i), nil), metav1.CreateOptions{}))(t)
	}
	w := must(maps.Watch(ctx, metav1.ListOptions{ResourceVersion: list.ResourceVersion, LabelSelector: "", FieldSelector: "metadata.name!=kube-root-ca.crt"}))(t)
	for i := range 5 {
		event := receive(t, "event", w.ResultChan())
		equal(t, "order", event.Object.(*corev1.ConfigMap).Name, fmt.Sprint("m", i))
	}
	w.Stop()

	if w, err := maps.Watch(ctx, metav1.ListOptions{ResourceVersion: "1"}); err == nil {
		event := receive(t, "event", w.ResultChan())
		if event.Type == watch.Error && !apierrors.IsResourceExpired(apierrors.FromObject(event.Object)) {
			t.Errorf("watch of an old revision: %v", apierrors.FromObject(event.Object))
		}
		w.Stop()
	} else if !apierrors.IsResourceExpired(err) {
		t.Errorf("watch of an old revision: %v", err)
	}

	// The client would try again, many times.
	err := client.CoreV1().RESTClient().Get().Namespace(ns).Resource("configmaps").Param("resourceVersion", "999999999999").MaxRetries(0).Do(ctx).Error()
	if !apierrors.IsTimeout(err) || !apierrors.HasStatusCause(err, metav1.CauseTypeResourceVersionTooLarge) {
		t.Errorf("list of a revision to come: %v", err)
	}
	// A watch ends at the time that was asked for, without an error.
	seconds := int64(1)
	w = must(maps.Watch(ctx, metav1.ListOptions{TimeoutSeconds: &seconds, AllowWatchBookmarks: true, ResourceVersion: list.ResourceVersion}))(t)
	for event := range w.ResultChan() {
		if event.Type == watch.Error {
			t.Errorf("error in a watch that ends: %v", event.Object)
		}
	}
}

func TestUntilWithSync(t *testing.T) {
	ns, ctx, client := namespace(t), background(t), typed(t)
	go func() {
		made, err := client.CoreV1().ConfigMaps(ns).Create(ctx, configMap("wanted", nil), metav1.CreateOptions{})
		if err == nil {
			made.Data["ready"] = "yes"
			_, _ = client.CoreV1().ConfigMaps(ns).Update(ctx, made, metav1.UpdateOptions{})
		}
	}()
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	one := cache.NewListWatchFromClient(client.CoreV1().RESTClient(), "configmaps", ns, fields.OneTermEqualSelector("metadata.name", "wanted"))
	must(watchtools.UntilWithSync(limited, one, &corev1.ConfigMap{}, nil, func(event watch.Event) (bool, error) {
		object, is := event.Object.(*corev1.ConfigMap)
		return is && object.Data["ready"] == "yes", nil
	}))(t)
}

func TestPagingAndSelectors(t *testing.T) {
	ns, ctx, client := namespace(t), background(t), typed(t)
	maps := client.CoreV1().ConfigMaps(ns)
	for i := range 25 {
		must(maps.Create(ctx, configMap(fmt.Sprintf("p%02d", i), map[string]string{"n": fmt.Sprint(i % 5), "page": "yes"}), metav1.CreateOptions{}))(t)
	}
	first := must(maps.List(ctx, metav1.ListOptions{Limit: 10, LabelSelector: "page"}))(t)
	equal(t, "first page", len(first.Items), 10)
	must(maps.Create(ctx, configMap("p99", map[string]string{"page": "yes"}), metav1.CreateOptions{}))(t)
	names, next := 10, first.Continue
	for next != "" {
		page := must(maps.List(ctx, metav1.ListOptions{Limit: 10, LabelSelector: "page", Continue: next}))(t)
		equal(t, "version of a further page", page.ResourceVersion, first.ResourceVersion)
		names, next = names+len(page.Items), page.Continue
	}
	equal(t, "objects in the pages", names, 25)
	unselected := must(maps.List(ctx, metav1.ListOptions{Limit: 10}))(t)
	if unselected.RemainingItemCount == nil || *unselected.RemainingItemCount != 17 {
		t.Errorf("remaining items: %v", unselected.RemainingItemCount)
	}
	count := 0
	check(t, pager.New(pager.SimplePageFunc(func(o metav1.ListOptions) (runtime.Object, error) { return maps.List(ctx, o) })).
		EachListItem(ctx, metav1.ListOptions{Limit: 7, LabelSelector: "page"}, func(runtime.Object) error { count++; return nil }))
	equal(t, "objects of the pager", count, 26)
	for selector, want := range map[string]int{"n=1": 5, "n!=1,page": 21, "n in (0,1)": 10, "n notin (0,1),page": 16, "!page": 1, "page,!n": 1} {
		equal(t, selector, len(must(maps.List(ctx, metav1.ListOptions{LabelSelector: selector}))(t).Items), want)
	}
	for selector, want := range map[string]int{"metadata.name=p01": 1, "metadata.name!=p01,metadata.namespace=" + ns: 26, "metadata.namespace=other": 0} {
		equal(t, selector, len(must(maps.List(ctx, metav1.ListOptions{FieldSelector: selector}))(t).Items), want)
	}
	if _, err := maps.List(ctx, metav1.ListOptions{FieldSelector: "data.k=v"}); !apierrors.IsBadRequest(err) {
		t.Errorf("unknown field in a selector: %v", err)
	}
	if _, err := maps.List(ctx, metav1.ListOptions{LabelSelector: "a in (b"}); !apierrors.IsBadRequest(err) {
		t.Errorf("bad selector: %v", err)
	}
	if _, err := maps.List(ctx, metav1.ListOptions{Continue: "nonsense"}); !apierrors.IsBadRequest(err) {
		t.Errorf("bad continue: %v", err)
	}
}

// A program's informers survive the server: what happened around a kill is seen once.
func TestResumeAfterRestart(t *testing.T) {
	own := ownPlatform(t)
	ctx, client := background(t), must(kubernetes.NewForConfig(own.config(t)))(t)
	factory := informers.NewSharedInformerFactory(client, 0)
	informer := factory.Core().V1().ConfigMaps().Informer()
	events := observe(t, informer)
	factory.Start(ctx.Done())
	synced(t, informer.HasSynced)
	maps := client.CoreV1().ConfigMaps("default")
	first := must(maps.Create(ctx, configMap("first", nil), metav1.CreateOptions{}))(t)
	must(maps.Create(ctx, configMap("second", nil), metav1.CreateOptions{}))(t)
	eventually(t, "both are seen", func() bool { return events.counts("default/second")[0] == 1 && events.counts("default/first")[0] == 1 })
	own.kill()
	own.start(t)
	again := must(kubernetes.NewForConfig(own.config(t)))(t)
	read := must(again.CoreV1().ConfigMaps("default").Get(ctx, "first", metav1.GetOptions{}))(t)
	equal(t, "version after the restart", read.ResourceVersion, first.ResourceVersion)
	read.Data["k"] = "w"
	must(again.CoreV1().ConfigMaps("default").Update(ctx, read, metav1.UpdateOptions{}))(t)
	check(t, again.CoreV1().ConfigMaps("default").Delete(ctx, "second", metav1.DeleteOptions{}))
	eventually(t, "the change and the deletion are seen", func() bool {
		return events.counts("default/first") == [3]int{1, 1, 0} && events.counts("default/second") == [3]int{1, 0, 1}
	})
}

// What a controller is made of: an informer that fills a queue, and a worker that writes back until the world is as wanted.
func TestWorkqueueController(t *testing.T) {
	ns, ctx, client := namespace(t), background(t), typed(t)
	factory := informers.NewSharedInformerFactoryWithOptions(client, time.Minute, informers.WithNamespace(ns))
	informer := factory.Core().V1().ConfigMaps()
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[string]())
	defer queue.ShutDown()
	must(informer.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(o any) { key, _ := cache.MetaNamespaceKeyFunc(o); queue.Add(key) },
		UpdateFunc: func(_, o any) { key, _ := cache.MetaNamespaceKeyFunc(o); queue.Add(key) },
	}))(t)
	factory.Start(ctx.Done())
	synced(t, informer.Informer().HasSynced)
	work := func(key string) error {
		_, name, _ := cache.SplitMetaNamespaceKey(key)
		live, err := informer.Lister().ConfigMaps(ns).Get(name)
		if err != nil || live.Labels["done"] == "yes" {
			return absentIsDone(err)
		}
		wanted := live.DeepCopy()
		wanted.Labels = map[string]string{"done": "yes"}
		_, err = client.CoreV1().ConfigMaps(ns).Update(ctx, wanted, metav1.UpdateOptions{})
		return err
	}
	for range 2 {
		go func() {
			for {
				key, shutdown := queue.Get()
				if shutdown {
					return
				}
				if work(key) != nil {
					queue.AddRateLimited(key)
				} else {
					queue.Forget(key)
				}
				queue.Done(key)
			}
		}()
	}
	for i := range 20 {
		must(client.CoreV1().ConfigMaps(ns).Create(ctx, configMap(fmt.Sprint("w", i), nil), metav1.CreateOptions{}))(t)
	}
	eventually(t, "all are done", func() bool {
		done, err := informer.Lister().List(labels.SelectorFromSet(labels.Set{"done": "yes"}))
		return err == nil && len(done) == 21
	})
}

func absentIsDone(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// A program with hundreds of watches on few connections: each sees what is its own, and they leave nothing behind.
func TestManyWatches(t *testing.T) {
	ns, ctx, client := namespace(t), background(t), typed(t)
	const watches = 600
	seen := make(chan string, watches)
	for i := range watches {
		name := fmt.Sprint("m", i)
		w := must(client.CoreV1().ConfigMaps(ns).Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + name}))(t)
		go func() {
			defer w.Stop()
			for event := range w.ResultChan() {
				seen <- fmt.Sprint(event.Type, " ", event.Object.(*corev1.ConfigMap).Name)
				return
			}
		}()
	}
	for i := range watches {
		must(client.CoreV1().ConfigMaps(ns).Create(ctx, configMap(fmt.Sprint("m", i), nil), metav1.CreateOptions{}))(t)
	}
	names := map[string]bool{}
	for range watches {
		names[receive(t, "event", seen)] = true
	}
	equal(t, "different events", len(names), watches)
	check(t, client.CoreV1().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error())
}
