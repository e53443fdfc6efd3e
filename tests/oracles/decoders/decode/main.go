// SPDX-License-Identifier: Apache-2.0

// Decodes a seccomp profile as what stands between the kubelet's file and the runtime does, with their own code, and
// prints what the runtime is handed.
//
//	decode containerd|cri-o <FILE
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/containers/common/pkg/seccomp"
	"github.com/opencontainers/runtime-spec/specs-go"
)

// containerd, pkg/seccomp: the file straight into OCI's struct.
func containerd(text []byte) (*specs.LinuxSeccomp, error) {
	profile := &specs.LinuxSeccomp{}
	return profile, json.Unmarshal(text, profile)
}

// CRI-O, internal/config/seccomp: Docker's format, for the container's capabilities.
func crio(text []byte) (*specs.LinuxSeccomp, error) {
	capabilities := []string{
		"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID",
		"CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL",
		"CAP_AUDIT_WRITE"}
	spec := &specs.Spec{
		Linux:   &specs.Linux{},
		Process: &specs.Process{Capabilities: &specs.LinuxCapabilities{Bounding: capabilities}},
	}
	return seccomp.LoadProfileFromBytes(text, spec)
}

func main() {
	decoders := map[string]func([]byte) (*specs.LinuxSeccomp, error){"containerd": containerd, "cri-o": crio}
	if len(os.Args) != 2 || decoders[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: decode containerd|cri-o <FILE")
		os.Exit(2)
	}
	text, err := io.ReadAll(os.Stdin)
	var decoded *specs.LinuxSeccomp
	if err == nil {
		decoded, err = decoders[os.Args[1]](text)
	}
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(decoded)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
