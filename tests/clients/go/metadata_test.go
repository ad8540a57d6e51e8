package clients

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
)

func TestMetadataClient(t *testing.T) {
	ns, ctx := namespace(t), background(t)
	must(typed(t).CoreV1().ConfigMaps(ns).Create(ctx, configMap("m", map[string]string{"a": "b"}), metav1.CreateOptions{}))(t)
	resource := schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	client := must(metadata.NewForConfig(config))(t)
	maps := client.Resource(resource).Namespace(ns)
	got := must(maps.Get(ctx, "m", metav1.GetOptions{}))(t)
	equal(t, "label", got.Labels["a"], "b")
	equal(t, "objects", len(must(maps.List(ctx, metav1.ListOptions{LabelSelector: "a=b"}))(t).Items), 1)
	patched := must(maps.Patch(ctx, "m", types.MergePatchType, []byte(`{"metadata":{"labels":{"c":"d"}}}`), metav1.PatchOptions{}))(t)
	equal(t, "label", patched.Labels["c"], "d")
	w := must(maps.Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=m"}))(t)
	event := receive(t, "event", w.ResultChan())
	equal(t, "event", event.Type, watch.Added)
	equal(t, "name", event.Object.(*metav1.PartialObjectMetadata).Name, "m")
	w.Stop()
	factory := metadatainformer.NewFilteredSharedInformerFactory(client, 0, ns, nil)
	informer := factory.ForResource(resource).Informer()
	events := observe(t, informer)
	factory.Start(ctx.Done())
	synced(t, informer.HasSynced)
	check(t, maps.Delete(ctx, "m", metav1.DeleteOptions{}))
	eventually(t, "the deletion is seen", func() bool { return events.counts(ns + "/m")[2] == 1 })
}

func TestTables(t *testing.T) {
	ns, ctx, client := namespace(t), background(t), typed(t)
	must(client.AppsV1().Deployments(ns).Create(ctx, deployment("d"), metav1.CreateOptions{}))(t)
	table := &metav1.Table{}
	check(t, client.AppsV1().RESTClient().Get().Namespace(ns).Resource("deployments").
		SetHeader("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io").Do(ctx).Into(table))
	equal(t, "rows", len(table.Rows), 1)
	equal(t, "name", table.Rows[0].Cells[0].(string), "d")
	equal(t, "ready", table.Rows[0].Cells[1].(string), "0/0")
	names := ""
	for _, column := range table.ColumnDefinitions {
		names += column.Name + " "
	}
	equal(t, "columns", names, "Name Ready Up-to-date Available Age Containers Images Selector ")
	// client-go decodes what it was not sent as a Table too.
	list := &metav1.PartialObjectMetadataList{}
	check(t, client.AppsV1().RESTClient().Get().Namespace(ns).Resource("deployments").
		SetHeader("Accept", "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1").
		Do(ctx).Into(list))
	equal(t, "items", len(list.Items), 1)
}
