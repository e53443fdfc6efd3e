// SPDX-License-Identifier: Apache-2.0

// The loop that an agent of this kind is in Go: watch a directory, hash what is in it, copy what is
// new, count. The bound for idle memory.
//
//	peer SOURCE DESTINATION SOCKET
package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"github.com/fsnotify/fsnotify"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

var profiles = prometheus.NewGauge(prometheus.GaugeOpts{Name: "peer_profiles", Help: "How many are installed."})

// install copies a profile that is whole and new, by a rename.
func install(path, destination string, known map[string][sha256.Size]byte) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	name, digest := filepath.Base(path), sha256.Sum256(data)
	if known[name] == digest {
		return nil
	}
	var body map[string]any
	if err := json.Unmarshal(data, &body); err != nil {
		return err
	}
	temporary := filepath.Join(destination, "."+name)
	if err := os.WriteFile(temporary, data, 0o644); err != nil {
		return err
	}
	known[name] = digest
	return os.Rename(temporary, filepath.Join(destination, name))
}

func sync(source, destination string, known map[string][sha256.Size]byte) error {
	paths, err := filepath.Glob(filepath.Join(source, "..data", "*.json"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		if err := install(path, destination, known); err != nil {
			return err
		}
	}
	profiles.Set(float64(len(paths)))
	return nil
}

func run(source, destination, socket string) error {
	known := map[string][sha256.Size]byte{}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	if err := watcher.Add(source); err != nil {
		return err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	prometheus.MustRegister(profiles)
	http.Handle("/metrics", promhttp.Handler())
	go func() { log.Fatal(http.Serve(listener, nil)) }()
	if err := sync(source, destination, known); err != nil {
		return err
	}
	fmt.Println("ready")
	for event := range watcher.Events {
		if filepath.Base(event.Name) != "..data" {
			continue
		}
		if err := sync(source, destination, known); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: peer SOURCE DESTINATION SOCKET")
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		log.Fatal(err)
	}
}
