//go:build tools

// The mock driver of kubernetes-csi's test suite: this module names its version, and what it is built with.
package mock

import _ "github.com/kubernetes-csi/csi-test/v4/cmd/mock-driver"
